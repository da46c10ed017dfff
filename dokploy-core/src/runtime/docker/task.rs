//! One-off tasks: services of one task that is never started again.
//!
//! A service and not a bare container, so that secrets, networks and placement work as they do for the application,
//! and so that the outcome can be found again by name after a crash of ours.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bollard::Docker;
use bollard::models::{Service, Task};
use futures::StreamExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::connect::Engine;
use super::logs::{Logs, Output};
use super::{convert, network, observe, placement, registry, service as services};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{
    LogSink, LogStream, ObservedTask, Refusal, TaskHealth, TaskOutcome, TaskSpec, TaskState,
};

/// Why a task was stopped, written to its service, so that the same call gives the same answer later.
const STOPPED: &str = "dokploy.stopped";
/// How many of the last lines are kept.
const TAIL: usize = 20;
/// How often to look at a task without being told to.
const LOOK: Duration = Duration::from_millis(500);
/// How often a task that could not be started is tried, and the pause in between: about half a minute.
const TRIES: u32 = 7;
const PAUSE: Duration = Duration::from_secs(5);
/// How long the rest of the output may take once a task has ended.
const REST_TIME: Duration = Duration::from_secs(10);
/// How often to try again when somebody else writes to the service that is to be stopped.
const ATTEMPTS: u32 = 5;

/// Runs a task to its end, or takes up one that was started before.
pub(super) async fn run(
    docker: &Docker,
    engine: &Engine,
    spec: &TaskSpec,
    deadline: Duration,
    log: &dyn LogSink,
    cancel: &CancellationToken,
) -> Result<TaskOutcome> {
    let latest = Instant::now() + deadline;
    let service = take_up(docker, spec).await?;
    if let Some(reason) = stopped(&service) {
        return Err(stop_error(&spec.name, reason));
    }
    let id = service.id.clone().unwrap_or_default();
    let seen = AtomicUsize::new(0);
    let reason = tokio::select! {
        ended = end(docker, &spec.name, &id) => {
            let ended = ended?;
            let tail = rest(engine, &ended, &seen, log).await;
            return Ok(outcome(ended, tail));
        }
        never = copy(engine, &id, &seen, log) => match never {},
        () = tokio::time::sleep_until(latest) => "timed_out",
        () = cancel.cancelled() => "cancelled",
    };
    stop(docker, &spec.name, reason).await?;
    Err(stop_error(&spec.name, reason))
}

/// Removes what a task left.
pub(super) async fn remove(docker: &Docker, name: &str) -> Result<()> {
    services::remove(docker, name).await
}

async fn take_up(docker: &Docker, spec: &TaskSpec) -> Result<Service> {
    if let Some(service) = services::find(docker, &spec.name).await? {
        services::check_ours(&service, &spec.name)?;
        return Ok(service);
    }
    for volume in &spec.volumes {
        network::check_volume(docker, &volume.source).await?;
    }
    placement::check(docker, &spec.constraints).await?;
    let known = services::known(docker, &spec.secrets, &spec.networks).await?;
    let converted = convert::task(spec, &known)?;
    let credentials = registry::credentials_of(&spec.image, spec.credential.as_ref())?;
    match services::create(docker, &spec.name, converted, credentials).await {
        Ok(()) => {}
        // Another call of the same name was faster: its task is this one's too.
        Err(error) if error.kind() == ErrorKind::Conflict => {}
        Err(error) => return Err(error),
    }
    let service = services::find(docker, &spec.name).await?;
    let service = service.ok_or_else(|| Error::not_found("task", &spec.name))?;
    services::check_ours(&service, &spec.name)?;
    Ok(service)
}

/// The task, once it has ended: the latest, where one could not be started and was tried again.
fn ended(tasks: &[Task]) -> Option<ObservedTask> {
    let tasks = tasks.iter();
    let tasks = tasks.map(|task| observe::observed_task(task, TaskHealth::Unknown));
    let latest = tasks.max_by_key(|task| task.forced)?;
    (latest.state > TaskState::Running).then_some(latest)
}

/// Starts a task that never ran once more: Swarm itself never starts one of these again.
async fn try_again(docker: &Docker, name: &str) -> Result<()> {
    tokio::time::sleep(PAUSE).await;
    let Some(service) = services::find(docker, name).await? else {
        return Ok(());
    };
    match services::restart(docker, name, services::version(&service)).await {
        Err(error) if error.kind() == ErrorKind::Conflict || error.is_retryable() => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// Waits until the task has ended.
async fn end(docker: &Docker, name: &str, service_id: &str) -> Result<ObservedTask> {
    let mut changes = observe::watch(docker, name);
    let mut tries = 1;
    loop {
        let tasks = observe::tasks(docker, service_id).await;
        match tasks {
            Ok(None) => return Err(Error::not_found("task", name)),
            Ok(Some(tasks)) => match ended(&tasks) {
                Some(ended) if ended.refusal == Some(Refusal::Passing) && tries < TRIES => {
                    tries += 1;
                    try_again(docker, name).await?;
                }
                Some(ended) => return Ok(ended),
                None => {}
            },
            // The engine may be away for a while; the deadline of the call is the end of patience.
            Err(error) if error.is_retryable() => {}
            Err(error) => return Err(error),
        }
        tokio::select! {
            _ = changes.next() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

enum Never {}

/// Hands on output as it comes. What this misses, [`rest`] finds.
async fn copy(engine: &Engine, service_id: &str, seen: &AtomicUsize, log: &dyn LogSink) -> Never {
    let request = Logs {
        follow: true,
        ..Logs::of_service(service_id)
    };
    if let Ok(mut output) = request.open(engine).await {
        while let Some(Ok(line)) = output.next().await {
            if line.stream != LogStream::System {
                seen.fetch_add(1, Ordering::Relaxed);
                log.line(line.stream, line.text.as_bytes());
            }
        }
    }
    std::future::pending().await
}

/// Reads the whole output of a task that has ended, hands on what was not yet, and returns the last lines.
async fn rest(
    engine: &Engine,
    ended: &ObservedTask,
    seen: &AtomicUsize,
    log: &dyn LogSink,
) -> Vec<String> {
    let mut tail = VecDeque::new();
    if ended.container.is_none() {
        return Vec::new();
    }
    let seen = seen.load(Ordering::Relaxed);
    let read = async {
        let mut output: Output = Logs::of_task(&ended.id).open(engine).await.ok()?;
        let mut place = 0;
        while let Some(Ok(line)) = output.next().await {
            if line.stream == LogStream::System {
                continue;
            }
            if place >= seen {
                log.line(line.stream, line.text.as_bytes());
            }
            place += 1;
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(line.text);
        }
        Some(())
    };
    // The outcome is known: a node that does not hand out its log does not change it.
    let _ = tokio::time::timeout(REST_TIME, read).await;
    tail.into()
}

fn outcome(ended: ObservedTask, tail: Vec<String>) -> TaskOutcome {
    let message = ended.error.or(match ended.state {
        TaskState::Complete => None,
        _ => ended.message,
    });
    TaskOutcome {
        exit_code: ended.exit_code,
        message,
        tail,
    }
}

/// Stops a task, keeps the reason, and waits until it has really stopped.
async fn stop(docker: &Docker, name: &str, reason: &str) -> Result<()> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let Some(service) = services::find(docker, name).await? else {
            return Ok(());
        };
        let labels = HashMap::from([(STOPPED.to_owned(), reason.to_owned())]);
        match services::retire(docker, &service, labels).await {
            Ok(()) => return services::wait_until_gone(docker, &service, name).await,
            Err(error) if error.kind() == ErrorKind::Conflict && attempt < ATTEMPTS => {}
            Err(error) => return Err(error),
        }
    }
}

fn stopped(service: &Service) -> Option<&str> {
    let labels = service.spec.as_ref()?.labels.as_ref()?;
    labels.get(STOPPED).map(String::as_str)
}

fn stop_error(name: &str, reason: &str) -> Error {
    if reason == "cancelled" {
        Error::new(ErrorKind::Cancelled, format!("task {name} was cancelled"))
    } else {
        Error::new(
            ErrorKind::TimedOut,
            format!("task {name} did not end in time"),
        )
        .with_hint("give it more time, or find out what it waits for")
    }
    .with_operation("run_task")
}
