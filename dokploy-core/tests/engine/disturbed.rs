//! A swarm that loses its way: nodes that cannot start tasks just then, and nodes that are lost in the middle.

use std::sync::atomic::{AtomicUsize, Ordering};

use dokploy_core::DeploymentHandle;
use dokploy_core::deployment::{EventKind, Reason, Status};
use dokploy_core::model::Deployment;
use dokploy_core::runtime::{FakeBehavior, FakeVerb};
use futures::TryStreamExt;

use crate::world::{App, SECOND, World, end, outcome, texts};

/// The nodes cannot start the next tasks that they are given.
fn not_ready_for(world: &World, tasks: usize) {
    let left = AtomicUsize::new(tasks);
    world.runtime.choose_behavior(move |_| {
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        });
        taken.is_ok().then_some(FakeBehavior::NodeNotReady)
    });
}

async fn warnings(handle: &DeploymentHandle) -> Vec<String> {
    let events: Vec<_> = handle.events(0).try_collect().await.unwrap();
    let warning = |kind| match kind {
        EventKind::Warned { message } => Some(message),
        _ => None,
    };
    let warnings = events.into_iter().filter_map(|event| warning(event.kind));
    warnings.collect()
}

async fn deploy_next(app: &App<'_>, text: &str) -> (Deployment, Vec<String>) {
    app.commit(text);
    let handle = app.deploy().await;
    (end(&handle).await, warnings(&handle).await)
}

#[tokio::test(start_paused = true)]
async fn a_first_deployment_outlasts_nodes_that_are_not_ready() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |spec| spec.replicas = 2).await;
    // More than the restart policy tries by itself.
    not_ready_for(&world, 10);
    let done = app.deploy_version("v1").await;
    assert_eq!(outcome(&done), (Status::Success, Reason::Healthy));
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn what_swarm_takes_back_for_nodes_that_are_not_ready_is_given_to_it_again() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    not_ready_for(&world, 2);
    let (done, warnings) = deploy_next(&app, "v2").await;
    assert_eq!(outcome(&done), (Status::Success, Reason::Healthy));
    assert_eq!(app.serving().await, texts(["v2"]));
    assert!(
        warnings.iter().any(|text| text.contains("Swarm went back")),
        "{warnings:?}"
    );
    // It is as the deployment says that it wrote it: nobody else has changed it.
    let (next, warnings) = deploy_next(&app, "v3").await;
    assert_eq!(outcome(&next), (Status::Success, Reason::Healthy));
    assert!(
        !warnings.iter().any(|text| text.contains("somebody else")),
        "{warnings:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn nodes_that_never_become_ready_end_a_deployment_after_a_stated_time() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    not_ready_for(&world, usize::MAX);
    let begun = tokio::time::Instant::now();
    let done = app.deploy_version("v1").await;
    assert_eq!(outcome(&done), (Status::Failed, Reason::NothingToRestore));
    let lasted = begun.elapsed();
    assert!((60 * SECOND..75 * SECOND).contains(&lasted), "{lasted:?}");
    let message = done.state.failure.unwrap().message;
    assert!(
        message.contains("swarm is not active") && message.contains("tried again for 60 s"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_not_there_is_not_waited_for() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    let begun = tokio::time::Instant::now();
    let done = app.deploy_that("v1", FakeBehavior::ImageNotFound).await;
    assert_eq!(outcome(&done), (Status::Failed, Reason::NothingToRestore));
    assert!(begun.elapsed() < 10 * SECOND, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_swarm_forgot_over_the_loss_of_a_node_is_asked_for_again() {
    let world = World::new();
    world.runtime.set_nodes(["node-1", "node-2"]);
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| {
            spec.replicas = 4;
            spec.registry = Some("registry.example/team".to_owned());
        })
        .await;
    app.deploy_version("v1").await;
    app.commit_that("v2", FakeBehavior::Healthy { after: 5 * SECOND });
    app.update(|spec| spec.health_check = Some(dokploy_core::model::HealthCheck::curl_preset()))
        .await;
    let handle = app.deploy().await;
    // The first task of the update is on its way then.
    let service = async || app.service().await.unwrap();
    while service().await.update_state.as_deref() != Some("updating") {
        tokio::time::sleep(SECOND / 10).await;
    }
    let begun = service().await.tasks.into_iter().next().unwrap();
    world
        .runtime
        .lose_node(&begun.node.unwrap_or("node-1".to_owned()));
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Success, Reason::Healthy)
    );
    assert_eq!(app.serving().await, texts(["v2"]));
    let warnings = warnings(&handle).await;
    assert!(
        warnings
            .iter()
            .any(|text| text.contains("Swarm has lost its way")),
        "{warnings:?}"
    );
    assert_eq!(world.runtime.calls(FakeVerb::RestartService), 1);
}
