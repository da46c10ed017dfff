//! What is reported of a service after its deployment.

use dokploy_core::deployment::{EventKind, Reason, Status};
use dokploy_core::runtime::FakeVerb;
use dokploy_core::{Deployer, Engine};

use crate::world::{App, SECOND, World, end, outcome, texts};

/// How soon somebody else's change has to be reported.
const PROMPT: std::time::Duration = std::time::Duration::from_secs(30);

async fn watching(world: &World) -> Engine {
    world
        .deaf_engine(|options| options.watch_interval = 10 * SECOND)
        .await
}

async fn log(world: &World, id: dokploy_core::id::DeploymentId) -> Vec<EventKind> {
    let events = world.store.events(id, 0, 1000).await.unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

fn count(log: &[EventKind], which: fn(&EventKind) -> bool) -> usize {
    log.iter().filter(|event| which(event)).count()
}

const DRIFTED: fn(&EventKind) -> bool = |event| matches!(event, EventKind::Drifted { .. });
const DEGRADED: fn(&EventKind) -> bool = |event| matches!(event, EventKind::Degraded { .. });
const RECOVERED: fn(&EventKind) -> bool = |event| matches!(event, EventKind::Recovered);

#[tokio::test(start_paused = true)]
async fn an_outside_change_is_reported_within_thirty_seconds_once_and_never_undone() {
    type Change = fn(&World, &App<'_>);
    let changes: [(&str, Change); 4] = [
        ("environment", |world, app| {
            let service = &app.application.service_name;
            world
                .runtime
                .update_outside(service, |spec| spec.env.push(("X".into(), "1".into())))
                .unwrap();
        }),
        ("our label", |world, app| {
            let service = &app.application.service_name;
            world
                .runtime
                .update_outside(service, |spec| spec.labels.clear())
                .unwrap();
        }),
        ("removed", |world, app| {
            world
                .runtime
                .remove_outside(&app.application.service_name)
                .unwrap();
        }),
        ("replaced", |world, app| {
            let service = &app.application.service_name;
            world.runtime.remove_outside(service).unwrap();
            world.runtime.add_image("theirs:1");
            let mut spec = dokploy_core::conformance::runtime::service(service, "theirs:1");
            spec.labels.clear();
            world.runtime.create_outside(spec);
        }),
    ];
    for (what, change) in changes {
        let world = World::new();
        let engine = watching(&world).await;
        let app = world.app(&engine, |_| {}).await;
        let deployment = app.deploy_version("v1").await;
        tokio::time::sleep(60 * SECOND).await;
        assert_eq!(
            count(&log(&world, deployment.id).await, DRIFTED),
            0,
            "{what}"
        );
        change(&world, &app);
        let writes = world.runtime.journal().len();
        tokio::time::sleep(PROMPT).await;
        assert_eq!(
            count(&log(&world, deployment.id).await, DRIFTED),
            1,
            "{what}"
        );
        tokio::time::sleep(300 * SECOND).await;
        assert_eq!(
            count(&log(&world, deployment.id).await, DRIFTED),
            1,
            "{what}"
        );
        assert_eq!(
            world.runtime.journal().len(),
            writes,
            "{what}: it only looks"
        );
        let state = engine.find(deployment.id).await.unwrap().unwrap().state;
        assert!(state.drifted && state.status == Status::Success, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn scaling_through_the_engine_is_no_outside_change() {
    let world = World::new();
    let engine = watching(&world).await;
    let app = world.app(&engine, |_| {}).await;
    let deployment = app.deploy_version("v1").await;
    engine.scale(app.application.id, 3).await.unwrap();
    tokio::time::sleep(60 * SECOND).await;
    engine.stop(app.application.id).await.unwrap();
    tokio::time::sleep(60 * SECOND).await;
    engine.start(app.application.id).await.unwrap();
    tokio::time::sleep(60 * SECOND).await;
    engine.restart(app.application.id).await.unwrap();
    tokio::time::sleep(60 * SECOND).await;
    let log = log(&world, deployment.id).await;
    assert_eq!(
        (count(&log, DRIFTED), count(&log, DEGRADED)),
        (0, 0),
        "{log:?}"
    );
    assert_eq!(app.service().await.unwrap().replicas, 3);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_loses_a_replica_is_degraded_and_recovers() {
    let world = World::new();
    let engine = watching(&world).await;
    let app = world
        .app(&engine, |spec| {
            spec.replicas = 2;
            spec.restart.delay = 60 * SECOND;
        })
        .await;
    let deployment = app.deploy_version("v1").await;
    let task = app.service().await.unwrap().tasks[0].id.clone();
    world.runtime.kill_task(&task).unwrap();
    tokio::time::sleep(PROMPT).await;
    let degraded = log(&world, deployment.id).await;
    assert_eq!(count(&degraded, DEGRADED), 1);
    let Some(EventKind::Degraded { message, tasks }) = degraded.last() else {
        panic!("{degraded:?}")
    };
    assert_eq!(message, "1 of 2 replicas are healthy");
    assert!(!tasks.is_empty());
    tokio::time::sleep(60 * SECOND).await;
    let recovered = log(&world, deployment.id).await;
    assert_eq!(
        (count(&recovered, DEGRADED), count(&recovered, RECOVERED)),
        (1, 1)
    );
    let state = engine.find(deployment.id).await.unwrap().unwrap().state;
    assert!(!state.degraded);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_replaced_at_once_is_no_news() {
    let world = World::new();
    let engine = watching(&world).await;
    let app = world.app(&engine, |spec| spec.restart.delay = SECOND).await;
    let deployment = app.deploy_version("v1").await;
    for _ in 0..2 {
        let tasks = app.service().await.unwrap().tasks;
        let running = tasks.iter().find(|task| task.wanted).unwrap();
        world.runtime.kill_task(&running.id).unwrap();
        tokio::time::sleep(150 * SECOND).await;
    }
    assert_eq!(count(&log(&world, deployment.id).await, DEGRADED), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_reported_while_a_deployment_is_under_way_or_the_engine_is_away() {
    let world = World::new();
    let engine = watching(&world).await;
    let app = world
        .app(&engine, |spec| spec.update.monitor = 120 * SECOND)
        .await;
    let first = app.deploy_version("v1").await;
    let before = log(&world, first.id).await;
    let second = app.deploy_version("v2").await;
    assert_eq!(outcome(&second), (Status::Success, Reason::Healthy));
    assert_eq!(log(&world, first.id).await, before);
    world.runtime.set_away(true);
    tokio::time::sleep(300 * SECOND).await;
    world.runtime.set_away(false);
    tokio::time::sleep(60 * SECOND).await;
    let quiet = log(&world, second.id).await;
    assert_eq!((count(&quiet, DRIFTED), count(&quiet, DEGRADED)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn one_engine_watches_and_another_takes_over_when_it_is_lost() {
    let world = World::new();
    let first = watching(&world).await;
    let app = world.app(&first, |_| {}).await;
    let deployment = app.deploy_version("v1").await;
    tokio::time::sleep(60 * SECOND).await;
    let _second = watching(&world).await;
    let looks = world.runtime.calls(FakeVerb::ObserveService);
    tokio::time::sleep(100 * SECOND).await;
    let looks = world.runtime.calls(FakeVerb::ObserveService) - looks;
    assert!(
        (9..=11).contains(&looks),
        "one of them looked {looks} times"
    );
    first.abort();
    let service = &app.application.service_name;
    world
        .runtime
        .update_outside(service, |spec| spec.init = true)
        .unwrap();
    tokio::time::sleep(PROMPT).await;
    assert_eq!(count(&log(&world, deployment.id).await, DRIFTED), 1);
}

#[tokio::test(start_paused = true)]
async fn the_release_that_serves_after_a_rollback_is_watched() {
    let world = World::new();
    let engine = watching(&world).await;
    let app = world.app(&engine, |_| {}).await;
    let first = app.deploy_version("v1").await;
    let crash = dokploy_core::runtime::FakeBehavior::crashes_after(SECOND);
    let bad = app.deploy_that("v2", crash).await;
    assert_eq!(bad.state.status, Status::RolledBack);
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(count(&log(&world, first.id).await, DRIFTED), 0);
    let service = &app.application.service_name;
    world
        .runtime
        .update_outside(service, |spec| spec.init = true)
        .unwrap();
    tokio::time::sleep(PROMPT).await;
    assert_eq!(count(&log(&world, first.id).await, DRIFTED), 1);
    // The next deployment puts it right, and nothing more is reported.
    let next = end(&app.deploy().await).await;
    assert_eq!(next.state.status, Status::RolledBack, "v2 is still bad");
    assert_eq!(app.serving().await, texts(["v1"]));
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(count(&log(&world, first.id).await, DRIFTED), 1);
}
