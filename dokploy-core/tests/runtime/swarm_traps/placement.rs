//! Ports and orders.

use std::time::Duration;

use dokploy_core::ContainerRuntime;
use dokploy_core::conformance::runtime::{all_run, eventually};
use dokploy_core::model::{Port, PortMode, Protocol, UpdateOrder};
use dokploy_core::runtime::TaskState;
use serde_json::json;

use super::{STEADY, for_a_while, is_done, running, shell, start, state, update, words};
use crate::engine::{Engine, port};

#[tokio::test]
async fn a_host_port_and_start_first_wait_for_ever() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "port", STEADY);
    spec.ports = vec![Port {
        target: 8080,
        published: Some(port()),
        mode: PortMode::Host,
        protocol: Protocol::Tcp,
    }];
    start(&engine, &spec).await;
    spec.command = Some(words("exec sleep 3601"));
    update(&engine, &spec).await;
    let service = eventually(&engine.runtime, &spec.name, |service| {
        service.tasks[0].error.is_some()
    })
    .await;
    let error = service.tasks[0].error.as_deref().unwrap();
    assert!(error.contains("host-mode port already in use"), "{error}");
    for_a_while(&engine, &spec.name, Duration::from_secs(5), |service| {
        service.update_state.as_deref() == Some("updating")
            && service.tasks[0].state == TaskState::Pending
    })
    .await;
    spec.order = UpdateOrder::StopFirst;
    spec.command = Some(words("exec sleep 3602"));
    update(&engine, &spec).await;
    eventually(&engine.runtime, &spec.name, is_done).await;
}

#[tokio::test]
async fn a_task_that_waits_for_a_port_is_forgotten_when_only_the_order_changes() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "forgotten", STEADY);
    spec.ports = vec![Port {
        target: 8080,
        published: Some(port()),
        mode: PortMode::Host,
        protocol: Protocol::Tcp,
    }];
    start(&engine, &spec).await;
    spec.command = Some(words("exec sleep 3601"));
    update(&engine, &spec).await;
    eventually(&engine.runtime, &spec.name, |service| {
        service.tasks[0].error.is_some()
    })
    .await;
    spec.order = UpdateOrder::StopFirst;
    update(&engine, &spec).await;
    // The old task stops, the new one was there before and counts as updated, and nobody starts it.
    state(&engine, &spec.name, "completed").await;
    let stuck = for_a_while(&engine, &spec.name, Duration::from_secs(5), |service| {
        running(service) == 0 && service.tasks[0].state == TaskState::Pending
    })
    .await;
    engine
        .runtime
        .restart_service(&spec.name, stuck.version)
        .await
        .unwrap();
    eventually(&engine.runtime, &spec.name, all_run).await;
}

#[tokio::test]
async fn stop_first_is_the_default_and_leaves_nothing_running_in_between() {
    let Some(engine) = Engine::find() else { return };
    let name = engine.name("order");
    engine.create_foreign(&name);
    eventually(&engine.runtime, &name, |service| running(service) == 1).await;
    engine.change(&name, |spec| {
        // The old task takes a second to stop, so that the gap can be seen.
        spec["TaskTemplate"]["ContainerSpec"]["Command"] = json!(["sleep", "3601"]);
    });
    eventually(&engine.runtime, &name, |service| running(service) == 0).await;
    eventually(&engine.runtime, &name, |service| running(service) == 1).await;
}

#[tokio::test]
async fn start_first_never_runs_fewer_tasks() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "no-gap", STEADY);
    start(&engine, &spec).await;
    spec.command = Some(words("exec sleep 3601"));
    update(&engine, &spec).await;
    for_a_while(&engine, &spec.name, Duration::from_secs(5), |service| {
        running(service) >= 1
    })
    .await;
    eventually(&engine.runtime, &spec.name, is_done).await;
}
