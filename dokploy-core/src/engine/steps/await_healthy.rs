//! Waits until every task of the rollout is healthy and stayed so.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::rollout::{Rollout, RolloutFailure, Verdict};
use super::super::worker::Work;
use super::super::{retry, sweep};
use crate::deployment::{EventKind, Step, StepOutput, TaskView};
use crate::error::{Error, ErrorKind, Result};
use crate::model::{Release, UpdatePolicy};
use crate::runtime::{ObservedService, label};

/// What is watched.
pub(super) struct Watching<'a> {
    pub(super) step: Step,
    /// Value of the rollout label of the tasks.
    pub(super) rollout: String,
    pub(super) update: &'a UpdatePolicy,
    /// Whether they have to stay healthy for the monitor period; what runs unchanged has proved itself before.
    pub(super) monitored: bool,
    pub(super) stop: &'a CancellationToken,
}

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    let state = work.journal.state();
    let Some(StepOutput::Applied {
        rollout,
        changed,
        release_id,
        ..
    }) = state.output(Step::ApplyService)
    else {
        return Err(Error::new(ErrorKind::Unexpected, "no service was applied"));
    };
    let release: Option<Release> = work.inner.store.find_release(*release_id).await?;
    let spec = release.map_or_else(|| work.deployment.spec.clone(), |release| release.spec);
    let watching = Watching {
        step: Step::AwaitHealthy,
        rollout: rollout.clone(),
        update: &spec.update,
        monitored: *changed,
        stop: work.stop.forwards(),
    };
    // The wait is the time to collect what no retained release needs: the claim keeps every other deployment of the
    // application from building meanwhile.
    let (verdict, ()) = tokio::join!(watch(work, &watching), sweep::application(work));
    verdict?;
    Ok(StepOutput::Done)
}

/// Time between two looks while nothing says that something has changed. Swarm tells of changes of services, not of
/// tasks, so that looking is what finds them.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Watches a rollout until its verdict.
pub(super) async fn watch(work: &Work, watching: &Watching<'_>) -> Result<()> {
    let name = &work.deployment.service_name;
    let now = Instant::now().into_std();
    let mut rollout = Rollout::new(
        watching.rollout.clone(),
        watching.update,
        watching.monitored,
        now,
    );
    let mut changes = work.inner.runtime.watch_service(name);
    let mut away = Away {
        worker: work.journal.state().attempt > 1,
        engine: false,
    };
    let mut reporter = Reporter::default();
    loop {
        if watching.stop.is_cancelled() {
            return Err(retry::stopped());
        }
        match work.inner.runtime.observe_service(name).await {
            Ok(Some(service)) => {
                away.excuse(&mut rollout, &service);
                ensure_not_replaced(work, &service)?;
                let verdict = rollout.judge(&service, Instant::now().into_std());
                reporter
                    .report(work, watching.step, &rollout, &service, &verdict)
                    .await?;
                match verdict {
                    Verdict::Healthy => return Ok(()),
                    Verdict::Failed(failure) => return Err(unhealthy(*failure)),
                    Verdict::Waiting | Verdict::Monitoring(_) => {}
                }
            }
            Ok(None) => {
                let message = format!("the service {name} was removed by somebody else");
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            // An engine that is away is an outage, not a failure; the deadline of the whole deployment remains.
            Err(error) if error.is_retryable() => away.engine = true,
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = watching.stop.cancelled() => return Err(retry::stopped()),
            () = tokio::time::sleep(LOOK_INTERVAL) => {}
            Some(_) = changes.next() => {}
        }
    }
}

/// Who was away since the last look.
struct Away {
    worker: bool,
    engine: bool,
}

impl Away {
    fn excuse(&mut self, rollout: &mut Rollout, service: &ObservedService) {
        if self.worker || self.engine {
            rollout.excuse_killed(service, self.engine);
            *self = Self {
                worker: false,
                engine: false,
            };
        }
    }
}

/// Somebody who writes the service during the rollout ends it: it is reported, never overwritten. Swarm's own automatic
/// rollback also changes the specification, but is the consequence of a task that failed, which says more.
fn ensure_not_replaced(work: &Work, service: &ObservedService) -> Result<()> {
    let own = work.deployment.application_id.to_string();
    if service.labels.get(label::APPLICATION) == Some(&own) {
        return Ok(());
    }
    let message = format!(
        "somebody else has changed the service {} during the rollout",
        service.name
    );
    Err(Error::new(ErrorKind::Conflict, message))
}

fn unhealthy(failure: RolloutFailure) -> Error {
    let error = Error::new(failure.kind, failure.message).with_hint(failure.hint);
    match failure.task {
        Some(task) => error.with_source(FailingTask(task)),
        None => error,
    }
}

/// Names the task that evidence is collected from.
#[derive(Debug, thiserror::Error)]
#[error("the task is {0}")]
struct FailingTask(String);

/// The last lines of the failing task.
pub(super) async fn evidence(work: &Work, error: &Error) -> Vec<String> {
    let source = std::error::Error::source(error);
    let Some(FailingTask(task)) = source.and_then(|source| source.downcast_ref()) else {
        return Vec::new();
    };
    match work.inner.runtime.task_tail(task, 20).await {
        Ok(lines) => lines
            .iter()
            .map(|line| work.opened.redactor.redact(line))
            .collect(),
        Err(error) => vec![format!("the log of the task could not be read: {error}")],
    }
}

/// Writes what changed, and only that: an event for each look would fill the log.
#[derive(Default)]
struct Reporter {
    last: Option<(Vec<TaskView>, bool)>,
}

impl Reporter {
    async fn report(
        &mut self,
        work: &Work,
        step: Step,
        rollout: &Rollout,
        service: &ObservedService,
        verdict: &Verdict,
    ) -> Result<()> {
        let monitoring = match verdict {
            Verdict::Monitoring(left) => Some(*left),
            _ => None,
        };
        let now = (rollout.views(service), monitoring.is_some());
        if matches!(verdict, Verdict::Healthy) || self.last.as_ref() == Some(&now) {
            return Ok(());
        }
        let healthy = rollout.healthy_count(service);
        let message = match monitoring {
            Some(left) => {
                format!(
                    "all {healthy} healthy; watching them for {} s",
                    left.as_secs_f64().ceil()
                )
            }
            None => format!("{healthy} of {} healthy", service.replicas),
        };
        let share = healthy * 80 / (service.replicas.max(1) as usize);
        let percent = if monitoring.is_some() {
            85
        } else {
            u8::try_from(share.min(80)).unwrap_or(80)
        };
        let tasks = now.0.clone();
        self.last = Some(now);
        let progressed = EventKind::StepProgressed {
            step,
            percent,
            message,
            tasks,
            monitoring,
        };
        work.journal.append(progressed).await
    }
}
