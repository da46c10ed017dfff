//! What other people do to a service while it is deployed, and what is not ours.

use dokploy_core::conformance::runtime::service as foreign_spec;
use dokploy_core::deployment::{EventKind, Reason, Status, Step};
use dokploy_core::engine::Point;
use dokploy_core::runtime::{FakeBehavior, FakeMoment, FakeVerb};
use dokploy_core::{Error, ErrorKind};

use crate::world::{Action, SECOND, Script, World, end, events, outcome, texts};

#[tokio::test(start_paused = true)]
async fn a_change_during_the_rollout_ends_it_and_is_never_overwritten() {
    for (what, change) in [
        ("environment", change_environment as fn(&World, &str)),
        ("scale", scale),
        ("image", change_image),
    ] {
        let world = World::new();
        let script = Script::new();
        let engine = world.scripted_engine(&script, |_| {}).await;
        let app = world.app(&engine, |_| {}).await;
        app.deploy_version("v1").await;
        world.runtime.add_image("by-hand:1");
        app.commit("v2");
        script.add(Point::BeforeEffect(Step::AwaitHealthy), Action::Hold);
        let handle = app.deploy().await;
        script.reached().await;
        change(&world, &app.application.service_name);
        let changed = app.service().await.unwrap().spec_digest;
        script.release();
        let ended = end(&handle).await;
        assert_eq!(
            outcome(&ended),
            (Status::Failed, Reason::ChangedOutside),
            "{what}"
        );
        let failure = ended.state.failure.unwrap();
        assert_eq!(failure.code, ErrorKind::Conflict, "{what}");
        assert!(
            failure.message.contains("somebody else"),
            "{what}: {}",
            failure.message
        );
        assert_eq!(app.service().await.unwrap().spec_digest, changed, "{what}");
    }
}

fn change_environment(world: &World, service: &str) {
    world
        .runtime
        .update_outside(service, |spec| spec.env.push(("X".to_owned(), "1".into())))
        .unwrap();
}

fn scale(world: &World, service: &str) {
    world
        .runtime
        .update_outside(service, |spec| spec.replicas = 0)
        .unwrap();
}

fn change_image(world: &World, service: &str) {
    world
        .runtime
        .update_outside(service, |spec| "by-hand:1".clone_into(&mut spec.image))
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_change_in_the_monitor_period_is_no_success() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.update.monitor = 30 * SECOND)
        .await;
    app.commit("v1");
    let handle = app.deploy().await;
    tokio::time::sleep(20 * SECOND).await;
    change_environment(&world, &app.application.service_name);
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Failed, Reason::ChangedOutside)
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_removed_during_the_rollout_is_not_made_again() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.update.monitor = 30 * SECOND)
        .await;
    app.deploy_version("v1").await;
    app.commit("v2");
    let handle = app.deploy().await;
    tokio::time::sleep(10 * SECOND).await;
    world
        .runtime
        .remove_outside(&app.application.service_name)
        .unwrap();
    let ended = end(&handle).await;
    assert_eq!(outcome(&ended), (Status::Failed, Reason::ChangedOutside));
    assert!(app.service().await.is_none());
    assert_eq!(app.deploy_version("v3").await.state.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn a_change_while_restoring_is_not_overwritten() {
    let world = World::new();
    let script = Script::new();
    let engine = world.scripted_engine(&script, |_| {}).await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    app.commit_that("v2", FakeBehavior::CannotBePlaced);
    script.add(Point::BeforeEffect(Step::RestorePrevious), Action::Hold);
    let handle = app.deploy().await;
    script.reached().await;
    change_environment(&world, &app.application.service_name);
    let changed = app.service().await.unwrap().spec_digest;
    script.release();
    let ended = end(&handle).await;
    assert_eq!(outcome(&ended), (Status::Failed, Reason::ChangedOutside));
    let failure = ended.state.failure.unwrap();
    assert_eq!(
        failure.code,
        ErrorKind::TimedOut,
        "what failed first stays the cause"
    );
    assert_eq!(app.service().await.unwrap().spec_digest, changed);
}

#[tokio::test(start_paused = true)]
async fn a_change_between_two_deployments_is_replaced_with_a_warning() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    change_environment(&world, &app.application.service_name);
    let handle = app.deploy().await;
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Success, Reason::Healthy)
    );
    let warned = |event: &EventKind| matches!(event, EventKind::Warned { message } if message.contains("changed by somebody else"));
    assert_eq!(
        events(&handle)
            .await
            .iter()
            .filter(|event| warned(event))
            .count(),
        1
    );
    let service = app.service().await.unwrap();
    assert!(world.runtime.calls(FakeVerb::ApplyService) == 2 && !service.tasks.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_index_that_moves_between_look_and_write_is_looked_at_again() {
    let world = World::new();
    let script = Script::new();
    let engine = world.scripted_engine(&script, |_| {}).await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    app.commit("v2");
    for nth in 1..=3 {
        let moved =
            Error::new(ErrorKind::Conflict, "update out of sequence").with_hint("read it again");
        world
            .runtime
            .fail(FakeVerb::ApplyService, nth, FakeMoment::Before, moved);
    }
    assert_eq!(
        outcome(&end(&app.deploy().await).await),
        (Status::Success, Reason::Healthy)
    );
    app.commit("v3");
    for nth in 1..=20 {
        let moved = Error::new(ErrorKind::Conflict, "update out of sequence");
        world
            .runtime
            .fail(FakeVerb::ApplyService, nth, FakeMoment::Before, moved);
    }
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::ChangedOutside));
    assert_eq!(app.serving().await, texts(["v2"]));
}

#[tokio::test(start_paused = true)]
async fn a_foreign_service_of_the_same_name_survives_everything() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    world.runtime.add_image("theirs:1");
    let mut theirs = foreign_spec(&app.application.service_name, "theirs:1");
    theirs.labels.clear();
    theirs.container_labels.clear();
    world.runtime.create_outside(theirs);
    tokio::time::sleep(SECOND).await;
    let before = app.service().await.unwrap();
    let bad = app.deploy_version("v1").await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::StepFailed));
    let failure = bad.state.failure.unwrap();
    assert_eq!(
        (failure.step, failure.code),
        (Some(Step::ApplyService), ErrorKind::PermissionDenied)
    );
    assert!(failure.message.contains("belongs to somebody else"));
    assert!(failure.hint.is_some());
    // Nor does cancelling or deleting touch it.
    let handle = app.deploy().await;
    handle.cancel(None).await.unwrap();
    end(&handle).await;
    engine.delete_application(app.application.id).await.unwrap();
    assert_eq!(app.service().await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_service_that_takes_the_name_during_the_rollout_survives() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.update.monitor = 60 * SECOND)
        .await;
    app.deploy_version("v1").await;
    app.commit("v2");
    let handle = app.deploy().await;
    tokio::time::sleep(20 * SECOND).await;
    world
        .runtime
        .remove_outside(&app.application.service_name)
        .unwrap();
    world.runtime.add_image("theirs:1");
    let mut theirs = foreign_spec(&app.application.service_name, "theirs:1");
    theirs.labels.clear();
    world.runtime.create_outside(theirs);
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Failed, Reason::ChangedOutside)
    );
    assert!(app.service().await.unwrap().labels.is_empty());
}
