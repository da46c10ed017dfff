//! The trail: one record for each change, in the same transaction, in a chain that shows every cut.

use dokploy_core::Actor;
use dokploy_core::DeployRequest;
use dokploy_core::control::{NewProject, Verification};
use dokploy_core::model::{AuditOutcome, Role};
use dokploy_core::store::AuditFilter;

use crate::scene::{Scene, application_in, code, fresh_name, password, project_of, system};

#[tokio::test]
async fn a_record_says_who_did_what_to_what_from_where() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let admin = scene.person(&control, Role::Admin).await;
        let actor = admin
            .clone()
            .with_address("192.0.2.7")
            .with_request_id("request-1");
        let new = NewProject {
            name: fresh_name(),
            ..NewProject::default()
        };
        let project = control.create_project(&actor, new).await.unwrap();
        let newest = scene.trail().await.remove(0).entry;
        assert_eq!(newest.actor, admin.user_id().unwrap().to_string());
        assert_eq!(newest.actor_name, admin.user().unwrap().username);
        assert_eq!(newest.action, "project.create");
        assert_eq!(newest.resource, format!("project:{}", project.id));
        assert_eq!(newest.outcome, AuditOutcome::Done);
        assert_eq!(newest.address.as_deref(), Some("192.0.2.7"));
        assert_eq!(newest.request_id.as_deref(), Some("request-1"));
        assert_eq!(newest.detail.as_deref(), Some(project.name.as_str()));
    }
}

#[tokio::test]
async fn the_same_deployment_asked_for_twice_leaves_one_record() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let owner = scene.person(&control, Role::Developer).await;
        let project = project_of(&control, &owner).await.id;
        let application = application_in(&control, project).await.id;
        let before = scene.trail_len().await;
        let request = DeployRequest {
            idempotency_key: Some("key".to_owned()),
            ..DeployRequest::of(application)
        };
        let first = control.deploy(&owner, request.clone()).await.unwrap();
        let second = control.deploy(&owner, request).await.unwrap();
        assert_eq!(first.id, second.id);
        let trail = scene.since(before).await;
        assert_eq!(
            trail,
            [("application.deploy".to_owned(), AuditOutcome::Done)]
        );
    }
}

#[tokio::test]
async fn many_at_once_make_one_chain() {
    for scene in Scene::each().await {
        let controls = [scene.control().await, scene.control().await];
        let before = scene.trail_len().await;
        let changes = (0..40).map(|number| {
            let control = controls[number % 2].clone();
            async move { control.create_team(&system(), &fresh_name()).await }
        });
        let made = futures::future::join_all(changes).await;
        assert!(made.iter().all(Result::is_ok));
        assert_eq!(scene.trail_len().await, before + 40);
        let found = controls[0].verify_audit(&system()).await.unwrap();
        let records = u64::try_from(before + 40).unwrap();
        assert_eq!(
            found,
            Verification {
                records,
                broken_at: None
            }
        );
    }
}

#[tokio::test]
async fn the_trail_is_read_in_parts_by_administrators_and_by_nobody_else() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let admin = scene.person(&control, Role::Admin).await;
        for _ in 0..5 {
            control.create_team(&admin, &fresh_name()).await.unwrap();
        }
        let filter = AuditFilter {
            action: Some("team.create".to_owned()),
            ..AuditFilter::default()
        };
        let first = control.audit(&admin, &filter, None, 3).await.unwrap();
        assert_eq!(first.records.len(), 3);
        let rest = control.audit(&admin, &filter, first.next, 3).await.unwrap();
        assert_eq!((rest.records.len(), rest.next), (2, None));
        assert!(rest.records[0].seq < first.records[2].seq);

        let developer = scene.person(&control, Role::Developer).await;
        let refused = control.audit(&developer, &filter, None, 3).await;
        assert_eq!(code(refused), "permission_denied");
        assert_eq!(
            code(control.verify_audit(&developer).await),
            "permission_denied"
        );
    }
}

#[tokio::test]
async fn no_secret_is_in_the_trail() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anonymous = Actor::anonymous();
        let made = control
            .register(&anonymous, "anna", &password(), None)
            .await
            .unwrap();
        let anna = control.authenticate(made.token.expose()).await.unwrap();
        let changed = control
            .change_password(&anna, &password(), &"another password".into())
            .await
            .unwrap();
        let said = format!("{:?}", scene.trail().await);
        for secret in [
            crate::scene::PASSWORD,
            "another password",
            made.token.expose(),
            changed.token.expose(),
        ] {
            assert!(!said.contains(secret));
        }
    }
}
