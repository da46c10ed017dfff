//! A database that restarts, hangs, or loses its answers in the middle of everything.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::deployment::{Reason, Status, Step, replay};
use dokploy_core::engine::Point;
use dokploy_core::model::{CommandLine, DeploymentRequest};
use dokploy_core::runtime::FakeBehavior;
use dokploy_core::store::DeploymentFilter;
use dokploy_core::store::MemoryStore;
use dokploy_core::{DeployRequest, Deployer, ErrorKind};
use futures::StreamExt;

use crate::world::{Action, App, Gate, SECOND, Script, Way, World, end, outcome, texts};

fn gated() -> (Gate, World) {
    let gate = Gate::new(Arc::new(MemoryStore::new()));
    let world = World::on(Arc::new(gate.clone()));
    (gate, world)
}

async fn prepared<'a>(world: &'a World, engine: &dokploy_core::Engine) -> App<'a> {
    let app = world
        .app(engine, |spec| {
            spec.registry = Some("registry.example/team".to_owned());
            spec.release_command = Some(CommandLine::Shell("migrate".to_owned()));
        })
        .await;
    assert_eq!(app.deploy_version("v1").await.state.status, Status::Success);
    app
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_away_in_any_phase_loses_and_doubles_nothing() {
    let good = (
        FakeBehavior::healthy(),
        (Status::Success, Reason::Healthy),
        "v2",
    );
    let crash = FakeBehavior::crashes_after(4 * SECOND);
    let bad = (crash, (Status::RolledBack, Reason::Unhealthy), "v1");
    // Shorter than a lease, and longer than one.
    for outage in [5, 60] {
        for way in [Way::Away, Way::Hanging, Way::Deaf] {
            for (behavior, expected, serving) in [good.clone(), bad.clone()] {
                for tenths in [0, 2, 4, 20, 60, 90] {
                    let what = format!("{way:?} for {outage} s after {tenths}");
                    let (gate, world) = gated();
                    let engine = world.engine().await;
                    let app = prepared(&world, &engine).await;
                    app.commit_that("v2", behavior.clone());
                    let handle = app.deploy().await;
                    tokio::time::sleep(SECOND / 10 * tenths).await;
                    gate.set(way);
                    tokio::time::sleep(outage * SECOND).await;
                    gate.set(Way::Open);
                    let ended = end(&app.engine_handle(handle.id())).await;
                    assert_eq!(outcome(&ended), expected, "{what}");
                    assert_eq!(app.serving().await, texts([serving]), "{what}");
                    assert_eq!(world.one_offs().1, 0, "{what}");
                    let log = world.store.events(ended.id, 0, 10_000).await.unwrap();
                    assert_eq!(replay(&log).unwrap(), ended.state, "{what}");
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_append_whose_answer_is_lost_is_not_written_twice() {
    for step in Step::ALL {
        let (gate, world) = gated();
        let script = Script::new();
        let engine = world.scripted_engine(&script, |_| {}).await;
        let app = prepared(&world, &engine).await;
        let behavior = match step {
            Step::RestorePrevious => FakeBehavior::crashes_after(SECOND),
            _ => FakeBehavior::healthy(),
        };
        app.commit_that("v2", behavior);
        script.add(Point::AfterEffect(step), Action::Hold);
        let handle = app.deploy().await;
        script.reached().await;
        gate.lose_next("append_events");
        script.release();
        let ended = end(&handle).await;
        let expected = match step {
            Step::RestorePrevious => (Status::RolledBack, Reason::Unhealthy),
            _ => (Status::Success, Reason::Healthy),
        };
        assert_eq!(outcome(&ended), expected, "{step}");
        let log = world.store.events(ended.id, 0, 10_000).await.unwrap();
        let finished = log.iter().filter(|event| {
            matches!(&event.kind, dokploy_core::deployment::EventKind::StepFinished { step: finished, .. } if *finished == step)
        });
        assert_eq!(finished.count(), 1, "{step}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_single_answer_that_is_missing_within_a_step_fails_a_deployment() {
    let asked = [
        (Step::BuildImage, "find_release_by_fingerprint"),
        (Step::ApplyService, "create_release"),
        (Step::ApplyService, "find_application"),
        (Step::ApplyService, "find_deployment"),
        (Step::AwaitHealthy, "find_release"),
        (Step::RestorePrevious, "find_application"),
        (Step::RestorePrevious, "find_release"),
    ];
    for (step, name) in asked {
        let (gate, world) = gated();
        let script = Script::new();
        let engine = world.scripted_engine(&script, |_| {}).await;
        let app = prepared(&world, &engine).await;
        let (behavior, expected) = match step {
            Step::RestorePrevious => (
                FakeBehavior::crashes_after(SECOND),
                (Status::RolledBack, Reason::Unhealthy),
            ),
            _ => (FakeBehavior::healthy(), (Status::Success, Reason::Healthy)),
        };
        app.commit_that("v2", behavior);
        script.add(Point::BeforeEffect(step), Action::Hold);
        let handle = app.deploy().await;
        script.reached().await;
        gate.lose_next(name);
        script.release();
        // Whoever waits for the end asks the store as well, and must not be the one whose answer is lost.
        tokio::time::sleep(60 * SECOND).await;
        let ended = end(&handle).await;
        assert!(gate.has_lost_all(), "{step} asks {name}");
        assert_eq!(outcome(&ended), expected, "{step}: {name}");
        let serving = match step {
            Step::RestorePrevious => "v1",
            _ => "v2",
        };
        assert_eq!(app.serving().await, texts([serving]), "{step}: {name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_terminal_event_whose_answer_is_lost_ends_the_deployment_once() {
    let (gate, world) = gated();
    let script = Script::new();
    let engine = world.scripted_engine(&script, |_| {}).await;
    let app = prepared(&world, &engine).await;
    app.commit("v2");
    script.add(Point::BeforeEnd, Action::Hold);
    let handle = app.deploy().await;
    script.reached().await;
    gate.lose_next("append_events");
    script.release();
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Success, Reason::Healthy)
    );
    // The application is free at once.
    let before = tokio::time::Instant::now();
    assert_eq!(app.deploy_version("v3").await.state.status, Status::Success);
    assert!(before.elapsed() < 20 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_acceptance_whose_answer_is_lost_is_found_by_its_key() {
    let (gate, world) = gated();
    let engine = world.engine().await;
    let app = prepared(&world, &engine).await;
    app.commit("v2");
    let request = || DeployRequest {
        idempotency_key: Some("delivery-1".to_owned()),
        ..DeployRequest::of(app.application.id)
    };
    gate.lose_next("create_deployment");
    let lost = engine.deploy(request()).await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Unavailable);
    let handle = engine.deploy(request()).await.unwrap();
    end(&handle).await;
    let all = engine
        .deployments(
            &DeploymentFilter::default(),
            dokploy_core::model::PageRequest::first(),
        )
        .await
        .unwrap();
    assert_eq!(all.items.len(), 2, "v1 and v2");
}

#[tokio::test(start_paused = true)]
async fn while_it_is_away_nothing_is_accepted_and_the_answer_says_so() {
    let (gate, world) = gated();
    let engine = world.engine().await;
    let app = prepared(&world, &engine).await;
    gate.set(Way::Away);
    let refused = app
        .try_deploy(DeploymentRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(refused.is_retryable());
    gate.set(Way::Open);
    assert_eq!(app.deploy_version("v2").await.state.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_cut_off_stops_before_its_lease_ends() {
    let (gate, world) = gated();
    let cut_off = world.engine().await;
    let app = prepared(&world, &cut_off).await;
    app.update(|spec| spec.update.monitor = 600 * SECOND).await;
    app.commit("v2");
    let handle = app.deploy().await;
    tokio::time::sleep(10 * SECOND).await;
    gate.set(Way::Hanging);
    // Two thirds of thirty seconds, and the time that a step may take to stop.
    tokio::time::sleep(Duration::from_secs(27)).await;
    let looks = world
        .runtime
        .calls(dokploy_core::runtime::FakeVerb::ObserveService);
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(
        world
            .runtime
            .calls(dokploy_core::runtime::FakeVerb::ObserveService),
        looks
    );
    gate.set(Way::Open);
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Success, Reason::Healthy)
    );
}

#[tokio::test(start_paused = true)]
async fn a_watch_goes_on_after_an_error_from_where_it_was() {
    let (gate, world) = gated();
    let engine = world.engine().await;
    let app = prepared(&world, &engine).await;
    app.commit("v2");
    let handle = app.deploy().await;
    let mut seen = Vec::new();
    let mut rounds: u32 = 0;
    loop {
        let mut events = handle.events(seen.len() as u64);
        let mut failed = false;
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => seen.push(event),
                Err(error) => {
                    assert!(error.is_retryable(), "{error}");
                    failed = true;
                }
            }
            rounds += 1;
            gate.set(if rounds.is_multiple_of(5) {
                Way::Away
            } else {
                Way::Open
            });
        }
        gate.set(Way::Open);
        if !failed {
            break;
        }
    }
    let log = world.store.events(handle.id(), 0, 10_000).await.unwrap();
    assert_eq!(seen, log);
}
