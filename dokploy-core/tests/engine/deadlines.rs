//! Nothing waits for ever: each deadline ends what it is for, and the previous version serves.

use std::time::Duration;

use dokploy_core::deployment::{Reason, Status, Step};
use dokploy_core::model::{CommandLine, HealthCheck};
use dokploy_core::runtime::{FakeBehavior, FakeBuild, FakeTask};
use dokploy_core::source::FakeCall;

use crate::failure::{assert_v1_serves, failure, serving_v1};
use crate::world::{SECOND, end, outcome, texts};

fn probe() -> HealthCheck {
    HealthCheck::new(CommandLine::Exec(vec!["/probe".to_owned()]))
}

#[tokio::test(start_paused = true)]
async fn a_task_that_never_becomes_healthy_fails_at_its_deadline() {
    serving_v1!(world, app, |spec| {
        spec.health_check = Some(probe());
        spec.update.healthy_deadline = 60 * SECOND;
    });
    let started = tokio::time::Instant::now();
    let bad = app.deploy_that("v2", FakeBehavior::never_healthy()).await;
    assert_eq!(
        outcome(&bad),
        (Status::RolledBack, Reason::DeadlineExceeded)
    );
    let took = started.elapsed();
    assert!(took > 60 * SECOND && took < 75 * SECOND, "{took:?}");
    let failure = failure(&bad);
    assert!(
        failure.message.contains("was not healthy within 60 s"),
        "{}",
        failure.message
    );
    assert!(
        failure.hint.as_ref().unwrap().contains("health check"),
        "{failure:?}"
    );
    assert!(
        failure
            .evidence
            .iter()
            .any(|line| line.starts_with("started ")),
        "{failure:?}"
    );
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_rollout_without_progress_fails_at_its_deadline() {
    serving_v1!(world, app, |spec| {
        spec.replicas = 3;
        spec.health_check = Some(probe());
        spec.update.progress_deadline = 90 * SECOND;
    });
    // The first slot becomes healthy late, the second one never: the deadline counts from the first.
    app.commit("v2");
    world.script_build("v2", FakeBuild::default());
    world.runtime.choose_behavior(|launch| {
        let is_new =
            launch.labels["dokploy.rollout"].contains("apply_service") && launch.attempt == 0;
        match launch.slot {
            1 if is_new => Some(FakeBehavior::Healthy { after: 40 * SECOND }),
            2 if is_new => Some(FakeBehavior::never_healthy()),
            _ => None,
        }
    });
    let started = tokio::time::Instant::now();
    let bad = end(&app.deploy().await).await;
    assert_eq!(
        outcome(&bad),
        (Status::RolledBack, Reason::DeadlineExceeded)
    );
    assert!(started.elapsed() > 130 * SECOND, "{:?}", started.elapsed());
    assert!(
        failure(&bad)
            .message
            .contains("no further task became healthy within 90 s")
    );
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_the_whole_deployment_ends_it_and_restoring_comes_on_top() {
    serving_v1!(world, app, |spec| {
        spec.health_check = Some(probe());
        spec.deadlines.total = 45 * SECOND;
    });
    let bad = app.deploy_that("v2", FakeBehavior::never_healthy()).await;
    assert_eq!(
        outcome(&bad),
        (Status::RolledBack, Reason::DeadlineExceeded)
    );
    assert!(
        failure(&bad)
            .message
            .contains("the deployment took longer than 45 s")
    );
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_fails_at_the_deadline() {
    serving_v1!(world, app, |spec| spec.deadlines.fetch = 60 * SECOND);
    app.commit("v2");
    world
        .source
        .delay(FakeCall::Fetch, Duration::from_hours(24));
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::DeadlineExceeded));
    assert_eq!(failure(&bad).step, Some(Step::FetchSource));
    world.source.delay(FakeCall::Fetch, Duration::ZERO);
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_build_that_takes_too_long_fails_at_the_deadline() {
    serving_v1!(world, app, |spec| {
        spec.deadlines.build = 60 * SECOND;
        spec.deadlines.fetch = 10 * SECOND;
    });
    app.commit("v2");
    let build = FakeBuild {
        duration: Duration::from_hours(1),
        ..FakeBuild::default()
    };
    world.script_build("v2", build);
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::DeadlineExceeded));
    assert_eq!(failure(&bad).evidence, ["building"], "what it said last");
    assert_v1_serves(&app).await;
}

#[tokio::test(start_paused = true)]
async fn a_release_command_that_hangs_is_stopped_at_its_deadline() {
    serving_v1!(world, app, |spec| spec.deadlines.release_command =
        30 * SECOND);
    app.update(|spec| spec.release_command = Some(CommandLine::Shell("migrate".to_owned())))
        .await;
    world.runtime.choose_task(|_| {
        Some(FakeTask {
            duration: Duration::from_hours(24),
            ..FakeTask::default()
        })
    });
    app.commit("v2");
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::DeadlineExceeded));
    assert_eq!(world.one_offs(), (1, 0));
    assert_eq!(app.serving().await, texts(["v1"]));
}
