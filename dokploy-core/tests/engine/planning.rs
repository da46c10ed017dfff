//! What a plan says is what a deployment does.

use std::sync::Arc;

use dokploy_core::deployer::{Plan, PlanAction};
use dokploy_core::deployment::{Reason, Status};
use dokploy_core::model::{CommandLine, ServiceMode, UpdateOrder, Volume};
use dokploy_core::runtime::{LogSink, LogStream, TaskState};
use dokploy_core::{ContainerRuntime, DeployRequest, Deployer};
use tokio_util::sync::CancellationToken;

use crate::world::{App, SECOND, World, end, outcome};

async fn plan(app: &App<'_>) -> Plan {
    let request = DeployRequest::of(app.application.id);
    app.engine.plan(request).await.unwrap()
}

/// The tasks that run now.
async fn running(app: &App<'_>) -> Vec<String> {
    let tasks = app.service().await.unwrap().tasks;
    let up = tasks
        .into_iter()
        .filter(|task| task.wanted && task.state == TaskState::Running);
    up.map(|task| task.id).collect()
}

/// Deploys what was planned, and checks that as many tasks restart as the plan says.
async fn carry_out(app: &App<'_>, plan: &Plan) {
    let before = running(app).await;
    let builds = app.world.builds();
    let request = DeployRequest {
        plan_digest: Some(plan.digest.clone()),
        ..DeployRequest::of(app.application.id)
    };
    let ended = end(&app.engine.deploy(request).await.unwrap()).await;
    assert_eq!(ended.state.status, Status::Success);
    let unchanged = ended.state.reason == Reason::Unchanged;
    assert_eq!(unchanged, plan.action == PlanAction::Nothing, "{plan:?}");
    let after = running(app).await;
    let kept = before.iter().filter(|task| after.contains(task)).count();
    if !before.is_empty() {
        assert_eq!(kept == before.len(), plan.restarts == 0, "{plan:?}");
    }
    assert_eq!(
        app.world.builds() > builds,
        plan.build.is_some(),
        "{plan:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_carried_out_as_it_says() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |spec| spec.replicas = 2).await;
    app.deploy_version("v1").await;
    let nothing = plan(&app).await;
    assert_eq!((nothing.action, nothing.restarts), (PlanAction::Nothing, 0));
    carry_out(&app, &nothing).await;

    app.update(|spec| drop(spec.labels.insert("team".to_owned(), "a".to_owned())))
        .await;
    let labels = plan(&app).await;
    assert_eq!((labels.action, labels.restarts), (PlanAction::Update, 0));
    carry_out(&app, &labels).await;

    app.update(|spec| spec.init = true).await;
    let template = plan(&app).await;
    assert_eq!(
        (template.action, template.restarts),
        (PlanAction::Update, 2)
    );
    assert_eq!(template.downtime, std::time::Duration::ZERO);
    carry_out(&app, &template).await;

    app.commit("v2");
    let version = plan(&app).await;
    assert!(version.build.is_some());
    carry_out(&app, &version).await;

    app.update(|spec| spec.mode = ServiceMode::Global).await;
    let mode = plan(&app).await;
    assert_eq!(mode.action, PlanAction::Replace);
    assert!(!mode.irreversible.is_empty() && !mode.downtime.is_zero());
    carry_out(&app, &mode).await;
}

#[tokio::test(start_paused = true)]
async fn replicas_that_are_down_are_planned_to_be_started_again() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.restart.max_attempts = Some(1))
        .await;
    app.deploy_version("v1").await;
    for _ in 0..2 {
        for task in running(&app).await {
            world.runtime.kill_task(&task).unwrap();
        }
        tokio::time::sleep(5 * SECOND).await;
    }
    let planned = plan(&app).await;
    assert_eq!(planned.action, PlanAction::Update);
    assert!(
        planned
            .warnings
            .iter()
            .any(|warning| warning.contains("not healthy"))
    );
    carry_out(&app, &planned).await;
}

/// Takes lines and forgets them.
struct Silent;

impl LogSink for Silent {
    fn line(&self, _stream: LogStream, _text: &[u8]) {}
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_means_another_image_now_is_a_change() {
    let world = World::new();
    let engine = world.engine().await;
    world.runtime.add_image("registry.example/app:stable");
    let app = world
        .app(&engine, |spec| {
            spec.git_source = None;
            spec.image = Some("registry.example/app:stable".to_owned());
        })
        .await;
    assert_eq!(end(&app.deploy().await).await.state.status, Status::Success);
    assert_eq!(plan(&app).await.action, PlanAction::Nothing);
    // Somebody pushes another image under the same name.
    let other = world.runtime.add_image("by-hand:2");
    let (log, cancel) = (Arc::new(Silent), CancellationToken::new());
    let name = "registry.example/app:stable";
    let pushed = world.runtime.push_image(&other, name, None, log, &cancel);
    let moved_to = pushed.await.unwrap();
    let moved = plan(&app).await;
    assert_eq!(
        (moved.action, &moved.image),
        (PlanAction::Update, &moved_to)
    );
    carry_out(&app, &moved).await;
    assert_eq!(app.service().await.unwrap().image, moved_to);
}

#[tokio::test(start_paused = true)]
async fn a_plan_says_the_order_and_what_cannot_be_undone() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| {
            spec.release_command = Some(CommandLine::Shell("migrate".to_owned()));
            spec.volumes.push(Volume {
                source: "data".to_owned(),
                target: "/data".to_owned(),
                read_only: false,
            });
        })
        .await;
    app.commit("v1");
    let first = plan(&app).await;
    assert_eq!(first.order, UpdateOrder::StopFirst);
    assert!(first.order_reason.contains("volume"));
    assert!(
        first
            .irreversible
            .iter()
            .any(|what| what.contains("migrate"))
    );
    assert_eq!(
        outcome(&end(&app.deploy().await).await),
        (Status::Success, Reason::Healthy)
    );
}
