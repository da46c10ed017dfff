//! Waits until every task of the rollout is healthy and stayed so.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::apply::{self, Applying};
use super::super::rollout::{Rollout, RolloutFailure, Verdict};
use super::super::sealing::Opened;
use super::super::worker::Work;
use super::super::{retry, service, sweep};
use crate::deployment::{EventKind, Step, StepOutput, TaskView};
use crate::error::{Error, ErrorKind, Result};
use crate::model::ApplicationSpec;
use crate::runtime::ObservedService;
use crate::store::ReleaseStore;

/// What is watched.
pub(super) struct Watching<'a> {
    pub(super) step: Step,
    /// Value of the rollout label of the tasks.
    pub(super) rollout: String,
    /// Digest of the specification as the engine kept it when we wrote it.
    pub(super) spec_digest: String,
    /// The specification that was applied.
    pub(super) spec: &'a ApplicationSpec,
    /// Whether they have to stay healthy for the monitor period; what runs unchanged has proved itself before.
    pub(super) monitored: bool,
    /// What was applied, to be applied once more where Swarm loses its way; unset where this deployment wrote nothing.
    pub(super) applying: Option<&'a Applying<'a>>,
    pub(super) stop: &'a CancellationToken,
}

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    let state = work.journal.state();
    let Some(StepOutput::Applied {
        rollout,
        changed,
        release_id,
        spec_digest,
        ..
    }) = state.output(Step::ApplyService)
    else {
        return Err(Error::new(ErrorKind::Unexpected, "no service was applied"));
    };
    let release = work.store.find_release(*release_id).await?;
    let release = release.ok_or_else(|| Error::not_found("release", release_id))?;
    let opened = Opened::of(&work.inner.keyring, release.application_id, &release.spec)?;
    let applying = Applying {
        spec: &release.spec,
        opened: &opened,
        image: &release.image_reference,
        release: release.id,
        step: Step::ApplyService,
    };
    let watching = Watching {
        step: Step::AwaitHealthy,
        rollout: rollout.clone(),
        spec_digest: spec_digest.clone(),
        spec: &release.spec,
        monitored: *changed,
        applying: changed.then_some(&applying),
        stop: work.stop.forwards(),
    };
    // The wait is the time to collect what no retained release needs: the claim keeps every other deployment of the
    // application from building meanwhile.
    let (verdict, _) = tokio::join!(
        watch(work, &watching),
        tokio::time::timeout(SWEEP_DEADLINE, sweep::application(work))
    );
    verdict?;
    Ok(StepOutput::Done)
}

/// How long clean-up may hold up a deployment. The next one goes on with it.
const SWEEP_DEADLINE: Duration = Duration::from_mins(1);

/// Longest time between two looks while nothing says that something has changed. Swarm tells of changes of services,
/// not of tasks, so that looking is what finds them.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Time between the first two looks; it doubles from look to look. What changes little is healthy at once.
const LOOK_INTERVAL_FIRST: Duration = Duration::from_millis(10);

/// Watches a rollout until its verdict.
pub(super) async fn watch(work: &Work, watching: &Watching<'_>) -> Result<()> {
    let name = &work.deployment.service_name;
    let update = &watching.spec.update;
    let mut rollout = Rollout::new(watching.rollout.clone(), update, watching.monitored, now());
    if watching.applying.is_none() {
        rollout = rollout.without_repeats();
    }
    let mut changes = work.inner.runtime.watch_service(name);
    let mut outage = Outage::at_the_start(work, watching);
    let mut reporter = Reporter::default();
    let mut pause = LOOK_INTERVAL_FIRST;
    loop {
        let observed = tokio::select! {
            biased;
            () = watching.stop.cancelled() => return Err(retry::stopped()),
            observed = work.inner.runtime.observe_service(name) => observed,
        };
        match observed {
            Ok(Some(service)) => {
                outage.end(&mut rollout, &service);
                let verdict = rollout.judge(&service, now());
                reporter
                    .report(work, watching.step, &rollout, &service, &verdict)
                    .await?;
                // A task that failed says more than what Swarm or somebody else did about it.
                if let Verdict::Failed(failure) = verdict {
                    return Err(unhealthy(*failure));
                }
                let went_back = went_back_for_nothing(watching, &rollout, &service);
                if !went_back {
                    ensure_not_replaced(watching, &service)?;
                }
                if verdict == Verdict::Healthy {
                    return Ok(());
                }
                if rollout.is_stuck(&service, went_back, now()) {
                    repeat(work, watching, &service, went_back).await?;
                    rollout.repeated(now());
                }
            }
            Ok(None) => {
                let message = format!("the service {name} was removed by somebody else");
                return Err(Error::new(ErrorKind::Conflict, message));
            }
            // An engine that is away is an outage, not a failure; the deadline of the whole deployment remains.
            Err(error) if error.is_retryable() => outage.begin(),
            Err(error) => return Err(error),
        }
        tokio::select! {
            () = watching.stop.cancelled() => return Err(retry::stopped()),
            () = tokio::time::sleep(pause) => {}
            Some(_) = changes.next() => {}
        }
        pause = (pause * 2).min(LOOK_INTERVAL);
    }
}

/// Whether Swarm has undone the update for something that says nothing about the release.
fn went_back_for_nothing(
    watching: &Watching<'_>,
    rollout: &Rollout,
    service: &ObservedService,
) -> bool {
    service.spec_digest != watching.spec_digest
        && apply::swarm_went_back(service)
        && rollout.was_disturbed()
        && rollout.may_repeat()
}

/// Asks the same of Swarm once more. Who is faster, or an engine that is away, is seen at the next look.
async fn repeat(
    work: &Work,
    watching: &Watching<'_>,
    service: &ObservedService,
    went_back: bool,
) -> Result<()> {
    let Some(applying) = watching.applying else {
        return Ok(());
    };
    let message = if went_back {
        "Swarm went back for tasks that say nothing about the release; it is told to update once more"
    } else {
        "Swarm has lost its way over a node that is lost or not ready; it is told to replace all tasks once more"
    };
    let warned = EventKind::Warned {
        message: message.to_owned(),
    };
    work.journal.append(warned).await?;
    work.stop.ensure_owned()?;
    let outcome = if went_back {
        apply::apply(work, applying).await.map(drop)
    } else {
        let runtime = &work.inner.runtime;
        let restarted = runtime.restart_service(&service.name, service.version);
        restarted.await.map(drop)
    };
    match outcome {
        Err(error) if error.kind() == ErrorKind::Conflict || error.is_retryable() => Ok(()),
        outcome => outcome,
    }
}

fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// What happened while nobody looked: it says nothing about the release.
struct Outage {
    /// What ended before the first look is not part of this rollout at all.
    kept_tasks: bool,
    /// A worker before this one was lost or stopped.
    worker: bool,
    /// The engine has not answered since.
    engine_since: Option<std::time::Instant>,
}

impl Outage {
    fn at_the_start(work: &Work, watching: &Watching<'_>) -> Self {
        let own = service::rollout(&work.deployment, watching.step);
        let applied = service::rollout(&work.deployment, Step::ApplyService);
        Self {
            kept_tasks: watching.rollout != own && watching.rollout != applied,
            worker: work.deployment.state.epoch > 0,
            engine_since: None,
        }
    }

    fn begin(&mut self) {
        self.engine_since.get_or_insert_with(now);
    }

    fn end(&mut self, rollout: &mut Rollout, service: &ObservedService) {
        if std::mem::take(&mut self.kept_tasks) {
            rollout.excuse_ended(service);
        }
        if let Some(since) = self.engine_since.take() {
            self.worker = false;
            rollout.excuse_outage(service, since, now());
        }
        if std::mem::take(&mut self.worker) {
            rollout.excuse_killed(service);
        }
    }
}

/// Somebody who writes the service during the rollout ends it: it is reported, never overwritten. Swarm's own automatic
/// rollback also changes the specification, but is the consequence of a task that failed.
fn ensure_not_replaced(watching: &Watching<'_>, service: &ObservedService) -> Result<()> {
    let name = &service.name;
    let scaled = !service.global && service.replicas != watching.spec.replicas;
    if service.spec_digest == watching.spec_digest && !scaled {
        return Ok(());
    }
    if apply::swarm_went_back(service) {
        let message =
            format!("a task of {name} failed, and Swarm went back to the specification before");
        return Err(Error::new(ErrorKind::Unhealthy, message)
            .with_hint("the task is gone already: look at the log of the application"));
    }
    let message = if scaled {
        format!(
            "somebody else has scaled the service {name} to {} during the rollout",
            service.replicas
        )
    } else {
        format!("somebody else has changed the service {name} during the rollout")
    };
    Err(Error::new(ErrorKind::Conflict, message)
        .with_hint("it was left as it is: deploy again to replace the change"))
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

/// The last lines of the failing task, where there is one.
pub(super) async fn evidence(work: &Work, error: &Error) -> Option<Vec<String>> {
    let FailingTask(task) = std::error::Error::source(error)?.downcast_ref()?;
    let tail = work.inner.runtime.task_tail(task, EVIDENCE_LINES);
    let lines = match tokio::time::timeout(EVIDENCE_DEADLINE, tail).await {
        Ok(Ok(lines)) => lines,
        Ok(Err(error)) => vec![format!("the log of the task could not be read: {error}")],
        Err(_) => vec!["the log of the task could not be read in time".to_owned()],
    };
    Some(
        lines
            .iter()
            .map(|line| work.opened.redactor.redact(line))
            .collect(),
    )
}

/// Lines of a failing task that are kept.
const EVIDENCE_LINES: u32 = 20;

/// How long reading them may hold up the rollback.
const EVIDENCE_DEADLINE: Duration = Duration::from_secs(5);

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
        let mut tasks = now.0.clone();
        for message in tasks.iter_mut().filter_map(|task| task.message.as_mut()) {
            *message = work.opened.redactor.redact(message);
        }
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
