//! The queue of deployments, and the rights that one worker has at a time.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::error::Result;
use crate::id::{DeploymentId, WorkerId};
use crate::model::Deployment;

/// The right to write to a deployment: worker and epoch of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The worker that claimed it.
    pub worker: WorkerId,
    /// The epoch of that claim.
    pub epoch: u64,
}

/// A deployment that a worker may work on.
#[derive(Clone, Debug)]
pub struct Claim {
    /// As stored; its log does not hold the `claimed` event yet.
    pub deployment: Deployment,
    /// The right to write.
    pub fence: Fence,
    /// How many workers have tried, this one included. A graceful hand-back does not count.
    pub attempt: u32,
}

/// What waits and what runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// Deployments that wait.
    pub waiting: u64,
    /// Deployments that a worker has.
    pub active: u64,
    /// How long the oldest of the waiting ones has waited.
    pub oldest_wait: Duration,
}

/// The queue: the rows of the deployments are the jobs.
#[async_trait]
pub trait QueueStore: Send + Sync + Debug {
    /// Claims the next deployment for a worker, in one statement, or answers `None` when nothing can start.
    ///
    /// # Behavior
    ///
    /// - A deployment whose lease has expired or that was handed back comes first: it is resumed.
    /// - Otherwise the oldest waiting one of the project whose turn it is: projects take turns, the one with the
    ///   fewest active deployments and then the one that was served longest ago first.
    /// - Never one of an application that has an active deployment, resumed ones excepted.
    /// - Deployments of one application come in the order of their acceptance.
    /// - Raises the epoch, sets worker and lease. No two workers ever get the same claim.
    /// - With `resume_only`, only expired and handed-back ones: what a worker that may not start new ones takes.
    async fn claim_next(
        &self,
        worker: WorkerId,
        lease: Duration,
        resume_only: bool,
    ) -> Result<Option<Claim>>;

    /// Makes a lease last `lease` from now.
    ///
    /// # Behavior
    ///
    /// - `lease_lost` when it is not this worker's any more or has expired.
    /// - Returns whether somebody asked to cancel the deployment.
    async fn renew_lease(&self, id: DeploymentId, fence: Fence, lease: Duration) -> Result<bool>;

    /// Hands a deployment back, so that another worker goes on at once. Handing back what was lost is Ok.
    async fn release_lease(&self, id: DeploymentId, fence: Fence) -> Result<()>;

    /// What waits and what runs.
    async fn queue_stats(&self) -> Result<QueueStats>;

    /// Takes or renews the named right for `ttl`, as in `watch`: at most one worker has it at any time.
    async fn acquire_right(&self, name: &str, worker: WorkerId, ttl: Duration) -> Result<bool>;
}
