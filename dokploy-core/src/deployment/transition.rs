//! The one function from a log to a state, and with it every rule about what may follow what.

use std::collections::BTreeMap;

use super::event::{Event, EventKind, StepOutput};
use super::failure::Failure;
use super::state::{DeploymentState, StepRecord, StepStatus};
use super::status::{Reason, Status, Step};
use crate::clock::Timestamp;
use crate::id::{DeploymentId, ReleaseId};
use crate::model::DeploymentKind;

/// An event that may not follow the ones before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a deployment that is {status} at event {seq} cannot take the event {event}: {why}")]
pub struct IllegalTransition {
    /// Where the deployment stands.
    pub status: Status,
    /// Number of its last event.
    pub seq: u64,
    /// The event, shortened.
    pub event: String,
    /// The rule that it breaks.
    pub why: &'static str,
}

/// Replays a log. The same events always give the same state.
///
/// # Errors
///
/// [`IllegalTransition`] for an empty log, one that does not begin with `accepted`, a gap, or an event that may not
/// follow the ones before it.
pub fn replay<'a>(
    events: impl IntoIterator<Item = &'a Event>,
) -> Result<DeploymentState, IllegalTransition> {
    let mut state: Option<DeploymentState> = None;
    for event in events {
        state = Some(match state {
            None => DeploymentState::first(event)?,
            Some(state) => state.apply(event)?,
        });
    }
    state.ok_or_else(|| IllegalTransition {
        status: Status::Pending,
        seq: 0,
        event: "none".to_owned(),
        why: "a log has at least one event",
    })
}

impl DeploymentState {
    /// The state of a deployment that was just accepted.
    pub fn accepted(kind: DeploymentKind) -> Self {
        let message = match kind {
            DeploymentKind::Deploy => "waiting for its turn",
            DeploymentKind::Rollback => "rollback is waiting for its turn",
        };
        Self {
            seq: 1,
            status: Status::Pending,
            reason: Reason::Queued,
            message: message.to_owned(),
            progress: 0,
            failure: None,
            attempt: 0,
            epoch: 0,
            cancel_requested: false,
            steps: BTreeMap::new(),
            release_id: None,
            superseded_by: None,
            degraded: false,
            drifted: false,
            started_at: None,
            finished_at: None,
        }
    }

    fn first(event: &Event) -> Result<Self, IllegalTransition> {
        match (&event.kind, event.seq) {
            (EventKind::Accepted { kind, .. }, 1) => Ok(Self::accepted(*kind)),
            (kind, _) => Err(IllegalTransition {
                status: Status::Pending,
                seq: 0,
                event: kind.name().to_owned(),
                why: "a log begins with `accepted` as number 1",
            }),
        }
    }

    /// The state after one more event.
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`] when its number is not the next one or it may not follow.
    pub fn apply(self, event: &Event) -> Result<Self, IllegalTransition> {
        if event.seq != self.seq + 1 {
            return Err(self.refuse(&event.kind, "events are numbered without gaps"));
        }
        self.advance(&event.kind, event.at)
    }

    /// The state after something more has happened, with the next number.
    ///
    /// # Errors
    ///
    /// [`IllegalTransition`] when it may not follow.
    pub fn advance(mut self, kind: &EventKind, at: Timestamp) -> Result<Self, IllegalTransition> {
        if self.status.is_terminal() {
            self.advance_terminal(kind)?;
        } else {
            self.advance_open(kind, at)?;
        }
        self.seq += 1;
        Ok(self)
    }

    fn advance_terminal(&mut self, kind: &EventKind) -> Result<(), IllegalTransition> {
        if self.status != Status::Success {
            return Err(self.refuse(kind, "a terminal status is final"));
        }
        match kind {
            EventKind::RolledBack {
                reason,
                by: Some(by),
                ..
            } => {
                self.status = Status::RolledBack;
                self.reason = *reason;
                self.message = format!("rolled back by deployment {by}");
            }
            EventKind::Degraded { message, .. } => {
                self.degraded = true;
                self.message.clone_from(message);
            }
            EventKind::Recovered if self.degraded => {
                self.degraded = false;
                "all replicas are healthy again".clone_into(&mut self.message);
            }
            EventKind::Drifted { message } => {
                self.drifted = true;
                self.message.clone_from(message);
            }
            _ => return Err(self.refuse(kind, "a terminal status is final")),
        }
        Ok(())
    }

    fn advance_open(&mut self, kind: &EventKind, at: Timestamp) -> Result<(), IllegalTransition> {
        match kind {
            EventKind::Claimed { epoch, attempt, .. } => self.claim(kind, *epoch, *attempt, at),
            EventKind::CancelRequested { .. } => self.request_cancel(kind),
            EventKind::Superseded { by } => self.supersede(kind, *by, at),
            EventKind::Cancelled { message } => self.cancel(kind, message, at),
            EventKind::Warned { .. } => Ok(()),
            EventKind::Accepted { .. }
            | EventKind::RolledBack { by: Some(_), .. }
            | EventKind::Degraded { .. }
            | EventKind::Recovered
            | EventKind::Drifted { .. } => Err(self.refuse(kind, "it has no place before the end")),
            _ if !self.is_claimed() => Err(self.refuse(kind, "no worker has claimed it")),
            _ => self.advance_claimed(kind, at),
        }
    }

    /// What only the worker says that has claimed it.
    fn advance_claimed(
        &mut self,
        kind: &EventKind,
        at: Timestamp,
    ) -> Result<(), IllegalTransition> {
        match kind {
            EventKind::StepStarted { step } => self.start_step(kind, *step, at),
            EventKind::StepProgressed {
                step,
                percent,
                message,
                ..
            } => self.progress_step(kind, *step, *percent, message),
            EventKind::StepFinished { step, output } => self.finish_step(kind, *step, output, at),
            EventKind::StepFailed { step, failure } => self.fail_step(kind, *step, failure, at),
            EventKind::HandedBack { .. } => {
                self.reason = Reason::Queued;
                "handed back by a worker that stops; another one goes on"
                    .clone_into(&mut self.message);
                Ok(())
            }
            EventKind::Succeeded { release_id, reason } => {
                self.succeed(kind, *release_id, *reason, at)
            }
            EventKind::RolledBack {
                reason, failure, ..
            } => self.roll_back(kind, *reason, failure.as_ref(), at),
            EventKind::Failed { reason, failure } => {
                self.failure = Some(failure.clone());
                self.finish(Status::Failed, *reason, failure.message.clone(), at);
                Ok(())
            }
            _ => Err(self.refuse(kind, "it is not a worker's")),
        }
    }

    /// Whether a worker works on it, as far as the log tells: its lease may have ended.
    fn is_claimed(&self) -> bool {
        self.attempt > 0 && self.reason != Reason::Queued
    }

    fn claim(
        &mut self,
        kind: &EventKind,
        epoch: u64,
        attempt: u32,
        at: Timestamp,
    ) -> Result<(), IllegalTransition> {
        if epoch <= self.epoch {
            return Err(self.refuse(kind, "each claim has a greater epoch"));
        }
        if self.attempt == 0 {
            self.reason = Reason::Working;
        } else {
            self.reason = Reason::Resumed;
            "taken up again by a worker".clone_into(&mut self.message);
        }
        self.epoch = epoch;
        // A worker that handed back does not count, so that the same number may come twice.
        self.attempt = self.attempt.max(attempt).max(1);
        self.started_at.get_or_insert(at);
        Ok(())
    }

    fn request_cancel(&mut self, kind: &EventKind) -> Result<(), IllegalTransition> {
        if self.cancel_requested {
            return Err(self.refuse(kind, "it was asked for already"));
        }
        self.cancel_requested = true;
        Ok(())
    }

    fn supersede(
        &mut self,
        kind: &EventKind,
        by: DeploymentId,
        at: Timestamp,
    ) -> Result<(), IllegalTransition> {
        if self.attempt > 0 {
            return Err(self.refuse(kind, "only a deployment that waits is superseded"));
        }
        self.superseded_by = Some(by);
        let message = format!("superseded by deployment {by}");
        self.finish(Status::Superseded, Reason::Superseded, message, at);
        Ok(())
    }

    fn cancel(
        &mut self,
        kind: &EventKind,
        message: &str,
        at: Timestamp,
    ) -> Result<(), IllegalTransition> {
        if !self.cancel_requested {
            return Err(self.refuse(kind, "nobody asked to cancel it"));
        }
        if self.touched_service() && !self.is_finished(Step::RestorePrevious) {
            return Err(self.refuse(kind, "the service was touched and not restored"));
        }
        self.finish(Status::Cancelled, Reason::Requested, message.to_owned(), at);
        Ok(())
    }

    fn succeed(
        &mut self,
        kind: &EventKind,
        release_id: ReleaseId,
        reason: Reason,
        at: Timestamp,
    ) -> Result<(), IllegalTransition> {
        if !self.is_finished(Step::AwaitHealthy) || self.failure.is_some() {
            return Err(self.refuse(kind, "a success was verified and had no failure"));
        }
        if self.steps.contains_key(&Step::RestorePrevious) {
            return Err(self.refuse(kind, "the previous release was brought back"));
        }
        self.release_id = Some(release_id);
        self.progress = 100;
        self.finish(Status::Success, reason, success_message(reason), at);
        Ok(())
    }

    fn roll_back(
        &mut self,
        kind: &EventKind,
        reason: Reason,
        failure: Option<&Failure>,
        at: Timestamp,
    ) -> Result<(), IllegalTransition> {
        let is_restored = matches!(
            self.output(Step::RestorePrevious),
            Some(StepOutput::Restored {
                release_id: Some(_),
                ..
            })
        );
        if !is_restored {
            return Err(self.refuse(kind, "the previous release was not restored"));
        }
        let Some(cause) = failure.or(self.failure.as_ref()).cloned() else {
            return Err(self.refuse(kind, "nothing made it necessary"));
        };
        let message = cause.message.clone();
        self.failure = Some(cause);
        self.finish(Status::RolledBack, reason, message, at);
        Ok(())
    }

    fn start_step(
        &mut self,
        kind: &EventKind,
        step: Step,
        at: Timestamp,
    ) -> Result<(), IllegalTransition> {
        if self.steps.keys().any(|begun| *begun > step) {
            return Err(self.refuse(kind, "a later step has begun"));
        }
        if self.is_finished(step) {
            return Err(self.refuse(kind, "this step is done"));
        }
        if step == Step::RestorePrevious && !self.touched_service() {
            return Err(self.refuse(kind, "the service was never touched"));
        }
        if step == Step::RestorePrevious {
            self.abandon_steps(at);
        } else if self.failure.is_some() {
            return Err(self.refuse(kind, "a step has failed: only restoring may follow"));
        } else if self.has_unfinished_before(step) {
            return Err(self.refuse(kind, "an earlier step is not done"));
        }
        let record = self.steps.entry(step).or_insert(StepRecord {
            status: StepStatus::Running,
            started_at: at,
            finished_at: None,
            output: None,
        });
        record.status = StepStatus::Running;
        record.finished_at = None;
        self.status = step.status();
        self.progress = self.progress.max(step.progress().0);
        step_message(step).clone_into(&mut self.message);
        Ok(())
    }

    fn has_unfinished_before(&self, step: Step) -> bool {
        self.steps
            .iter()
            .any(|(begun, record)| *begun < step && record.output.is_none())
    }

    /// What still ran when restoring began has ended without an output: nothing may be said about it any more.
    fn abandon_steps(&mut self, at: Timestamp) {
        for (step, record) in &mut self.steps {
            if *step != Step::RestorePrevious && record.status == StepStatus::Running {
                record.status = StepStatus::Failed;
                record.finished_at = Some(at);
            }
        }
    }

    fn progress_step(
        &mut self,
        kind: &EventKind,
        step: Step,
        percent: u8,
        message: &str,
    ) -> Result<(), IllegalTransition> {
        self.running(kind, step)?;
        let (from, to) = step.progress();
        let share = u16::from(to - from) * u16::from(percent.min(100)) / 100;
        let reached = from + u8::try_from(share).unwrap_or(0);
        self.progress = self.progress.max(reached);
        message.clone_into(&mut self.message);
        Ok(())
    }

    fn finish_step(
        &mut self,
        kind: &EventKind,
        step: Step,
        output: &StepOutput,
        at: Timestamp,
    ) -> Result<(), IllegalTransition> {
        if output.step().is_some_and(|owner| owner != step) {
            return Err(self.refuse(kind, "this output is another step's"));
        }
        let record = self.running(kind, step)?;
        record.status = match output {
            StepOutput::Skipped { .. } => StepStatus::Skipped,
            _ => StepStatus::Finished,
        };
        record.finished_at = Some(at);
        record.output = Some(output.clone());
        if let StepOutput::Applied { release_id, .. } = output {
            self.release_id = Some(*release_id);
        }
        self.progress = self.progress.max(step.progress().1);
        Ok(())
    }

    fn fail_step(
        &mut self,
        kind: &EventKind,
        step: Step,
        failure: &Failure,
        at: Timestamp,
    ) -> Result<(), IllegalTransition> {
        let record = self.running(kind, step)?;
        record.status = StepStatus::Failed;
        record.finished_at = Some(at);
        // The first failure is the cause; what fails while restoring is reported by the terminal event.
        self.failure.get_or_insert_with(|| failure.clone());
        self.message.clone_from(&failure.message);
        Ok(())
    }

    fn running(
        &mut self,
        kind: &EventKind,
        step: Step,
    ) -> Result<&mut StepRecord, IllegalTransition> {
        let refusal = self.refuse(kind, "this step does not run");
        match self.steps.get_mut(&step) {
            Some(record) if record.status == StepStatus::Running => Ok(record),
            _ => Err(refusal),
        }
    }

    fn finish(&mut self, status: Status, reason: Reason, message: String, at: Timestamp) {
        self.status = status;
        self.reason = reason;
        self.message = message;
        self.finished_at = Some(at);
    }

    fn refuse(&self, kind: &EventKind, why: &'static str) -> IllegalTransition {
        IllegalTransition {
            status: self.status,
            seq: self.seq,
            event: kind.name().to_owned(),
            why,
        }
    }
}

fn success_message(reason: Reason) -> String {
    match reason {
        Reason::Unchanged => "nothing changed: the running release is healthy",
        _ => "all replicas are healthy",
    }
    .to_owned()
}

const fn step_message(step: Step) -> &'static str {
    match step {
        Step::ResolveSource => "looking up the source",
        Step::FetchSource => "fetching the source",
        Step::BuildImage => "building the image",
        Step::PushImage => "pushing the image",
        Step::RunReleaseCommand => "running the release command",
        Step::ApplyService => "updating the service",
        Step::AwaitHealthy => "waiting for the replicas to become healthy",
        Step::RestorePrevious => "restoring the previous release",
    }
}
