//! The names that every surface shows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Accepted and waiting for its turn.
    Pending,
    /// Resolving and fetching the source.
    Cloning,
    /// Building the image.
    Building,
    /// Pushing it.
    Pushing,
    /// Release command, rolling update, wait for health.
    Deploying,
    /// Every replica runs the new release and stayed healthy for the monitor period.
    Success,
    /// It failed before touching the service, or restoring failed too.
    Failed,
    /// The rollout failed and the previous release serves again; or a person went back from a success.
    RolledBack,
    /// Stopped on request, after the work has really stopped.
    Cancelled,
    /// A newer deployment replaced it in the queue.
    Superseded,
}

impl Status {
    /// Every status, in order.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Cloning,
        Self::Building,
        Self::Pushing,
        Self::Deploying,
        Self::Success,
        Self::Failed,
        Self::RolledBack,
        Self::Cancelled,
        Self::Superseded,
    ];

    /// Whether it is final (but for a success that a person rolls back).
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Success | Self::Failed | Self::RolledBack | Self::Cancelled | Self::Superseded
        )
    }

    /// The name on every surface and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Cloning => "cloning",
            Self::Building => "building",
            Self::Pushing => "pushing",
            Self::Deploying => "deploying",
            Self::Success => "success",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One unit of the saga. Each is idempotent and looks before it acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Finds the commit.
    ResolveSource,
    /// Fetches what is missing of it.
    FetchSource,
    /// Builds the image.
    BuildImage,
    /// Pushes it and learns its digest.
    PushImage,
    /// Runs the release command in the new image.
    RunReleaseCommand,
    /// Gives Swarm the new specification.
    ApplyService,
    /// Waits until every task is healthy and stayed so.
    AwaitHealthy,
    /// Brings the last stable release back, and checks it.
    RestorePrevious,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 8] = [
        Self::ResolveSource,
        Self::FetchSource,
        Self::BuildImage,
        Self::PushImage,
        Self::RunReleaseCommand,
        Self::ApplyService,
        Self::AwaitHealthy,
        Self::RestorePrevious,
    ];

    /// The status that a deployment has while this step runs.
    pub const fn status(self) -> Status {
        match self {
            Self::ResolveSource | Self::FetchSource => Status::Cloning,
            Self::BuildImage => Status::Building,
            Self::PushImage => Status::Pushing,
            Self::RunReleaseCommand
            | Self::ApplyService
            | Self::AwaitHealthy
            | Self::RestorePrevious => Status::Deploying,
        }
    }

    /// Progress in percent when the step starts and when it has finished.
    pub const fn progress(self) -> (u8, u8) {
        match self {
            Self::ResolveSource => (1, 5),
            Self::FetchSource => (5, 15),
            Self::BuildImage => (15, 50),
            Self::PushImage => (50, 60),
            Self::RunReleaseCommand => (60, 65),
            Self::ApplyService => (65, 70),
            Self::AwaitHealthy => (70, 95),
            Self::RestorePrevious => (95, 99),
        }
    }

    /// The name on every surface, in labels and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ResolveSource => "resolve_source",
            Self::FetchSource => "fetch_source",
            Self::BuildImage => "build_image",
            Self::PushImage => "push_image",
            Self::RunReleaseCommand => "run_release_command",
            Self::ApplyService => "apply_service",
            Self::AwaitHealthy => "await_healthy",
            Self::RestorePrevious => "restore_previous",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a deployment is where it is; for programs, next to the message for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It waits for a free slot or for its application's running deployment.
    Queued,
    /// A worker works on it.
    Working,
    /// A worker took it up again after another one was lost or stopped.
    Resumed,
    /// Nothing had changed: the running release was verified and kept.
    Unchanged,
    /// All replicas are healthy.
    Healthy,
    /// A step failed before the service was touched.
    StepFailed,
    /// The new release did not become or stay healthy.
    Unhealthy,
    /// A deadline passed.
    DeadlineExceeded,
    /// The previous release could not be restored: a person has to look.
    RollbackFailed,
    /// There was no release to go back to; the broken service was stopped.
    NothingToRestore,
    /// The application is set to be left as it is when a rollout fails.
    LeftInPlace,
    /// Its worker was lost three times.
    WorkerLost,
    /// Somebody else changed the service during the rollout.
    ChangedOutside,
    /// Somebody asked for it.
    Requested,
    /// A newer deployment took its place.
    Superseded,
}

impl Reason {
    /// The name on every surface and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Working => "working",
            Self::Resumed => "resumed",
            Self::Unchanged => "unchanged",
            Self::Healthy => "healthy",
            Self::StepFailed => "step_failed",
            Self::Unhealthy => "unhealthy",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::RollbackFailed => "rollback_failed",
            Self::NothingToRestore => "nothing_to_restore",
            Self::LeftInPlace => "left_in_place",
            Self::WorkerLost => "worker_lost",
            Self::ChangedOutside => "changed_outside",
            Self::Requested => "requested",
            Self::Superseded => "superseded",
        }
    }
}
