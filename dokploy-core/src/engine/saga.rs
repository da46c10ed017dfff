//! The order of the steps, and what happens when one of them fails.

use std::time::Duration;

use super::Point;
use super::apply;
use super::lease::StopCause;
use super::retry::{self, RetryPolicy};
use super::steps;
use super::worker::Work;
use crate::clock::Timestamp;
use crate::deployment::{EventKind, Failure, Reason, Step, StepOutput, StepStatus};
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
        Err(halt) => decide(work, halt, attempt).await,
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

/// Why the way forwards ended before its end.
enum Halt {
    /// A step answered an error, or was told to stop.
    Stopped(Error),
    /// A failure as it is written down: of a worker before this one, or of all of them.
    Failed(Failure),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Stopped(error)
    }
}

async fn forwards(work: &Work, attempt: u32) -> Result<(), Halt> {
    let state = work.journal.state();
    if let Some(failure) = state.failure {
        // A step failed and its worker was lost before it had decided what follows.
        return Err(Halt::Failed(failure));
    }
    if state.cancel_requested {
        return Err(Halt::Stopped(retry::stopped()));
    }
    if attempt > work.inner.options.attempts_max {
        return Err(Halt::Failed(worker_lost(work, attempt)));
    }
    let total = work.deployment.spec.deadlines.total;
    let left = total.saturating_sub(time_spent(work).await?);
    tokio::time::timeout(left, steps_forwards(work))
        .await
        .unwrap_or_else(|_| Err(timed_out("the deployment", total)))?;
    Ok(())
}

/// The failure of a deployment that one worker after the other was lost with.
pub(crate) fn worker_lost(work: &Work, attempt: u32) -> Failure {
    let message = format!("its worker was lost {} times", attempt.saturating_sub(1));
    let error = Error::new(ErrorKind::LeaseLost, message)
        .with_hint("look for what ends the process: memory, disk, or a bug");
    work.failure(running_step(work), &error)
}

/// How long workers before this one took, by what they wrote: each measured on its own clock, so that neither a clock
/// that jumps between two of them nor two clocks that differ count. The time of this one is measured on the monotonic
/// clock.
async fn time_spent(work: &Work) -> Result<Duration> {
    if work.deployment.state.epoch == 0 {
        return Ok(Duration::ZERO);
    }
    let (mut spent, mut begun, mut last, mut seq) = (Duration::ZERO, None, None, 0);
    loop {
        let read = || {
            work.inner
                .store
                .events(work.deployment.id, seq, EVENTS_PAGE)
        };
        let events = RetryPolicy::OWN.run(work.stop.everything(), read).await?;
        let Some(newest) = events.last() else {
            return Ok(spent);
        };
        seq = newest.seq;
        for event in events {
            if matches!(event.kind, EventKind::Claimed { .. }) {
                spent += lasted(begun, last);
                begun = Some(event.at);
            }
            last = Some(event.at);
        }
    }
}

fn lasted(begun: Option<Timestamp>, last: Option<Timestamp>) -> Duration {
    begun
        .zip(last)
        .map_or(Duration::ZERO, |(begun, last)| last.since(begun))
}

/// Events that are read at once.
const EVENTS_PAGE: u32 = 200;

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
    let limit = deadline(work, step);
    let told_to_stop = match step {
        Step::RestorePrevious => work.stop.everything(),
        _ => work.stop.forwards(),
    };
    let expired = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
        limit.unwrap_or_default()
    };
    let overstayed = async {
        told_to_stop.cancelled().await;
        tokio::time::sleep(STOP_GRACE).await;
    };
    tokio::select! {
        biased;
        output = repeated(work, step) => output,
        limit = expired => Err(timed_out(step.as_str(), limit)),
        () = overstayed => Err(retry::stopped()),
    }
}

/// How long a step may take to stop by itself. One that hangs in a call is left behind then.
const STOP_GRACE: Duration = Duration::from_secs(5);

async fn repeated(work: &Work, step: Step) -> Result<StepOutput> {
    if work.inner.injection.repeats(step) {
        steps::run(work, step).await?;
    }
    steps::run(work, step).await
}

/// How long a step may take. The rollout has deadlines of its own, and that of the whole deployment above them.
fn deadline(work: &Work, step: Step) -> Option<Duration> {
    let deadlines = &work.deployment.spec.deadlines;
    match step {
        Step::ResolveSource | Step::FetchSource => Some(deadlines.fetch),
        Step::BuildImage => Some(deadlines.build + deadlines.fetch),
        Step::PushImage => Some(deadlines.push),
        // The task itself is stopped at its deadline; here is only the last resort against a call that hangs.
        Step::RunReleaseCommand => Some(deadlines.release_command + STOP_GRACE),
        Step::ApplyService => Some(work.deployment.spec.update.progress_deadline),
        Step::AwaitHealthy => None,
        // On top of the deadline of the whole deployment, which does not count any more.
        Step::RestorePrevious => Some(deadlines.total),
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
    steps::tidy(work).await;
    let reason = if *changed {
        Reason::Healthy
    } else {
        Reason::Unchanged
    };
    if work.deployment.kind == DeploymentKind::Rollback {
        steps::mark_rolled_back(work, *release_id).await?;
    }
    steps::mark_started(work).await?;
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

/// What follows when the way forwards ended before its end.
async fn decide(work: &Work, halt: Halt, attempt: u32) -> Result<()> {
    let failure = match halt {
        Halt::Stopped(error) => {
            if error.kind() == ErrorKind::LeaseLost {
                return Err(error);
            }
            ensure_may_decide(work)?;
            if error.kind() == ErrorKind::Cancelled && was_cancelled(work) {
                steps::tidy(work).await;
                return cancel(work).await;
            }
            work.failure(running_step(work), &error)
                .with_evidence(steps::evidence(work, &error).await)
        }
        Halt::Failed(failure) => failure,
    };
    ensure_may_decide(work)?;
    write_failure(work, &failure).await?;
    steps::tidy(work).await;
    let reason = reason_of(&failure);
    if !may_have_touched(work).await? {
        return fail(work, reason, failure).await;
    }
    if reason == Reason::ChangedOutside {
        // Never overwrite what somebody else did in the meantime.
        return fail(work, reason, failure).await;
    }
    // A rollback is never rolled back, and what cost twice the workers is not tried again: a person has to look.
    let hopeless = attempt > work.inner.options.attempts_max.saturating_mul(2);
    if work.deployment.kind == DeploymentKind::Rollback || hopeless {
        return fail(work, Reason::RollbackFailed, failure).await;
    }
    match work.deployment.spec.update.on_failure {
        FailureAction::Pause => fail(work, Reason::LeftInPlace, failure).await,
        FailureAction::Rollback => restore(work, failure).await,
    }
}

/// Whether the claim is still ours, and the engine goes on running: otherwise a successor decides.
fn ensure_may_decide(work: &Work) -> Result<()> {
    work.stop.ensure_owned()?;
    if work.stop.everything().is_cancelled() {
        return Err(retry::stopped());
    }
    Ok(())
}

fn was_cancelled(work: &Work) -> bool {
    work.stop.cause() == Some(StopCause::Cancelled) || work.journal.state().cancel_requested
}

/// Whether the service may have been changed. When the engine does not say, it may have been.
async fn may_have_touched(work: &Work) -> Result<bool> {
    match tokio::time::timeout(LOOK_DEADLINE, apply::touched(work)).await {
        Ok(Err(error)) if work.stop.everything().is_cancelled() => Err(error),
        Ok(Err(error)) if error.kind() == ErrorKind::LeaseLost => Err(error),
        Ok(Ok(touched)) => Ok(touched),
        Ok(Err(_)) | Err(_) => Ok(true),
    }
}

/// How long the engine may take to say whether the service was changed.
const LOOK_DEADLINE: Duration = Duration::from_mins(1);

fn running_step(work: &Work) -> Option<Step> {
    let state = work.journal.state();
    let mut steps = state.steps.iter().rev();
    steps
        .find(|(_, record)| record.status == StepStatus::Running)
        .map(|(step, _)| *step)
}

/// Writes the failure of the step that runs, unless it is written.
async fn write_failure(work: &Work, failure: &Failure) -> Result<()> {
    match (work.journal.state().failure, running_step(work)) {
        (None, Some(step)) => {
            work.journal
                .append(EventKind::StepFailed {
                    step,
                    failure: failure.clone(),
                })
                .await
        }
        _ => Ok(()),
    }
}

async fn restore(work: &Work, failure: Failure) -> Result<()> {
    match run_restore(work).await {
        Ok(Some(release_id)) => {
            let reason = reason_of(&failure);
            let (release_id, failure) = (Some(release_id), Some(failure));
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

async fn restore_failed(work: &Work, mut failure: Failure, error: Error) -> Result<()> {
    if error.kind() == ErrorKind::LeaseLost {
        return Err(error);
    }
    ensure_may_decide(work)?;
    let cause = work.failure(Some(Step::RestorePrevious), &error);
    failure.causes.push(format!(
        "the previous release could not be restored: {}",
        cause.message
    ));
    failure.causes.extend(cause.causes);
    if error.kind() == ErrorKind::Conflict {
        return fail(work, Reason::ChangedOutside, failure).await;
    }
    failure.hint = Some(
        "the service is left as it is: look at its tasks, then deploy or roll back by hand"
            .to_owned(),
    );
    fail(work, Reason::RollbackFailed, failure).await
}

async fn cancel(work: &Work) -> Result<()> {
    if !work.journal.state().touched_service() {
        let message = "cancelled before the service was touched".to_owned();
        return end(work, EventKind::Cancelled { message }, None).await;
    }
    if let Err(error) = run_restore(work).await {
        let failure = work.failure(Some(Step::RestorePrevious), &error);
        return restore_failed(work, failure, error).await;
    }
    let message = "cancelled; the service is as it was before".to_owned();
    end(work, EventKind::Cancelled { message }, None).await
}

async fn fail(work: &Work, reason: Reason, failure: Failure) -> Result<()> {
    end(work, EventKind::Failed { reason, failure }, None).await
}

fn reason_of(failure: &Failure) -> Reason {
    match failure.code {
        ErrorKind::TimedOut => Reason::DeadlineExceeded,
        ErrorKind::Unhealthy => Reason::Unhealthy,
        ErrorKind::Conflict => Reason::ChangedOutside,
        ErrorKind::LeaseLost => Reason::WorkerLost,
        _ => Reason::StepFailed,
    }
}
