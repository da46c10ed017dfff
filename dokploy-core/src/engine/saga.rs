//! The order of the steps, and what happens when one of them fails.

use std::time::Duration;

use super::apply;
use super::lease::StopCause;
use super::steps;
use super::worker::Work;
use super::{Point, retry};
use crate::deployment::{EventKind, Failure, Reason, Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ReleaseId;
use crate::model::{DeploymentKind, FailureAction, Source};

/// Runs a deployment to its terminal event, from wherever its log says that it stands.
///
/// # Errors
///
/// Only when it could not be brought to a terminal event: the lease was lost, the engine stops, the store is away.
pub(crate) async fn run(work: &Work, attempt: u32) -> Result<()> {
    let outcome = forwards(work, attempt).await;
    work.pass(Point::BeforeEnd).await?;
    match outcome {
        Ok(()) => succeed(work).await,
        Err(error) => decide(work, error).await,
    }?;
    work.pass(Point::Ended).await
}

/// The steps of a deployment, in order.
fn path(work: &Work) -> Result<Vec<Step>> {
    let spec = &work.deployment.spec;
    let mut path = Vec::new();
    if work.deployment.kind == DeploymentKind::Deploy {
        if matches!(spec.source()?, Source::Image { .. }) {
            // Only pinned to a digest: there is nothing to fetch and nothing to build.
            path.push(Step::PushImage);
        } else {
            path.extend([Step::ResolveSource, Step::FetchSource, Step::BuildImage]);
            path.extend(spec.registry.is_some().then_some(Step::PushImage));
        }
        path.extend(
            spec.release_command
                .is_some()
                .then_some(Step::RunReleaseCommand),
        );
    }
    path.extend([Step::ApplyService, Step::AwaitHealthy]);
    Ok(path)
}

async fn forwards(work: &Work, attempt: u32) -> Result<()> {
    if let Some(failure) = work.journal.state().failure {
        // A step failed and its worker was lost before it had decided what follows.
        return Err(Error::new(failure.code, failure.message));
    }
    if attempt > work.inner.options.attempts_max {
        let message = format!("its worker was lost {} times", attempt - 1);
        return Err(Error::new(ErrorKind::Unexpected, message)
            .with_hint("look for what ends the process: memory, disk, or a bug"));
    }
    let total = work.deployment.spec.deadlines.total;
    tokio::time::timeout(total, steps_forwards(work))
        .await
        .unwrap_or_else(|_| Err(timed_out("the deployment", total)))
}

async fn steps_forwards(work: &Work) -> Result<()> {
    for step in path(work)? {
        if work.journal.state().is_finished(step) {
            continue;
        }
        if work.stop.forwards().is_cancelled() {
            return Err(retry::stopped());
        }
        run_step(work, step).await?;
    }
    Ok(())
}

/// Runs one step between its two events.
pub(crate) async fn run_step(work: &Work, step: Step) -> Result<StepOutput> {
    work.journal.append(EventKind::StepStarted { step }).await?;
    match effect(work, step).await {
        Ok(output) => {
            work.pass(Point::AfterEffect(step)).await?;
            work.journal.finish(step, output.clone()).await?;
            work.pass(Point::Written(step)).await?;
            Ok(output)
        }
        Err(error) => Err(error),
    }
}

async fn effect(work: &Work, step: Step) -> Result<StepOutput> {
    work.pass(Point::BeforeEffect(step)).await?;
    work.stop.ensure_owned()?;
    let deadline = deadline(work, step);
    let times = if work.inner.injection.repeats(step) {
        2
    } else {
        1
    };
    let mut output = Err(retry::stopped());
    for _ in 0..times {
        output = match deadline {
            None => steps::run(work, step).await,
            Some(deadline) => tokio::time::timeout(deadline, steps::run(work, step))
                .await
                .unwrap_or_else(|_| Err(timed_out(step.as_str(), deadline))),
        };
    }
    output
}

/// How long a step may take. The rollout has deadlines of its own.
fn deadline(work: &Work, step: Step) -> Option<Duration> {
    let deadlines = &work.deployment.spec.deadlines;
    match step {
        Step::ResolveSource | Step::FetchSource => Some(deadlines.fetch),
        Step::BuildImage => Some(deadlines.build + deadlines.fetch),
        Step::PushImage => Some(deadlines.push),
        Step::RunReleaseCommand => Some(deadlines.release_command),
        Step::ApplyService => Some(work.deployment.spec.update.progress_deadline),
        Step::AwaitHealthy | Step::RestorePrevious => None,
    }
}

fn timed_out(what: &str, deadline: Duration) -> Error {
    let message = format!("{what} took longer than {} s", deadline.as_secs_f64());
    Error::new(ErrorKind::TimedOut, message)
        .with_hint("raise the deadline of the application, or look at the last lines of the log")
}

async fn succeed(work: &Work) -> Result<()> {
    let state = work.journal.state();
    let Some(StepOutput::Applied {
        release_id,
        changed,
        ..
    }) = state.output(Step::ApplyService)
    else {
        return Err(Error::new(
            ErrorKind::Unexpected,
            "a deployment ended without a release",
        ));
    };
    let reason = if *changed {
        Reason::Healthy
    } else {
        Reason::Unchanged
    };
    if work.deployment.kind == DeploymentKind::Rollback {
        steps::mark_rolled_back(work, *release_id).await?;
    }
    let succeeded = EventKind::Succeeded {
        release_id: *release_id,
        reason,
    };
    end(work, succeeded, Some(*release_id)).await
}

/// Writes the terminal event, and before it the end of the log, so that whoever sees the event finds all of the log.
async fn end(work: &Work, event: EventKind, promote: Option<ReleaseId>) -> Result<()> {
    let last_words = match &event {
        EventKind::Failed { failure, .. } => format!("failed: {}", failure.message),
        EventKind::RolledBack {
            failure: Some(failure),
            ..
        } => {
            format!("rolled back: {}", failure.message)
        }
        EventKind::Cancelled { message } => message.clone(),
        event => event.name().to_owned(),
    };
    work.output.finish(&last_words).await;
    work.journal.append_all(vec![event], promote).await
}

/// What follows when the way forwards ended with an error.
async fn decide(work: &Work, error: Error) -> Result<()> {
    if error.kind() == ErrorKind::LeaseLost {
        return Err(error);
    }
    work.stop.ensure_owned()?;
    match work.stop.cause() {
        Some(StopCause::LeaseLost | StopCause::Shutdown) => return Err(error),
        Some(StopCause::Cancelled) if error.kind() == ErrorKind::Cancelled => {
            return cancel(work).await;
        }
        _ => {}
    }
    if work.journal.state().cancel_requested && error.kind() == ErrorKind::Cancelled {
        return cancel(work).await;
    }
    let failure = write_failure(work, &error).await?;
    if !apply::touched(work).await? {
        let reason = reason_of(&failure);
        return fail(work, reason, failure).await;
    }
    if work.deployment.kind == DeploymentKind::Rollback {
        // A rollback is never rolled back: a person has to look.
        return fail(work, Reason::RollbackFailed, failure).await;
    }
    if error.kind() == ErrorKind::Conflict {
        // Never overwrite what somebody else did in the meantime.
        return fail(work, Reason::ChangedOutside, failure).await;
    }
    match work.deployment.spec.update.on_failure {
        FailureAction::Pause => fail(work, Reason::LeftInPlace, failure).await,
        FailureAction::Rollback => restore(work, failure).await,
    }
}

/// Writes the failure of the step that runs, once.
async fn write_failure(work: &Work, error: &Error) -> Result<Failure> {
    let state = work.journal.state();
    if let Some(failure) = state.failure {
        return Ok(failure);
    }
    let running = state
        .steps
        .iter()
        .rev()
        .find(|(_, record)| record.status == crate::deployment::StepStatus::Running)
        .map(|(step, _)| *step);
    let failure = work
        .failure(running, error)
        .with_evidence(steps::evidence(work, error).await);
    if let Some(step) = running {
        let failed = EventKind::StepFailed {
            step,
            failure: failure.clone(),
        };
        work.journal.append(failed).await?;
    }
    Ok(failure)
}

async fn restore(work: &Work, failure: Failure) -> Result<()> {
    match run_restore(work).await {
        Ok(Some(release_id)) => {
            let reason = reason_of(&failure);
            let release_id = Some(release_id);
            let failure = Some(failure);
            end(
                work,
                EventKind::RolledBack {
                    reason,
                    release_id,
                    failure,
                    by: None,
                },
                None,
            )
            .await
        }
        Ok(None) => fail(work, Reason::NothingToRestore, failure).await,
        Err(error) => restore_failed(work, failure, error).await,
    }
}

async fn run_restore(work: &Work) -> Result<Option<ReleaseId>> {
    let state = work.journal.state();
    let output = match state.output(Step::RestorePrevious) {
        Some(output) => output.clone(),
        None => run_step(work, Step::RestorePrevious).await?,
    };
    match output {
        StepOutput::Restored { release_id, .. } => Ok(release_id),
        _ => Ok(None),
    }
}

async fn restore_failed(work: &Work, failure: Failure, error: Error) -> Result<()> {
    if error.kind() == ErrorKind::LeaseLost || work.stop.everything().is_cancelled() {
        return Err(error);
    }
    let mut failure = failure;
    failure.causes.push(format!(
        "the previous release could not be restored: {error}"
    ));
    failure.hint = Some(
        "the service is left as it is: look at its tasks, then deploy or roll back by hand"
            .to_owned(),
    );
    fail(work, Reason::RollbackFailed, failure).await
}

async fn cancel(work: &Work) -> Result<()> {
    if work.journal.state().touched_service()
        && let Err(error) = run_restore(work).await
    {
        let failure = work.failure(Some(Step::RestorePrevious), &error);
        return restore_failed(work, failure, error).await;
    }
    let touched = work.journal.state().touched_service();
    let message = if touched {
        "cancelled; the service is as it was before"
    } else {
        "cancelled before the service was touched"
    };
    end(
        work,
        EventKind::Cancelled {
            message: message.to_owned(),
        },
        None,
    )
    .await
}

async fn fail(work: &Work, reason: Reason, failure: Failure) -> Result<()> {
    end(work, EventKind::Failed { reason, failure }, None).await
}

fn reason_of(failure: &Failure) -> Reason {
    match failure.code {
        ErrorKind::TimedOut => Reason::DeadlineExceeded,
        ErrorKind::Unhealthy => Reason::Unhealthy,
        _ => Reason::StepFailed,
    }
}
