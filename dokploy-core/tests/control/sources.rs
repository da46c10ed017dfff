//! Nobody but the program itself deploys what lies on the machine of the engine.

use dokploy_core::id::{ApplicationId, CredentialId};
use dokploy_core::model::{ApplicationSpec, CredentialKind, CredentialSecret, GitSource, Role};
use dokploy_core::{Actor, DeployRequest};

use crate::scene::{Scene, application_in, code, fresh_name, image_spec, project_of, system};

fn named() -> ApplicationSpec {
    ApplicationSpec::named(fresh_name())
}

fn directory() -> ApplicationSpec {
    ApplicationSpec {
        directory: Some("/etc".into()),
        ..named()
    }
}

fn archive(path: impl Into<std::path::PathBuf>) -> ApplicationSpec {
    ApplicationSpec {
        archive: Some(path.into()),
        ..named()
    }
}

#[tokio::test]
async fn directories_and_foreign_archives_are_refused_to_everybody_but_the_program() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let uploads = scene.directory.path().join("archives");
    let foreign = uploads
        .join(ApplicationId::new().to_string())
        .join("a".repeat(64));
    for role in [Role::Owner, Role::Admin, Role::Developer] {
        let actor = scene.person(&control, role).await;
        let project = project_of(&control, &actor).await.id;
        let stored = application_in(&control, project).await;
        let own = uploads.join(stored.id.to_string());
        for (field, spec) in [
            ("directory", directory()),
            ("archive", archive("/etc/passwd")),
            ("archive", archive(&foreign)),
            ("archive", archive(own.join("../x"))),
            ("archive", archive(own.join("passwd"))),
        ] {
            let made = control
                .create_application(&actor, project, spec.clone())
                .await;
            assert_eq!(made.unwrap_err().violations()[0].field, field, "{role}");
            let spec = ApplicationSpec {
                name: stored.spec.name.clone(),
                ..spec
            };
            let changed = control
                .update_application(&actor, stored.id, None, spec)
                .await;
            assert_eq!(changed.unwrap_err().violations()[0].field, field, "{role}");
        }
    }
    let project = project_of(&control, &system()).await.id;
    control
        .create_application(&system(), project, directory())
        .await
        .unwrap();
    control
        .create_application(&system(), project, archive(foreign))
        .await
        .unwrap();
}

#[tokio::test]
async fn what_the_program_chose_may_stay_when_something_else_is_changed() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let anna = scene.person(&control, Role::Developer).await;
    let project = project_of(&control, &anna).await.id;
    let made = control
        .create_application(&system(), project, directory())
        .await
        .unwrap();
    let spec = ApplicationSpec {
        replicas: 3,
        ..made.spec.clone()
    };
    control
        .update_application(&anna, made.id, None, spec)
        .await
        .unwrap();
    let spec = ApplicationSpec {
        directory: Some("/root".into()),
        ..made.spec
    };
    let moved = control.update_application(&anna, made.id, None, spec).await;
    assert_eq!(code(moved), "invalid_spec");
}

#[tokio::test]
async fn an_application_without_a_source_waits_for_an_upload() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let project = project_of(&control, &anna).await.id;
        let made = control
            .create_application(&anna, project, named())
            .await
            .unwrap();
        let early = control.deploy(&anna, DeployRequest::of(made.id)).await;
        assert_eq!(code(early), "conflict");
        control
            .update_application(&anna, made.id, None, made.spec)
            .await
            .unwrap();
    }
}

fn with_credential(id: CredentialId) -> ApplicationSpec {
    let mut git = GitSource::branch("https://git.example/app.git", "main");
    git.credential_id = Some(id);
    ApplicationSpec {
        git_source: Some(git),
        ..named()
    }
}

#[tokio::test]
async fn nobody_uses_a_credential_that_he_may_not_see() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let secret = CredentialSecret::Token {
            token: "credential-token".into(),
        };
        let name = fresh_name();
        let kind = CredentialKind::Git;
        let program = system();
        let made = control.create_credential(&program, kind, &name, "git.example", &secret);
        let credential = made.await.unwrap().id;
        let anna = scene.person(&control, Role::Developer).await;
        let admin = scene.person(&control, Role::Admin).await;
        let project = project_of(&control, &anna).await.id;
        let missing = CredentialId::new();
        let refused = |id| {
            let (control, anna) = (control.clone(), anna.clone());
            async move {
                let made = control
                    .create_application(&anna, project, with_credential(id))
                    .await;
                made.unwrap_err()
                    .to_string()
                    .replace(&id.to_string(), "<id>")
            }
        };
        assert_eq!(refused(credential).await, refused(missing).await);
        let registry = ApplicationSpec {
            registry_credential_id: Some(credential),
            ..image_spec()
        };
        assert_eq!(
            code(control.create_application(&anna, project, registry).await),
            "not_found"
        );

        // What an administrator gave to the application stays when somebody else changes it.
        let given = control
            .create_application(&admin, project, with_credential(credential))
            .await
            .unwrap();
        control
            .update_application(&anna, given.id, None, given.spec)
            .await
            .unwrap();
        assert!(Actor::anonymous().user().is_none());
    }
}
