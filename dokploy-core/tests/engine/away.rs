//! An engine that is away, hangs or restarts, and what Swarm says about it.

use std::time::Duration;

use dokploy_core::deployment::{Reason, Status, Step};
use dokploy_core::engine::Point;
use dokploy_core::model::{CommandLine, HealthCheck};
use dokploy_core::runtime::{FakeBehavior, FakeMoment, FakeVerb};
use dokploy_core::{Error, ErrorKind};

use crate::world::{Action, SECOND, Script, World, end, outcome, texts};

/// Everything that a deployment asks of the engine.
const POINTS: [Point; 6] = [
    Point::BeforeEffect(Step::FetchSource),
    Point::BeforeEffect(Step::BuildImage),
    Point::BeforeEffect(Step::PushImage),
    Point::BeforeEffect(Step::RunReleaseCommand),
    Point::BeforeEffect(Step::ApplyService),
    Point::BeforeEffect(Step::AwaitHealthy),
];

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_for_a_while_fails_nothing_in_any_phase() {
    for point in POINTS {
        let world = World::new();
        let script = Script::new();
        let engine = world.scripted_engine(&script, |_| {}).await;
        let app = world
            .app(&engine, |spec| {
                spec.registry = Some("registry.example/team".to_owned());
                spec.release_command = Some(CommandLine::Shell("migrate".to_owned()));
            })
            .await;
        app.deploy_version("v1").await;
        app.commit("v2");
        script.add(point, Action::Hold);
        let handle = app.deploy().await;
        script.reached().await;
        world.runtime.set_away(true);
        script.release();
        tokio::time::sleep(Duration::from_mins(4)).await;
        assert!(
            !handle.get().await.unwrap().state.status.is_terminal(),
            "{point:?}"
        );
        world.runtime.set_away(false);
        assert_eq!(
            outcome(&end(&handle).await),
            (Status::Success, Reason::Healthy),
            "{point:?}"
        );
        assert_eq!(app.serving().await, texts(["v2"]), "{point:?}");
        assert_eq!(world.one_offs(), (2, 0), "{point:?}");
    }
}

/// Each way of a deployment asks other things: here an image that is only on this engine.
#[tokio::test(start_paused = true)]
async fn no_single_answer_that_is_missing_fails_a_deployment() {
    let verbs = [
        FakeVerb::Info,
        FakeVerb::FindImage,
        FakeVerb::BuildImage,
        FakeVerb::EnsureNetwork,
        FakeVerb::ApplyService,
        FakeVerb::ObserveService,
    ];
    for verb in verbs {
        let world = World::new();
        let engine = world.engine().await;
        let app = world.app(&engine, |_| {}).await;
        let away = || Error::new(ErrorKind::Unavailable, "the engine cannot be reached");
        let before = world.runtime.calls(verb);
        for nth in 1..=3 {
            world.runtime.fail(verb, nth, FakeMoment::Before, away());
        }
        let done = app.deploy_version("v1").await;
        assert_eq!(
            outcome(&done),
            (Status::Success, Reason::Healthy),
            "{verb:?}"
        );
        assert!(world.runtime.calls(verb) > before + 3, "{verb:?} is asked");
    }
}

#[tokio::test(start_paused = true)]
async fn time_in_which_the_engine_is_away_does_not_count_against_a_tasks_deadline() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| {
            spec.health_check = Some(HealthCheck::curl_preset());
            spec.update.healthy_deadline = 60 * SECOND;
        })
        .await;
    app.deploy_version("v1").await;
    app.commit_that(
        "v2",
        FakeBehavior::Healthy {
            after: 130 * SECOND,
        },
    );
    let handle = app.deploy().await;
    tokio::time::sleep(30 * SECOND).await;
    world.runtime.set_away(true);
    tokio::time::sleep(90 * SECOND).await;
    world.runtime.set_away(false);
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Success, Reason::Healthy)
    );
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_stays_away_ends_the_deployment_at_its_deadline() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.deadlines.total = 120 * SECOND)
        .await;
    app.deploy_version("v1").await;
    app.commit("v2");
    let handle = app.deploy().await;
    tokio::time::sleep(SECOND).await;
    world.runtime.set_away(true);
    let started = tokio::time::Instant::now();
    let ended = end(&handle).await;
    assert_eq!(outcome(&ended), (Status::Failed, Reason::RollbackFailed));
    assert_eq!(ended.state.failure.unwrap().code, ErrorKind::TimedOut);
    assert!(started.elapsed() < 600 * SECOND, "{:?}", started.elapsed());
}

#[tokio::test(start_paused = true)]
async fn tasks_that_a_restart_of_the_engine_killed_are_excused() {
    for outage in [1, 40] {
        let world = World::new();
        let engine = world.engine().await;
        let app = world
            .app(&engine, |spec| {
                spec.replicas = 2;
                spec.update.monitor = 20 * SECOND;
            })
            .await;
        app.deploy_version("v1").await;
        app.commit("v2");
        let handle = app.deploy().await;
        tokio::time::sleep(10 * SECOND).await;
        world.runtime.set_away(true);
        tokio::time::sleep(outage * SECOND).await;
        world.runtime.restart_engine();
        world.runtime.set_away(false);
        assert_eq!(
            outcome(&end(&handle).await),
            (Status::Success, Reason::Healthy),
            "{outage}"
        );
        assert_eq!(app.serving().await, texts(["v2"]));
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_is_found_although_the_engine_restarted_and_swarm_says_completed() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.update.monitor = 20 * SECOND)
        .await;
    app.deploy_version("v1").await;
    app.commit_that("v2", FakeBehavior::crashes_after(3 * SECOND));
    let handle = app.deploy().await;
    tokio::time::sleep(2 * SECOND).await;
    world.runtime.set_away(true);
    tokio::time::sleep(SECOND).await;
    world.runtime.restart_engine();
    world.runtime.set_away(false);
    assert_eq!(
        app.service().await.unwrap().update_state.as_deref(),
        Some("completed")
    );
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::RolledBack, Reason::Unhealthy)
    );
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn a_restart_while_the_worker_was_away_too_is_excused() {
    let world = World::new();
    let script = Script::at_point(Point::Written(Step::ApplyService), Action::Crash);
    let lost = world.scripted_engine(&script, |_| {}).await;
    let app = world
        .app(&lost, |spec| spec.update.monitor = 20 * SECOND)
        .await;
    app.commit("v1");
    let handle = app.deploy().await;
    script.reached().await;
    tokio::time::sleep(SECOND).await;
    world.runtime.restart_engine();
    let _next = world.engine().await;
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Success, Reason::Healthy)
    );
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_that_began_while_the_worker_was_away_is_found() {
    let world = World::new();
    let first = world.engine().await;
    let app = world
        .app(&first, |spec| spec.update.monitor = 20 * SECOND)
        .await;
    app.deploy_version("v1").await;
    first.shutdown().await;
    let script = Script::at_point(Point::Written(Step::ApplyService), Action::Crash);
    let lost = world.scripted_engine(&script, |_| {}).await;
    app.commit_that("v2", FakeBehavior::crashes_after(3 * SECOND));
    let handle = app.deploy().await;
    script.reached().await;
    drop(lost);
    let _next = world.engine().await;
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::RolledBack, Reason::Unhealthy)
    );
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn what_swarm_rolled_back_by_itself_is_rolled_back_and_not_a_success() {
    let world = World::new();
    let script = Script::at_point(Point::BeforeEffect(Step::AwaitHealthy), Action::Hold);
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    engine.shutdown().await;
    let _holding = world.scripted_engine(&script, |_| {}).await;
    app.commit_that("v2", FakeBehavior::crashes_after(SECOND));
    let handle = app.deploy().await;
    script.reached().await;
    // While nobody looks, Swarm goes back, and is done with it.
    let waiting = async {
        while app.service().await.unwrap().update_state.as_deref() != Some("rollback_completed") {
            tokio::time::sleep(SECOND).await;
        }
    };
    tokio::time::timeout(600 * SECOND, waiting).await.unwrap();
    script.release();
    let ended = end(&handle).await;
    assert_eq!(outcome(&ended), (Status::RolledBack, Reason::Unhealthy));
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_for_ever_ends_at_the_deadline_with_the_previous_version_serving() {
    for (verb, status) in [
        (FakeVerb::BuildImage, Status::Failed),
        (FakeVerb::EnsureNetwork, Status::Failed),
        (FakeVerb::ApplyService, Status::Failed),
    ] {
        let world = World::new();
        let engine = world.engine().await;
        let app = world
            .app(&engine, |spec| spec.deadlines.total = 300 * SECOND)
            .await;
        app.deploy_version("v1").await;
        app.commit("v2");
        let hang = world.runtime.hang(verb, 1, FakeMoment::Before);
        let ended = end(&app.deploy().await).await;
        assert_eq!(
            outcome(&ended),
            (status, Reason::DeadlineExceeded),
            "{verb:?}"
        );
        assert_eq!(app.serving().await, texts(["v1"]), "{verb:?}");
        drop(hang);
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_at_the_service_that_hangs_is_bounded() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.deadlines.total = 300 * SECOND)
        .await;
    app.deploy_version("v1").await;
    app.commit("v2");
    let handle = app.deploy().await;
    tokio::time::sleep(SECOND).await;
    let hang = world
        .runtime
        .hang(FakeVerb::ObserveService, 1, FakeMoment::Before);
    let ended = end(&handle).await;
    assert_eq!(
        outcome(&ended),
        (Status::RolledBack, Reason::DeadlineExceeded)
    );
    assert_eq!(app.serving().await, texts(["v1"]));
    drop(hang);
}
