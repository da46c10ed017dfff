//! Cancelling, in every phase.

use std::time::Duration;

use dokploy_core::deployment::{EventKind, Reason, Status, Step};
use dokploy_core::engine::Point;
use dokploy_core::model::{ActorRef, CommandLine};
use dokploy_core::runtime::{FakeBehavior, FakeBuild, FakeMoment, FakeTask, FakeVerb, OwnedKind};
use dokploy_core::source::FakeCall;
use dokploy_core::{Deployer, Engine};

use crate::world::{Action, App, FOREVER, SECOND, Script, World, end, events, outcome, texts};

const HOUR: Duration = Duration::from_hours(1);

/// How long a cancelled deployment may take to end.
const PROMPT: Duration = Duration::from_secs(10);

/// Waits until the deployment has begun a step.
async fn begun(app: &App<'_>, id: dokploy_core::id::DeploymentId, step: Step) {
    let waiting = async {
        loop {
            let found = app.engine.find(id).await.unwrap().unwrap();
            if found.state.steps.contains_key(&step) {
                return;
            }
            tokio::time::sleep(SECOND / 20).await;
        }
    };
    tokio::time::timeout(FOREVER, waiting).await.unwrap();
}

/// Something that makes one step take long.
fn slow(world: &World, step: Step) {
    match step {
        Step::ResolveSource => world.source.delay(FakeCall::Resolve, HOUR),
        Step::FetchSource => world.source.delay(FakeCall::Fetch, HOUR),
        Step::BuildImage => {
            world.script_build(
                "v2",
                FakeBuild {
                    duration: HOUR,
                    ..FakeBuild::default()
                },
            );
        }
        Step::RunReleaseCommand => {
            world.runtime.choose_task(|_| {
                Some(FakeTask {
                    duration: HOUR,
                    ..FakeTask::default()
                })
            });
        }
        _ => {}
    }
}

async fn prepared<'a>(world: &'a World, engine: &Engine) -> App<'a> {
    world
        .app(engine, |spec| {
            spec.registry = Some("registry.example/team".to_owned());
            spec.release_command = Some(CommandLine::Shell("migrate".to_owned()));
        })
        .await
}

#[tokio::test(start_paused = true)]
async fn cancelling_before_the_switch_stops_the_work_and_leaves_the_service_alone() {
    for step in [
        Step::ResolveSource,
        Step::FetchSource,
        Step::BuildImage,
        Step::RunReleaseCommand,
    ] {
        let world = World::new();
        let engine = world.engine().await;
        let app = prepared(&world, &engine).await;
        app.deploy_version("v1").await;
        let before = app.service().await;
        app.commit_that("v2", FakeBehavior::healthy());
        slow(&world, step);
        let handle = app.deploy().await;
        begun(&app, handle.id(), step).await;
        tokio::time::sleep(SECOND).await;
        let asked = tokio::time::Instant::now();
        handle
            .cancel(Some(ActorRef("ann".to_owned())))
            .await
            .unwrap();
        let cancelled = end(&handle).await;
        assert!(asked.elapsed() < PROMPT, "{step}: {:?}", asked.elapsed());
        assert_eq!(
            outcome(&cancelled),
            (Status::Cancelled, Reason::Requested),
            "{step}"
        );
        assert_eq!(app.service().await, before, "{step}");
        assert_eq!(world.one_offs().1, 0, "{step}");
        let last = events(&handle).await;
        let by = |event: &EventKind| matches!(event, EventKind::CancelRequested { actor: Some(ActorRef(name)) } if name == "ann");
        assert!(last.iter().any(by));
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_at_every_point_ends_cancelled_with_the_previous_version_serving() {
    let steps = [
        Step::ResolveSource,
        Step::FetchSource,
        Step::BuildImage,
        Step::PushImage,
        Step::RunReleaseCommand,
        Step::ApplyService,
        Step::AwaitHealthy,
    ];
    let points = steps.into_iter().flat_map(|step| {
        [
            Point::BeforeEffect(step),
            Point::AfterEffect(step),
            Point::Written(step),
        ]
    });
    for point in points {
        let world = World::new();
        let script = Script::new();
        let engine = world.scripted_engine(&script, |_| {}).await;
        let app = prepared(&world, &engine).await;
        app.deploy_version("v1").await;
        script.add(point, Action::Hold);
        app.commit("v2");
        let handle = app.deploy().await;
        script.reached().await;
        handle.cancel(None).await.unwrap();
        script.release();
        let cancelled = end(&handle).await;
        let last = Point::Written(Step::AwaitHealthy);
        if point == last || point == Point::AfterEffect(Step::AwaitHealthy) {
            // All was verified when somebody asked: there was nothing left to stop.
            assert_eq!(
                outcome(&cancelled),
                (Status::Success, Reason::Healthy),
                "{point:?}"
            );
            assert_eq!(app.serving().await, texts(["v2"]), "{point:?}");
            continue;
        }
        assert_eq!(
            outcome(&cancelled),
            (Status::Cancelled, Reason::Requested),
            "{point:?}"
        );
        assert_eq!(app.serving().await, texts(["v1"]), "{point:?}");
        assert_eq!(world.one_offs().1, 0, "{point:?}");
        assert_eq!(
            app.deploy_version("v3").await.state.status,
            Status::Success,
            "{point:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn cancelling_during_the_rollout_restores_the_previous_release_at_once() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |spec| {
        spec.replicas = 2;
        spec.update.monitor = 60 * SECOND;
    });
    let app = app.await;
    let first = app.deploy_version("v1").await;
    app.commit("v2");
    let handle = app.deploy().await;
    begun(&app, handle.id(), Step::AwaitHealthy).await;
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(app.serving().await, texts(["v2"]));
    let asked = tokio::time::Instant::now();
    handle.cancel(None).await.unwrap();
    let cancelled = end(&handle).await;
    assert!(asked.elapsed() < PROMPT, "{:?}", asked.elapsed());
    assert_eq!(outcome(&cancelled), (Status::Cancelled, Reason::Requested));
    assert_eq!(app.serving().await, texts(["v1"]));
    assert_eq!(
        app.stored().await.current_release_id,
        first.state.release_id
    );
}

#[tokio::test(start_paused = true)]
async fn cancelling_the_first_rollout_removes_the_service() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.commit_that("v1", FakeBehavior::CannotBePlaced);
    let handle = app.deploy().await;
    begun(&app, handle.id(), Step::AwaitHealthy).await;
    handle.cancel(None).await.unwrap();
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Cancelled, Reason::Requested)
    );
    assert!(app.service().await.is_none());
    assert_eq!(world.owned(OwnedKind::Service).await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn cancelling_what_waits_ends_it_at_once_without_an_engine() {
    let world = World::new();
    let engine = world.engine_with(|options| options.concurrency = 0).await;
    let app = world.app(&engine, |_| {}).await;
    app.commit("v1");
    let handle = app.deploy().await;
    let cancelled = handle.cancel(None).await.unwrap();
    assert_eq!(outcome(&cancelled), (Status::Cancelled, Reason::Requested));
    assert_eq!(engine.queue_stats().await.unwrap().waiting, 0);
    // Asking again, or for one that is terminal, is no error and changes nothing.
    let again = handle.cancel(None).await.unwrap();
    assert_eq!(again.state, cancelled.state);
}

#[tokio::test(start_paused = true)]
async fn cancelling_goes_on_when_a_call_of_the_engine_hangs() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    app.commit("v2");
    let mut hang = world
        .runtime
        .hang(FakeVerb::EnsureNetwork, 1, FakeMoment::Before);
    let handle = app.deploy().await;
    hang.entered().await;
    let asked = tokio::time::Instant::now();
    handle.cancel(None).await.unwrap();
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Cancelled, Reason::Requested)
    );
    assert!(asked.elapsed() < PROMPT, "{:?}", asked.elapsed());
    assert_eq!(app.serving().await, texts(["v1"]));
    hang.release();
}

#[tokio::test(start_paused = true)]
async fn cancelling_goes_on_while_the_engine_is_away_and_ends_when_it_is_back() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    app.commit("v2");
    let handle = app.deploy().await;
    begun(&app, handle.id(), Step::AwaitHealthy).await;
    world.runtime.set_away(true);
    handle.cancel(None).await.unwrap();
    tokio::time::sleep(60 * SECOND).await;
    let waiting = handle.get().await.unwrap();
    assert!(
        !waiting.state.status.is_terminal(),
        "cancelled only when the work has stopped"
    );
    world.runtime.set_away(false);
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Cancelled, Reason::Requested)
    );
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn a_cancellation_that_another_process_accepts_is_seen_without_a_signal() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.commit_that("v1", FakeBehavior::CannotBePlaced);
    let handle = app.deploy().await;
    begun(&app, handle.id(), Step::AwaitHealthy).await;
    let other = world.deaf_engine(|options| options.concurrency = 0).await;
    let asked = tokio::time::Instant::now();
    other.cancel(handle.id(), None).await.unwrap();
    assert_eq!(end(&handle).await.state.status, Status::Cancelled);
    assert!(asked.elapsed() < PROMPT, "{:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_restore_goes_on_to_its_end() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    app.commit_that("v2", FakeBehavior::crashes_after(SECOND));
    let handle = app.deploy().await;
    begun(&app, handle.id(), Step::RestorePrevious).await;
    handle.cancel(None).await.unwrap();
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::RolledBack, Reason::Unhealthy)
    );
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_is_cancelled_leaves_the_current_release() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    let second = app.deploy_version("v2").await;
    let request = dokploy_core::RollbackRequest {
        application: app.application.id,
        release: None,
        actor: None,
        idempotency_key: None,
    };
    let handle = engine.roll_back(request).await.unwrap();
    begun(&app, handle.id(), Step::AwaitHealthy).await;
    handle.cancel(None).await.unwrap();
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Cancelled, Reason::Requested)
    );
    assert_eq!(app.serving().await, texts(["v2"]));
    let kept = engine.find(second.id).await.unwrap().unwrap();
    assert_eq!(kept.state.status, Status::Success);
}
