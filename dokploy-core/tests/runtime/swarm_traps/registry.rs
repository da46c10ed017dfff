//! Images in registries.

use std::sync::Arc;

use dokploy_core::conformance::runtime::{Remembered, all_run, eventually, never};
use dokploy_core::runtime::RegistryCredential;
use dokploy_core::{ContainerRuntime, Secret};

use super::{STEADY, shell, start};
use dokploy_tests::environment::require;

use crate::engine::Engine;

/// Pushes the base image and returns the pinned name; the engine then only has it under other names.
async fn push(engine: &Engine, name: &str, credential: Option<&RegistryCredential>) -> String {
    let log = Arc::new(Remembered::default());
    let pushed = engine
        .runtime
        .push_image(&engine.base, name, credential, log, &never())
        .await;
    pushed.unwrap()
}

#[tokio::test]
async fn the_engine_does_not_pin_a_tag() {
    let (Some(engine), Some(registry)) =
        (Engine::find(), require("registry", "DOKPLOY_TEST_REGISTRY"))
    else {
        return;
    };
    let name = format!("{registry}/{}:1", engine.prefix);
    let pinned = push(&engine, &name, None).await;
    let mut spec = shell(&engine, "tag", STEADY);
    spec.image.clone_from(&name);
    let service = start(&engine, &spec).await;
    assert_eq!(service.image, name, "the tag is kept as it is");
    let mut spec = shell(&engine, "digest", STEADY);
    spec.image.clone_from(&pinned);
    let service = start(&engine, &spec).await;
    assert_eq!(service.image, pinned);
}

#[tokio::test]
async fn credentials_are_kept_with_the_specification() {
    let (Some(engine), Some(host), Some(username), Some(password)) = (
        Engine::find(),
        require("registry", "DOKPLOY_TEST_REGISTRY_AUTH"),
        require("registry", "DOKPLOY_TEST_REGISTRY_AUTH_USER"),
        require("registry", "DOKPLOY_TEST_REGISTRY_AUTH_PASSWORD"),
    ) else {
        return;
    };
    let credential = RegistryCredential {
        host: host.clone(),
        username,
        password: Secret::new(password),
    };
    let name = format!("{host}/{}:1", engine.prefix);
    let pinned = push(&engine, &name, Some(&credential)).await;
    let mut spec = shell(&engine, "auth", STEADY);
    spec.image.clone_from(&pinned);
    spec.order = dokploy_core::model::UpdateOrder::StopFirst;
    let created = engine
        .runtime
        .apply_service(&spec, None, Some(&credential))
        .await;
    let created = created.unwrap();
    let first = eventually(&engine.runtime, &spec.name, all_run).await;
    assert_eq!(first.id, created.id);
    // The image has to be fetched again, now without anybody naming a credential.
    let (status, answer) = engine.ask("DELETE", &format!("/images/{pinned}?force=1"), None);
    assert!(status == 200 || status == 404, "{answer}");
    engine.ask("DELETE", &format!("/images/{name}?force=1"), None);
    engine
        .runtime
        .restart_service(&spec.name, first.version)
        .await
        .unwrap();
    let second = eventually(&engine.runtime, &spec.name, |service| {
        all_run(service) && service.tasks[0].id != first.tasks[0].id
    })
    .await;
    assert!(
        second.tasks.iter().all(|task| !task.state.is_failure()),
        "{second:#?}"
    );
    // Another service without a credential cannot have it.
    engine.ask("DELETE", &format!("/images/{pinned}?force=1"), None);
    let mut spec = shell(&engine, "no-auth", STEADY);
    spec.image = format!("{host}/{}:absent-here", engine.prefix);
    spec.restart.condition = dokploy_core::model::RestartCondition::None;
    engine
        .runtime
        .apply_service(&spec, None, None)
        .await
        .unwrap();
    eventually(&engine.runtime, &spec.name, |service| {
        service.tasks.iter().any(|task| task.state.is_failure())
    })
    .await;
}
