//! Facts, in the past tense, numbered from 1 without gaps. The log of them is the truth; everything else is derived.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::status::{Reason, Step};
use crate::clock::{Timestamp, seconds};
use crate::id::{DeploymentId, ReleaseId, WorkerId};
use crate::model::{ActorRef, DeploymentKind, DeploymentTrigger, Revision};

/// One fact about a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The deployment.
    pub deployment_id: DeploymentId,
    /// Position in its log, from 1, without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What happened. Persisted: names and fields stay readable for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum EventKind {
    /// It was accepted: durable from here on.
    Accepted {
        /// Forwards or back.
        kind: DeploymentKind,
        /// What started it.
        trigger: DeploymentTrigger,
        /// Who asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<ActorRef>,
    },
    /// A worker took it, for the first time or again.
    Claimed {
        /// The worker.
        worker: WorkerId,
        /// Fences every write of this worker.
        epoch: u64,
        /// How many workers have tried, this one included.
        attempt: u32,
    },
    /// A step began. The same step may begin again after a crash.
    StepStarted {
        /// Which.
        step: Step,
    },
    /// Something to see within a step.
    StepProgressed {
        /// Which.
        step: Step,
        /// Share of the step that is done, 0 to 100.
        percent: u8,
        /// For people.
        message: String,
        /// The tasks of the rollout, where the step has any.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tasks: Vec<TaskView>,
        /// How long all tasks still have to stay healthy, counted from this event; absent while some are not healthy.
        #[serde(
            default,
            with = "seconds::option",
            skip_serializing_if = "Option::is_none"
        )]
        monitoring: Option<Duration>,
    },
    /// A step is done. Its output is all that later steps know of it.
    StepFinished {
        /// Which.
        step: Step,
        /// What it found or made.
        output: StepOutput,
    },
    /// A step failed. The saga goes on with restoring, or ends.
    StepFailed {
        /// Which.
        step: Step,
        /// Why.
        failure: Failure,
    },
    /// Something that the caller should know, but that stops nothing.
    Warned {
        /// For people.
        message: String,
    },
    /// Somebody asked to cancel it.
    CancelRequested {
        /// Who.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        actor: Option<ActorRef>,
    },
    /// A worker that stops handed it back; another one goes on.
    HandedBack {
        /// The worker.
        worker: WorkerId,
    },
    /// Terminal: every replica runs the release and stayed healthy.
    Succeeded {
        /// The release that is now current.
        release_id: ReleaseId,
        /// `healthy`, or `unchanged` when nothing had to be done.
        reason: Reason,
    },
    /// Terminal: it failed.
    Failed {
        /// Why, for programs.
        reason: Reason,
        /// Why.
        failure: Failure,
    },
    /// Terminal: the rollout failed and the previous release serves again, verified. Also the one event that
    /// may follow a success, when a person goes back.
    RolledBack {
        /// Why, for programs.
        reason: Reason,
        /// The release that serves.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        release_id: Option<ReleaseId>,
        /// What made it necessary; absent when a person asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
        /// The deployment that went back, when a person asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<DeploymentId>,
    },
    /// Terminal: the work has stopped, and the service is as it was.
    Cancelled {
        /// For people.
        message: String,
    },
    /// Terminal: a newer deployment took its place in the queue.
    Superseded {
        /// Which.
        by: DeploymentId,
    },
    /// After a success: fewer replicas are healthy than should be.
    Degraded {
        /// What was seen.
        message: String,
        /// The tasks.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tasks: Vec<TaskView>,
    },
    /// After a success: all replicas are healthy again.
    Recovered,
    /// After a success: somebody else changed the service. It is reported, never overwritten.
    Drifted {
        /// What differs.
        message: String,
    },
}

impl EventKind {
    /// The `type` of the event on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Claimed { .. } => "claimed",
            Self::StepStarted { .. } => "step_started",
            Self::StepProgressed { .. } => "step_progressed",
            Self::StepFinished { .. } => "step_finished",
            Self::StepFailed { .. } => "step_failed",
            Self::Warned { .. } => "warned",
            Self::CancelRequested { .. } => "cancel_requested",
            Self::HandedBack { .. } => "handed_back",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::RolledBack { .. } => "rolled_back",
            Self::Cancelled { .. } => "cancelled",
            Self::Superseded { .. } => "superseded",
            Self::Degraded { .. } => "degraded",
            Self::Recovered => "recovered",
            Self::Drifted { .. } => "drifted",
        }
    }
}

/// What a step found or made, and what later steps need of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "output",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum StepOutput {
    /// Nothing had to be done.
    Skipped {
        /// Why.
        why: String,
    },
    /// Done, with nothing to hand on.
    Done,
    /// The commit or tree.
    Resolved {
        /// Which.
        revision: Revision,
    },
    /// The image.
    Built {
        /// Its name, as in `app:1a2b3c4`.
        image: String,
        /// Its id, `sha256:…`.
        image_id: String,
        /// Digest of the inputs of the build.
        fingerprint: String,
        /// Whether it was there already.
        reused: bool,
    },
    /// What is really run.
    Pinned {
        /// `name@sha256:…`, or the image id where no registry holds it.
        image_reference: String,
    },
    /// The service has the new specification.
    Applied {
        /// The release that was made of it.
        release_id: ReleaseId,
        /// Version of the service after it.
        service_version: u64,
        /// Digest of the specification as the engine keeps it; drift is measured against it.
        spec_digest: String,
        /// Value of the `dokploy.rollout` label of the tasks that are verified: those of this deployment, or of an
        /// earlier one when nothing restarted.
        rollout: String,
        /// Whether the service was changed at all.
        changed: bool,
    },
    /// The release that serves again.
    Restored {
        /// Which; absent: there was none and the service was stopped or removed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        release_id: Option<ReleaseId>,
        /// Digest of the specification as the engine keeps it; drift is measured against it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spec_digest: Option<String>,
    },
}

impl StepOutput {
    /// The step that alone can have this output, unless any step can.
    pub const fn step(&self) -> Option<Step> {
        match self {
            Self::Skipped { .. } | Self::Done => None,
            Self::Resolved { .. } => Some(Step::ResolveSource),
            Self::Built { .. } => Some(Step::BuildImage),
            Self::Pinned { .. } => Some(Step::PushImage),
            Self::Applied { .. } => Some(Step::ApplyService),
            Self::Restored { .. } => Some(Step::RestorePrevious),
        }
    }
}

/// One task of a rollout, as the live view shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskView {
    /// Identifier of the task.
    pub id: String,
    /// Slot, from 1; the node's name for a global service.
    pub slot: String,
    /// State in the engine's words: `starting`, `running`, `failed` …
    pub state: String,
    /// Whether it belongs to the new release.
    pub new: bool,
    /// What the engine says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
