//! The environment: secrets go in and never come out.

use dokploy_core::control::{ValueInput, VariableInput};
use dokploy_core::model::{EnvDelivery, EnvValue, Role};

use crate::scene::{Scene, application_in, code, project_of};

fn set(key: &str, value: ValueInput) -> VariableInput {
    VariableInput {
        key: key.to_owned(),
        value,
        delivery: EnvDelivery::Env,
    }
}

#[tokio::test]
async fn a_secret_is_kept_by_its_name_and_never_shown() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let id = application_in(&control, project_of(&control, &anna).await.id)
            .await
            .id;
        let first = vec![
            set("URL", ValueInput::Plain("https://example.com".to_owned())),
            set("KEY", ValueInput::Secret("very secret".into())),
        ];
        let shown = control
            .replace_environment(&anna, id, None, first)
            .await
            .unwrap();
        assert_eq!(shown, control.environment(&anna, id).await.unwrap());
        let sealed = scene.store.find_application(id).await.unwrap().unwrap();
        let second = vec![
            set("KEY", ValueInput::Stored),
            set("NEW", ValueInput::Plain("1".to_owned())),
        ];
        let version = Some(shown.version);
        let shown = control
            .replace_environment(&anna, id, version, second)
            .await
            .unwrap();
        let seen: Vec<_> = shown
            .variables
            .iter()
            .map(|one| (one.key.as_str(), one.value.as_deref(), one.secret))
            .collect();
        assert_eq!(seen, [("KEY", None, true), ("NEW", Some("1"), false)]);
        let kept = scene.store.find_application(id).await.unwrap().unwrap();
        assert_eq!(kept.spec.env_vars[0].value, sealed.spec.env_vars[1].value);
        assert!(matches!(kept.spec.env_vars[0].value, EnvValue::Sealed(_)));
    }
}

#[tokio::test]
async fn what_is_not_stored_cannot_be_kept_and_an_old_version_replaces_nothing() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let anna = scene.person(&control, Role::Developer).await;
    let id = application_in(&control, project_of(&control, &anna).await.id)
        .await
        .id;
    let plain = || vec![set("A", ValueInput::Plain("1".to_owned()))];
    control
        .replace_environment(&anna, id, Some(1), plain())
        .await
        .unwrap();
    let stale = control
        .replace_environment(&anna, id, Some(1), plain())
        .await;
    assert_eq!(code(stale), "conflict");
    // A value in clear is no secret that one may keep without saying it.
    for key in ["A", "B"] {
        let kept = vec![set(key, ValueInput::Stored)];
        let refused = control.replace_environment(&anna, id, None, kept).await;
        assert_eq!(refused.unwrap_err().violations()[0].field, "[0].value");
    }
}
