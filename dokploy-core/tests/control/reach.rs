//! What somebody does not reach is answered exactly as what is not there.

use dokploy_core::control::{BulkAction, ControlPlane, NewProject, ProjectChange};
use dokploy_core::id::{ApplicationId, DeploymentId, ProjectId, TeamId};
use dokploy_core::model::{EnvDelivery, EnvValue, EnvVar, PageRequest, Role};
use dokploy_core::store::DeploymentFilter;
use dokploy_core::{Actor, DeployRequest};

use crate::scene::{Scene, application_in, code, fresh_name, image_spec, project_of, system};

/// What somebody is told about a project, an application and a deployment, with the ids taken out.
async fn told(
    control: &ControlPlane,
    actor: &Actor,
    (project, application, deployment): (ProjectId, ApplicationId, DeploymentId),
) -> Vec<String> {
    let page = PageRequest::first();
    let of_application = DeploymentFilter {
        application: Some(application),
        ..DeploymentFilter::default()
    };
    let spec = image_spec();
    let errors = [
        control.project(actor, project).await.err(),
        control.delete_project(actor, project).await.err(),
        control.applications(actor, Some(project), page).await.err(),
        control.create_application(actor, project, spec).await.err(),
        control.application(actor, application).await.err(),
        control.delete_application(actor, application).await.err(),
        control.environment(actor, application).await.err(),
        control.webhook_secret(actor, application).await.err(),
        control.releases(actor, application, page).await.err(),
        control.service(actor, application).await.err(),
        control
            .deployments(actor, &of_application, page)
            .await
            .err(),
        control.deployment(actor, deployment).await.err(),
        control.cancel(actor, deployment).await.err(),
        control.roll_back_to(actor, deployment, None).await.err(),
        control.events(actor, deployment, 0).await.err(),
    ];
    let mut said = Vec::new();
    for error in errors {
        let mut text = format!("{:?}", error.unwrap());
        for id in [
            project.as_uuid(),
            application.as_uuid(),
            deployment.as_uuid(),
        ] {
            text = text.replace(&id.to_string(), "<id>");
        }
        said.push(text);
    }
    said
}

#[tokio::test]
async fn a_foreign_id_is_answered_exactly_as_a_missing_one() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let owner = scene.person(&control, Role::Developer).await;
        let project = project_of(&control, &owner).await.id;
        let application = application_in(&control, project).await.id;
        let request = DeployRequest::of(application);
        let deployment = control.deploy(&owner, request).await.unwrap().id;
        let foreign = (project, application, deployment);
        let missing = (ProjectId::new(), ApplicationId::new(), DeploymentId::new());
        for role in [Role::Viewer, Role::Developer] {
            let stranger = scene.person(&control, role).await;
            let about_foreign = told(&control, &stranger, foreign).await;
            let about_missing = told(&control, &stranger, missing).await;
            assert_eq!(about_foreign, about_missing);
            assert!(
                about_foreign
                    .iter()
                    .all(|text| text.contains("(not_found)"))
            );
        }
    }
}

#[tokio::test]
async fn lists_hold_what_one_reaches_and_nothing_else() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let admin = scene.person(&control, Role::Admin).await;
        let anna = scene.person(&control, Role::Developer).await;
        let bert = scene.person(&control, Role::Developer).await;
        let team = control.create_team(&admin, &fresh_name()).await.unwrap();
        control
            .add_member(&admin, team.id, bert.user_id().unwrap())
            .await
            .unwrap();
        let mut applications = Vec::new();
        for (owner, team_id) in [(&anna, None), (&bert, None), (&anna, Some(team.id))] {
            let project = project_of(&control, owner).await;
            let change = ProjectChange {
                team_id: Some(team_id),
                ..ProjectChange::default()
            };
            control
                .update_project(&admin, project.id, None, change)
                .await
                .unwrap();
            let application = application_in(&control, project.id).await.id;
            control
                .deploy(&system(), DeployRequest::of(application))
                .await
                .unwrap();
            applications.push(application);
        }
        let page = PageRequest::first();
        // Twice, so that the second answer comes from the cache.
        for _ in 0..2 {
            for (actor, seen) in [(&admin, 3), (&anna, 2), (&bert, 2)] {
                let projects = control.projects(actor, page).await.unwrap().items.len();
                let listed = control
                    .applications(actor, None, page)
                    .await
                    .unwrap()
                    .items
                    .len();
                let filter = DeploymentFilter::default();
                let deployments = control.deployments(actor, &filter, page).await.unwrap();
                assert_eq!(
                    (projects, listed, deployments.items.len()),
                    (seen, seen, seen)
                );
                let summary = control.summary(actor).await.unwrap();
                assert_eq!(
                    (summary.projects, summary.applications),
                    (seen as u64, seen as u64)
                );
            }
        }
        control
            .remove_member(&admin, team.id, bert.user_id().unwrap())
            .await
            .unwrap();
        let listed = control.applications(&bert, None, page).await.unwrap();
        let ids: Vec<_> = listed
            .items
            .iter()
            .map(|view| view.application.id)
            .collect();
        assert_eq!(ids, [applications[1]]);
        assert_eq!(
            code(control.application(&bert, applications[2]).await),
            "not_found"
        );
    }
}

#[tokio::test]
async fn nobody_gives_a_project_to_a_team_that_he_is_not_in() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let (own, other) = (
            control
                .create_team(&system(), &fresh_name())
                .await
                .unwrap()
                .id,
            control
                .create_team(&system(), &fresh_name())
                .await
                .unwrap()
                .id,
        );
        control
            .add_member(&system(), own, anna.user_id().unwrap())
            .await
            .unwrap();
        let missing = TeamId::new();
        for (team, expected) in [(own, "ok"), (other, "not_found"), (missing, "not_found")] {
            let new = NewProject {
                name: fresh_name(),
                team_id: Some(team),
                ..NewProject::default()
            };
            assert_eq!(code(control.create_project(&anna, new).await), expected);
            let project = project_of(&control, &anna).await.id;
            let change = ProjectChange {
                team_id: Some(Some(team)),
                ..ProjectChange::default()
            };
            let changed = control.update_project(&anna, project, None, change).await;
            assert_eq!(code(changed), expected);
        }
        let teams = control.teams(&anna, PageRequest::first()).await.unwrap();
        assert_eq!(
            teams.items.iter().map(|team| team.id).collect::<Vec<_>>(),
            [own]
        );
    }
}

#[tokio::test]
async fn a_viewer_learns_of_no_secret_not_even_its_name() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let developer = scene.person(&control, Role::Developer).await;
        let viewer = scene.person(&control, Role::Viewer).await;
        let project = project_of(&control, &developer).await;
        let team = control.create_team(&system(), &fresh_name()).await.unwrap();
        control
            .add_member(&system(), team.id, viewer.user_id().unwrap())
            .await
            .unwrap();
        let change = ProjectChange {
            team_id: Some(Some(team.id)),
            ..ProjectChange::default()
        };
        control
            .update_project(&system(), project.id, None, change)
            .await
            .unwrap();
        let mut spec = image_spec();
        spec.env_vars = vec![
            variable("PLAIN_ONE", EnvValue::Plain("shown".to_owned())),
            variable(
                "HIDDEN_ONE",
                EnvValue::Secret {
                    secret: "hidden value".into(),
                },
            ),
        ];
        let made = control
            .create_application(&developer, project.id, spec)
            .await
            .unwrap();
        let deployed = control
            .deploy(&developer, DeployRequest::of(made.id))
            .await
            .unwrap();
        let page = PageRequest::first();
        for _ in 0..2 {
            let all = |actor: Actor| {
                let control = control.clone();
                async move {
                    let list = control.applications(&actor, None, page).await.unwrap();
                    let one = control.application(&actor, made.id).await.unwrap();
                    let filter = DeploymentFilter::default();
                    let deployments = control.deployments(&actor, &filter, page).await.unwrap();
                    let deployment = control.deployment(&actor, deployed.id).await.unwrap();
                    format!("{list:?}{one:?}{deployments:?}{deployment:?}")
                }
            };
            let seen = all(developer.clone()).await;
            assert!(seen.contains("PLAIN_ONE") && seen.contains("HIDDEN_ONE"));
            assert!(!seen.contains("hidden value"));
            let seen = all(viewer.clone()).await;
            assert!(
                seen.contains("PLAIN_ONE") && !seen.contains("HIDDEN_ONE"),
                "{seen}"
            );
        }
    }
}

fn variable(key: &str, value: EnvValue) -> EnvVar {
    EnvVar {
        key: key.to_owned(),
        value,
        delivery: EnvDelivery::Env,
    }
}

#[tokio::test]
async fn a_bulk_action_answers_for_each_id_and_tells_foreign_from_missing_by_nothing() {
    for scene in Scene::each().await {
        let control = scene.control().await;
        let anna = scene.person(&control, Role::Developer).await;
        let own = application_in(&control, project_of(&control, &anna).await.id)
            .await
            .id;
        let foreign = application_in(&control, project_of(&control, &system()).await.id)
            .await
            .id;
        let missing = ApplicationId::new();
        let ids = [own, foreign, missing];
        let before = scene.trail_len().await;
        let results = control.bulk(&anna, BulkAction::Deploy, &ids).await.unwrap();
        assert_eq!(results.iter().map(|one| one.id).collect::<Vec<_>>(), ids);
        let codes: Vec<_> = results.into_iter().map(|one| code(one.result)).collect();
        assert_eq!(codes, ["ok", "not_found", "not_found"]);
        assert_eq!(
            scene.trail_len().await,
            before + 3,
            "each is recorded by itself"
        );
        for ids in [&[][..], &[own, own]] {
            let refused = control.bulk(&anna, BulkAction::Stop, ids).await;
            assert_eq!(code(refused), "invalid_spec");
        }
    }
}
