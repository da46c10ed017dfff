//! Nobody but the program itself deploys what lies on the machine of the engine.

use dokploy_core::control::{BulkAction, ControlPlane};
use dokploy_core::id::{ApplicationId, CredentialId, DatabaseId, ProjectId};
use dokploy_core::model::{
    Application, ApplicationSpec, CredentialKind, CredentialSecret, Database, DatabaseEngine,
    GitSource, PageRequest, Role,
};
use dokploy_core::{Actor, DeployRequest};
use futures::{StreamExt, stream};

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

/// A credential of a project, or of the installation.
async fn credential(control: &ControlPlane, project: Option<ProjectId>) -> CredentialId {
    let secret = CredentialSecret::Token {
        token: "credential-token".into(),
    };
    let (program, name, kind) = (system(), fresh_name(), CredentialKind::Git);
    let made = match project {
        Some(project) => {
            control
                .create_project_credential(&program, project, kind, &name, "git.example", &secret)
                .await
        }
        None => {
            control
                .create_credential(&program, kind, &name, "git.example", &secret)
                .await
        }
    };
    made.unwrap().id
}

#[tokio::test]
async fn an_application_names_the_credentials_of_its_own_project_and_no_others() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let admin = scene.person(&control, Role::Admin).await;
        let project = project_of(&control, &anna).await.id;
        let second = project_of(&control, &anna).await.id;
        let foreign = project_of(&control, &system()).await.id;
        let own = credential(&control, Some(project)).await;
        let of_second = credential(&control, Some(second)).await;
        let of_foreign = credential(&control, Some(foreign)).await;
        let shared = credential(&control, None).await;
        let missing = CredentialId::new();

        let create = |actor: &Actor, id: CredentialId| {
            let (control, actor) = (control.clone(), actor.clone());
            async move {
                let made = control
                    .create_application(&actor, project, with_credential(id))
                    .await;
                made.map_err(|error| format!("{error:?}").replace(&id.to_string(), "<id>"))
            }
        };
        let absent = create(&anna, missing).await.unwrap_err();
        for id in [of_second, of_foreign, shared] {
            assert_eq!(create(&anna, id).await.unwrap_err(), absent);
        }
        create(&anna, own).await.unwrap();
        for id in [of_second, of_foreign] {
            assert_eq!(create(&admin, id).await.unwrap_err(), absent);
        }
        let registry = ApplicationSpec {
            registry_credential_id: Some(of_foreign),
            ..image_spec()
        };
        let refused = control.create_application(&anna, project, registry).await;
        assert_eq!(code(refused), "not_found");

        // What an administrator gave to the application stays when somebody else changes it.
        let given = create(&admin, shared).await.unwrap();
        control
            .update_application(&anna, given.id, None, given.spec)
            .await
            .unwrap();

        let page = PageRequest::first();
        let mut seen: Vec<_> = control
            .credentials(&anna, None, page)
            .await
            .unwrap()
            .items
            .into_iter()
            .map(|one| one.id)
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, [own, of_second]);
        assert_eq!(
            control
                .credentials(&admin, None, page)
                .await
                .unwrap()
                .items
                .len(),
            4
        );
        for id in [of_foreign, shared, missing] {
            assert_eq!(code(control.credential(&anna, id).await), "not_found");
            assert_eq!(
                code(control.delete_credential(&anna, id).await),
                "not_found"
            );
        }
    }
}

#[tokio::test]
async fn the_credentials_of_one_project_are_listed_alone() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let admin = scene.person(&control, Role::Admin).await;
        let project = project_of(&control, &anna).await.id;
        let second = project_of(&control, &anna).await.id;
        let foreign = project_of(&control, &system()).await.id;
        let own = credential(&control, Some(project)).await;
        for other in [Some(second), Some(foreign), None] {
            credential(&control, other).await;
        }
        let list = async |actor: &Actor, project| {
            let listed = control.credentials(actor, Some(project), PageRequest::first());
            let page = listed.await.map_err(|error| error.code())?;
            Ok::<_, &str>(page.items.iter().map(|one| one.id).collect::<Vec<_>>())
        };
        for actor in [&anna, &admin] {
            assert_eq!(list(actor, project).await, Ok(vec![own]));
        }
        for absent in [foreign, ProjectId::new()] {
            assert_eq!(list(&anna, absent).await, Err("not_found"));
        }
    }
}

#[tokio::test]
async fn names_of_credentials_tell_nothing_about_another_project() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let secret = CredentialSecret::Token {
            token: "credential-token".into(),
        };
        let kind = CredentialKind::Git;
        let mut codes = Vec::new();
        let projects = [
            project_of(&control, &system()).await.id,
            project_of(&control, &system()).await.id,
        ];
        for project in [projects[0], projects[1], projects[0]] {
            let made = control
                .create_project_credential(
                    &system(),
                    project,
                    kind,
                    "github",
                    "git.example",
                    &secret,
                )
                .await;
            codes.push(code(made));
        }
        assert_eq!(codes, ["ok", "ok", "already_exists"]);
    }
}

#[tokio::test]
async fn the_application_of_a_database_is_changed_with_the_database_alone() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let project = project_of(&control, &anna).await.id;
        let model = application_in(&control, project).await;
        let id = DatabaseId::new();
        let application = Application {
            id: ApplicationId::new(),
            service_name: fresh_name(),
            spec: image_spec(),
            database_id: Some(id),
            ..model.clone()
        };
        let database = Database {
            id,
            version: 1,
            project_id: project,
            name: application.spec.name.clone(),
            engine: DatabaseEngine::Postgres,
            image: "postgres:18".to_owned(),
            application_id: application.id,
            password: model.webhook_secret.unwrap(),
            created_at: model.created_at,
            updated_at: model.updated_at,
        };
        scene
            .store
            .create_database(&database, &application)
            .await
            .unwrap();

        let (id, spec) = (application.id, application.spec);
        let changed = control.update_application(&anna, id, None, spec).await;
        assert_eq!(code(changed), "conflict");
        let replaced = control.replace_environment(&anna, id, None, vec![]).await;
        assert_eq!(code(replaced), "conflict");
        let content = stream::empty().boxed();
        let uploaded = control.upload_archive(&anna, id, content).await;
        assert_eq!(code(uploaded), "conflict");
        let ids = [id];
        let deleted = control.bulk(&anna, BulkAction::Delete, &ids).await.unwrap();
        let codes: Vec<_> = deleted.into_iter().map(|one| code(one.result)).collect();
        assert_eq!(codes, ["conflict"]);
        control.deploy(&anna, DeployRequest::of(id)).await.unwrap();
        let listed = control
            .applications(&anna, None, PageRequest::first())
            .await;
        assert_eq!(listed.unwrap().items.len(), 1);
    }
}
