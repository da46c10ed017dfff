//! Deployments that fail, and what serves then.

use dokploy_core::deployment::{Failure, Reason, Status, Step};
use dokploy_core::model::{CommandLine, Deployment, DeploymentRequest, FailureAction};
use dokploy_core::runtime::{FakeBehavior, FakeBuild, FakeMoment, FakeTask, FakeVerb};
use dokploy_core::source::FakeCall;
use dokploy_core::{Error, ErrorKind};

use crate::world::{App, SECOND, World, end, outcome, texts};

/// A world with a first version that serves, and the engine that deployed it.
macro_rules! serving_v1 {
    ($world:ident, $app:ident, $change:expr) => {
        let $world = $crate::world::World::new();
        let engine = $world.engine().await;
        let $app = $world.app(&engine, $change).await;
        let first = $app.deploy_version("v1").await;
        assert_eq!(
            first.state.status,
            dokploy_core::deployment::Status::Success
        );
    };
}
pub(crate) use serving_v1;

pub(crate) fn failure(deployment: &Deployment) -> &Failure {
    deployment.state.failure.as_ref().unwrap()
}

pub(crate) async fn assert_v1_serves(app: &App<'_>) {
    assert_eq!(app.serving().await, texts(["v1"]));
    let current = app.stored().await.current_release_id.unwrap();
    let release = app
        .world
        .store
        .find_release(current)
        .await
        .unwrap()
        .unwrap();
    assert!(release.stable_at.is_some());
    // The next good version is not in the way of anything that the failed one left.
    let next = app.deploy_version("v-next").await;
    assert_eq!(outcome(&next), (Status::Success, Reason::Healthy));
    assert_eq!(app.serving().await, texts(["v-next"]));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_crashes_is_rolled_back_with_evidence_and_a_hint() {
    serving_v1!(world, app, |spec| spec.replicas = 2);
    let crash = FakeBehavior::Crashes {
        after: 3 * SECOND,
        exit_code: 42,
    };
    let bad = app.deploy_that("v2", crash).await;
    assert_eq!(outcome(&bad), (Status::RolledBack, Reason::Unhealthy));
    let failure = failure(&bad);
    assert_eq!(
        (failure.step, failure.code),
        (Some(Step::AwaitHealthy), ErrorKind::Unhealthy)
    );
    assert!(
        failure.message.contains("exit code 42"),
        "{}",
        failure.message
    );
    assert!(
        failure
            .evidence
            .iter()
            .any(|line| line.starts_with("started sha256:")),
        "{failure:?}"
    );
    assert!(failure.hint.is_some());
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_ends_by_itself_is_rolled_back() {
    serving_v1!(world, app, |_| {});
    let bad = app
        .deploy_that("v2", FakeBehavior::Exits { after: SECOND })
        .await;
    assert_eq!(outcome(&bad), (Status::RolledBack, Reason::Unhealthy));
    assert!(
        failure(&bad)
            .message
            .contains("although it should go on running")
    );
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_swarms_own_monitor_but_within_ours_is_rolled_back() {
    serving_v1!(world, app, |spec| spec.update.monitor = 30 * SECOND);
    let bad = app
        .deploy_that("v2", FakeBehavior::crashes_after(25 * SECOND))
        .await;
    assert_eq!(outcome(&bad), (Status::RolledBack, Reason::Unhealthy));
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_build_that_fails_shows_its_last_lines_and_touches_nothing() {
    serving_v1!(world, app, |_| {});
    app.commit("v2");
    let build = FakeBuild {
        lines: vec!["step 1".to_owned(), "error: no such file".to_owned()],
        failure: Some("RUN make: exit code 2".to_owned()),
        ..FakeBuild::default()
    };
    world.script_build("v2", build);
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::StepFailed));
    let failure = failure(&bad);
    assert_eq!(
        (failure.step, failure.code),
        (Some(Step::BuildImage), ErrorKind::BuildFailed)
    );
    assert!(failure.message.contains("RUN make"));
    assert_eq!(failure.evidence, ["step 1", "error: no such file"]);
    assert_eq!(world.runtime.calls(FakeVerb::ApplyService), 1);
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_branch_that_does_not_exist_fails_at_the_source() {
    serving_v1!(world, app, |_| {});
    let request = DeploymentRequest {
        branch: Some("gone".to_owned()),
        ..DeploymentRequest::default()
    };
    let bad = end(&app.try_deploy(request).await.unwrap()).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::StepFailed));
    let failure = failure(&bad);
    assert_eq!(
        (failure.step, failure.code),
        (Some(Step::ResolveSource), ErrorKind::SourceFailed)
    );
    assert!(
        failure.message.contains("refs/heads/gone"),
        "{}",
        failure.message
    );
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_away_is_asked_three_times() {
    serving_v1!(world, app, |_| {});
    app.commit("v2");
    world.source.fail(
        FakeCall::Resolve,
        2,
        ErrorKind::Unavailable,
        "connection refused",
    );
    assert_eq!(end(&app.deploy().await).await.state.status, Status::Success);
    world.source.fail(
        FakeCall::Resolve,
        3,
        ErrorKind::Unavailable,
        "connection refused",
    );
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::StepFailed));
    assert_eq!(failure(&bad).code, ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_refuses_fails_the_push_and_one_that_is_away_is_tried_three_times() {
    serving_v1!(world, app, |spec| spec.registry =
        Some("registry.example/team".to_owned()));
    assert!(
        app.service()
            .await
            .unwrap()
            .image
            .starts_with("registry.example/team/web@sha256:")
    );
    app.commit("v2");
    let refusal = Error::new(ErrorKind::Unauthenticated, "the registry asks who we are");
    world
        .runtime
        .fail(FakeVerb::PushImage, 1, FakeMoment::Before, refusal);
    let refused = end(&app.deploy().await).await;
    assert_eq!(outcome(&refused), (Status::Failed, Reason::StepFailed));
    assert_eq!(failure(&refused).step, Some(Step::PushImage));
    let away = Error::new(ErrorKind::Unavailable, "the registry does not answer");
    world
        .runtime
        .fail(FakeVerb::PushImage, 1, FakeMoment::Before, away);
    let once = end(&app.deploy().await).await;
    assert_eq!(outcome(&once), (Status::Success, Reason::Healthy));
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_stays_away_fails_the_push_after_three_tries() {
    serving_v1!(world, app, |spec| spec.registry =
        Some("registry.example/team".to_owned()));
    app.commit("v2");
    for nth in 1..=3 {
        let away = Error::new(ErrorKind::Unavailable, "the registry does not answer");
        world
            .runtime
            .fail(FakeVerb::PushImage, nth, FakeMoment::Before, away);
    }
    let calls = world.runtime.calls(FakeVerb::PushImage);
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::StepFailed));
    assert_eq!(world.runtime.calls(FakeVerb::PushImage) - calls, 3);
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_release_command_runs_before_the_switch_and_leaves_nothing() {
    serving_v1!(world, app, |_| {});
    app.update(|spec| spec.release_command = Some(CommandLine::Shell("migrate".to_owned())))
        .await;
    let good = app.deploy_version("v2").await;
    assert_eq!(outcome(&good), (Status::Success, Reason::Healthy));
    assert_eq!(world.one_offs(), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_release_command_that_fails_stops_the_deployment_before_the_switch() {
    serving_v1!(world, app, |_| {});
    app.update(|spec| spec.release_command = Some(CommandLine::Shell("migrate".to_owned())))
        .await;
    world.runtime.choose_task(|_| {
        Some(FakeTask {
            lines: vec!["no such table".to_owned()],
            exit_code: 3,
            ..FakeTask::default()
        })
    });
    app.commit("v2");
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::StepFailed));
    let failure = failure(&bad);
    assert_eq!(failure.step, Some(Step::RunReleaseCommand));
    assert!(
        failure.message.contains("exit code 3"),
        "{}",
        failure.message
    );
    assert_eq!(failure.evidence, ["no such table"]);
    assert_eq!(world.one_offs(), (1, 0));
    assert_eq!(world.runtime.calls(FakeVerb::ApplyService), 1);
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn a_task_that_no_node_takes_fails_with_the_engines_words() {
    serving_v1!(world, app, |_| {});
    let bad = app.deploy_that("v2", FakeBehavior::CannotBePlaced).await;
    assert_eq!(
        outcome(&bad),
        (Status::RolledBack, Reason::DeadlineExceeded)
    );
    let failure = failure(&bad);
    assert!(
        failure.message.contains("no suitable node"),
        "{}",
        failure.message
    );
    assert!(
        failure
            .hint
            .as_ref()
            .unwrap()
            .contains("no node takes the task")
    );
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_first_version_that_is_broken_is_stopped_and_kept_for_a_look() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    let bad = app
        .deploy_that("v1", FakeBehavior::crashes_after(SECOND))
        .await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::NothingToRestore));
    assert_eq!(failure(&bad).code, ErrorKind::Unhealthy);
    assert_eq!(app.service().await.unwrap().replicas, 0);
    assert_eq!(app.stored().await.current_release_id, None);
    let good = app.deploy_version("v2").await;
    assert_eq!(outcome(&good), (Status::Success, Reason::Healthy));
    assert_eq!(app.serving().await, texts(["v2"]));
}

#[tokio::test(start_paused = true)]
async fn a_previous_image_that_is_gone_fails_the_rollback_loudly() {
    serving_v1!(world, app, |_| {});
    let image = app.service().await.unwrap().image;
    app.commit_that("v2", FakeBehavior::crashes_after(3 * SECOND));
    let handle = app.deploy().await;
    tokio::time::sleep(2 * SECOND).await;
    world.runtime.lose_image(&image);
    let bad = end(&handle).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::RollbackFailed));
    let failure = failure(&bad);
    assert_eq!(
        failure.code,
        ErrorKind::Unhealthy,
        "what failed first stays the cause"
    );
    assert!(
        failure
            .causes
            .iter()
            .any(|cause| cause.contains("could not be restored")),
        "{failure:?}"
    );
    assert!(failure.hint.as_ref().unwrap().contains("left as it is"));
    // Held, never looped: the application is free for a person's next move.
    let good = app.deploy_version("v3").await;
    assert_eq!(good.state.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn an_application_that_asks_for_it_is_left_in_place() {
    serving_v1!(world, app, |spec| spec.update.on_failure =
        FailureAction::Pause);
    let bad = app
        .deploy_that("v2", FakeBehavior::crashes_after(SECOND))
        .await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::LeftInPlace));
    assert_eq!(world.runtime.calls(FakeVerb::ApplyService), 2);
    assert_v1_is_still_current(&app).await;
    assert_eq!(app.deploy_version("v3").await.state.status, Status::Success);
}

async fn assert_v1_is_still_current(app: &App<'_>) {
    let current = app.stored().await.current_release_id.unwrap();
    let release = app
        .world
        .store
        .find_release(current)
        .await
        .unwrap()
        .unwrap();
    assert!(release.stable_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn several_nodes_without_a_registry_are_a_clear_failure() {
    serving_v1!(world, app, |_| {});
    world.runtime.set_nodes(["node-1", "node-2"]);
    app.commit("v2");
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::StepFailed));
    let failure = failure(&bad);
    assert!(failure.message.contains("2 nodes"), "{}", failure.message);
    assert!(failure.hint.as_ref().unwrap().contains("registry"));
    assert_eq!(app.serving().await, texts(["v1"]));
    app.update(|spec| spec.registry = Some("registry.example/team".to_owned()))
        .await;
    assert_eq!(end(&app.deploy().await).await.state.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_answer_is_lost_is_looked_up_and_not_repeated() {
    for verb in [
        FakeVerb::ApplyService,
        FakeVerb::EnsureNetwork,
        FakeVerb::BuildImage,
    ] {
        let world = World::new();
        let engine = world.engine().await;
        let app = world.app(&engine, |_| {}).await;
        let lost = Error::new(ErrorKind::Unavailable, "the connection was reset");
        world.runtime.fail(verb, 1, FakeMoment::After, lost);
        let deployment = app.deploy_version("v1").await;
        assert_eq!(
            outcome(&deployment),
            (Status::Success, Reason::Healthy),
            "{verb:?}"
        );
        let applied = world.runtime.calls(FakeVerb::ApplyService);
        assert_eq!(applied, 1, "{verb:?}");
    }
}
