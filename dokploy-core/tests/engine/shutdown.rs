//! Graceful stops: what runs is handed back, and another engine finishes it.

use std::time::Duration;

use dokploy_core::Engine;
use dokploy_core::deployment::{EventKind, Reason, Status};
use dokploy_core::model::CommandLine;
use dokploy_core::runtime::{FakeBehavior, FakeBuild, FakeMoment, FakeTask, FakeVerb};
use dokploy_core::source::FakeCall;

use crate::world::{App, SECOND, World, end, events, outcome, texts};

/// How long a stop may take.
const PROMPT: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_stop_in_every_phase_of_a_success_hands_back_and_the_next_engine_finishes() {
    // Each phase takes about a second, the rollout some more.
    for tenths in (0..160).step_by(4) {
        let expected = (Status::Success, Reason::Healthy);
        stop_after(tenths, FakeBehavior::healthy(), expected, "v2").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_every_phase_of_a_rollback_hands_back_and_the_next_engine_finishes() {
    for tenths in (0..160).step_by(4) {
        let expected = (Status::RolledBack, Reason::Unhealthy);
        stop_after(
            tenths,
            FakeBehavior::crashes_after(4 * SECOND),
            expected,
            "v1",
        )
        .await;
    }
}

async fn stop_after(
    tenths: u32,
    behavior: FakeBehavior,
    expected: (Status, Reason),
    serving: &str,
) {
    let world = World::new();
    let first = world.engine().await;
    let app = slow(&world, &first).await;
    app.commit_that("v2", behavior.clone());
    let build = FakeBuild {
        duration: SECOND,
        behavior: Some(behavior),
        ..FakeBuild::default()
    };
    world.script_build("v2", build);
    let handle = app.deploy().await;
    tokio::time::sleep(SECOND / 10 * tenths).await;
    let asked = tokio::time::Instant::now();
    first.shutdown().await;
    assert!(asked.elapsed() < PROMPT, "{tenths}: {:?}", asked.elapsed());
    let handed_back = !handle.get().await.unwrap().state.status.is_terminal();
    let before = tokio::time::Instant::now();
    let _second = world.engine().await;
    let ended = end(&handle).await;
    assert_eq!(outcome(&ended), expected, "{tenths}");
    assert_eq!(app.serving().await, texts([serving]), "{tenths}");
    assert_eq!(ended.state.attempt, 1, "a hand-back is no lost worker");
    assert!(before.elapsed() < 30 * SECOND, "no lease had to end first");
    assert_eq!(world.one_offs(), (2, 0), "{tenths}");
    let log = events(&handle).await;
    let is_back = |event: &&EventKind| matches!(event, EventKind::HandedBack { .. });
    let backs = log.iter().filter(is_back).count();
    assert_eq!(
        backs,
        usize::from(handed_back && ended.state.epoch > 1),
        "{tenths}"
    );
}

/// An application that has deployed once, and of which each step takes a second from now on.
async fn slow<'a>(world: &'a World, engine: &Engine) -> App<'a> {
    let app = world
        .app(engine, |spec| {
            spec.registry = Some("registry.example/team".to_owned());
            spec.release_command = Some(CommandLine::Shell("migrate".to_owned()));
        })
        .await;
    app.deploy_version("v1").await;
    world.source.delay(FakeCall::Fetch, SECOND);
    world.source.delay(FakeCall::Resolve, SECOND);
    world.runtime.choose_task(|_| {
        Some(FakeTask {
            duration: SECOND,
            ..FakeTask::default()
        })
    });
    app
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_does_not_hold_up_a_stop() {
    for verb in [
        FakeVerb::EnsureNetwork,
        FakeVerb::ApplyService,
        FakeVerb::ObserveService,
    ] {
        let world = World::new();
        let engine = world.engine().await;
        let app = world.app(&engine, |_| {}).await;
        app.commit("v1");
        let mut hang = world.runtime.hang(verb, 1, FakeMoment::Before);
        let handle = app.deploy().await;
        hang.entered().await;
        let asked = tokio::time::Instant::now();
        engine.shutdown().await;
        assert!(asked.elapsed() < PROMPT, "{verb:?}: {:?}", asked.elapsed());
        let _next = world.engine().await;
        assert_eq!(
            outcome(&end(&handle).await),
            (Status::Success, Reason::Healthy),
            "{verb:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_engine_takes_nothing_more() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    engine.shutdown().await;
    app.commit("v1");
    let handle = app.deploy().await;
    tokio::time::sleep(600 * SECOND).await;
    assert_eq!(handle.get().await.unwrap().state.status, Status::Pending);
    let _next = world.engine().await;
    assert_eq!(end(&handle).await.state.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_restarted_for_ever_does_not_outlive_the_deadline() {
    let world = World::new();
    let first = world.engine().await;
    let app = world
        .app(&first, |spec| {
            spec.deadlines.total = 120 * SECOND;
            spec.health_check = Some(dokploy_core::model::HealthCheck::curl_preset());
        })
        .await;
    app.deploy_version("v1").await;
    app.commit_that("v2", FakeBehavior::never_healthy());
    let handle = app.deploy().await;
    let mut engine = first;
    for _ in 0..8 {
        tokio::time::sleep(20 * SECOND).await;
        engine.shutdown().await;
        engine = world.engine().await;
    }
    let ended = end(&handle).await;
    assert_eq!(
        outcome(&ended),
        (Status::RolledBack, Reason::DeadlineExceeded)
    );
    let took = ended
        .state
        .finished_at
        .unwrap()
        .since(ended.state.started_at.unwrap());
    assert!(took < 200 * SECOND, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_harms_nothing() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.commit("v1");
    let handle = app.deploy().await;
    tokio::time::sleep(2 * SECOND).await;
    world.clock.jump(Duration::from_hours(24));
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Success, Reason::Healthy)
    );
}
