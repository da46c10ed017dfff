//! What Swarm does that one would not expect, each shown on a real engine. The decisions of a deployment rest on it,
//! so that an engine that behaves differently one day has to be noticed here first.

mod authority;
mod placement;
mod registry;
mod spec;
mod update;

use std::time::Duration;

use dokploy_core::ContainerRuntime;
use dokploy_core::conformance::runtime::{all_run, eventually, service};
use dokploy_core::runtime::{ObservedService, ServiceSpec, TaskState};

use crate::engine::Engine;

/// Runs until it is stopped.
const STEADY: &str = "exec sleep 3600";

/// A service of one task that runs a line of shell.
fn shell(engine: &Engine, part: &str, line: &str) -> ServiceSpec {
    let mut spec = service(&engine.name(part), &engine.base);
    spec.command = Some(words(line));
    spec
}

fn words(line: &str) -> Vec<String> {
    ["sh", "-c", line].map(str::to_owned).to_vec()
}

/// Creates a service and waits until it runs.
async fn start(engine: &Engine, spec: &ServiceSpec) -> ObservedService {
    dokploy_core::conformance::runtime::run(&engine.runtime, spec).await
}

/// Writes a specification over whatever is there now.
async fn update(engine: &Engine, spec: &ServiceSpec) -> ObservedService {
    for _ in 0..10 {
        let now = engine
            .runtime
            .observe_service(&spec.name)
            .await
            .unwrap()
            .unwrap();
        // The engine itself writes to the service at the end of an update.
        match engine
            .runtime
            .apply_service(spec, Some(now.version), None)
            .await
        {
            Ok(service) => return service,
            Err(error) => assert_eq!(error.code(), "conflict", "{error:?}"),
        }
    }
    panic!("service {} is written to without end", spec.name);
}

async fn state(engine: &Engine, name: &str, expected: &str) -> ObservedService {
    eventually(&engine.runtime, name, |service| {
        service.update_state.as_deref() == Some(expected)
    })
    .await
}

/// Looks at a service for a while, in which something has to stay as it is.
async fn for_a_while(
    engine: &Engine,
    name: &str,
    time: Duration,
    stays: impl Fn(&ObservedService) -> bool,
) -> ObservedService {
    let until = tokio::time::Instant::now() + time;
    loop {
        let service = engine.runtime.observe_service(name).await.unwrap().unwrap();
        assert!(stays(&service), "{service:#?}");
        if tokio::time::Instant::now() >= until {
            return service;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn running(service: &ObservedService) -> usize {
    let tasks = service.tasks.iter();
    tasks
        .filter(|task| task.state == TaskState::Running)
        .count()
}

fn is_done(service: &ObservedService) -> bool {
    all_run(service) && service.update_state.as_deref() == Some("completed")
}
