//! The queue in memory.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{MemoryStore, Tables};
use crate::deployment::Event;
use crate::error::Result;
use crate::id::{DeploymentId, ProjectId, WorkerId};
use crate::model::Deployment;
use crate::store::{Claim, Fence, NewDeployment, QueueStats, QueueStore, refusal};

/// A deployment with what the queue knows of it.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) deployment: Deployment,
    pub(super) events: Vec<Event>,
    pub(super) place: Place,
    /// Its number in the order of acceptance.
    pub(super) position: u64,
    epoch: u64,
    attempt: u32,
    queued_at: Instant,
}

/// Where a job is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// No worker has ever claimed it.
    Waiting,
    /// A worker has it.
    Claimed {
        /// Which.
        worker: WorkerId,
        /// When its lease ends.
        until: Instant,
    },
    /// It was handed back.
    HandedBack,
    /// It is terminal.
    Done,
}

impl Job {
    pub(super) fn new(new: &NewDeployment, position: u64) -> Self {
        Self {
            deployment: new.deployment.clone(),
            events: vec![new.accepted_event()],
            place: Place::Waiting,
            position,
            epoch: 0,
            attempt: 0,
            queued_at: Instant::now(),
        }
    }

    pub(super) fn is_waiting(&self) -> bool {
        self.place == Place::Waiting
    }

    pub(super) fn require_lease(&self, fence: Fence, now: Instant) -> Result<()> {
        match self.place {
            Place::Claimed { worker, until }
                if worker == fence.worker && self.epoch == fence.epoch && now < until =>
            {
                Ok(())
            }
            _ => Err(refusal::lease_lost(self.deployment.id)),
        }
    }

    /// How long ago another worker could have taken it up; for ever when it was handed back.
    fn overdue(&self, now: Instant) -> Option<Duration> {
        match self.place {
            Place::HandedBack => Some(Duration::MAX),
            Place::Claimed { until, .. } if until <= now => Some(now - until),
            _ => None,
        }
    }
}

impl Tables {
    fn next_resumable(&self, now: Instant) -> Option<DeploymentId> {
        self.open_jobs()
            .filter_map(|job| Some((job.overdue(now)?, Reverse(job.position), job.deployment.id)))
            .max()
            .map(|(_, _, id)| id)
    }

    fn next_waiting(&self) -> Option<DeploymentId> {
        let mut active_counts: HashMap<ProjectId, usize> = HashMap::new();
        let mut busy = HashSet::new();
        for job in self.open_jobs().filter(|job| !job.is_waiting()) {
            busy.insert(job.deployment.application_id);
            *active_counts.entry(job.deployment.project_id).or_default() += 1;
        }
        let mut heads: HashMap<ProjectId, DeploymentId> = HashMap::new();
        for job in self.open_jobs().filter(|job| job.is_waiting()) {
            if !busy.contains(&job.deployment.application_id) {
                heads
                    .entry(job.deployment.project_id)
                    .or_insert(job.deployment.id);
            }
        }
        let turn = |project: &ProjectId| {
            let active = active_counts.get(project).copied().unwrap_or_default();
            let served = self.served.get(project).copied().unwrap_or_default();
            (active, served, *project)
        };
        heads
            .into_iter()
            .min_by_key(|(project, _)| turn(project))
            .map(|(_, id)| id)
    }

    fn claim(
        &mut self,
        worker: WorkerId,
        lease: Duration,
        resume_only: bool,
    ) -> Result<Option<Claim>> {
        let now = Instant::now();
        let resumed = self.next_resumable(now);
        let Some(id) = resumed.or_else(|| self.next_waiting().filter(|_| !resume_only)) else {
            return Ok(None);
        };
        self.claim_count += 1;
        let claim_count = self.claim_count;
        let job = self.job_mut(id)?;
        job.place = Place::Claimed {
            worker,
            until: now + lease,
        };
        job.epoch += 1;
        job.attempt += 1;
        let claim = Claim {
            deployment: job.deployment.clone(),
            fence: Fence {
                worker,
                epoch: job.epoch,
            },
            attempt: job.attempt,
        };
        if resumed.is_none() {
            let project = claim.deployment.project_id;
            self.served.insert(project, claim_count);
        }
        Ok(Some(claim))
    }
}

#[async_trait]
impl QueueStore for MemoryStore {
    async fn claim_next(
        &self,
        worker: WorkerId,
        lease: Duration,
        resume_only: bool,
    ) -> Result<Option<Claim>> {
        self.lock().claim(worker, lease, resume_only)
    }

    async fn renew_lease(&self, id: DeploymentId, fence: Fence, lease: Duration) -> Result<bool> {
        let mut tables = self.lock();
        let now = Instant::now();
        let job = tables
            .deployments
            .get_mut(&id)
            .ok_or_else(|| refusal::lease_lost(id))?;
        job.require_lease(fence, now)?;
        job.place = Place::Claimed {
            worker: fence.worker,
            until: now + lease,
        };
        Ok(job.deployment.state.cancel_requested)
    }

    async fn release_lease(&self, id: DeploymentId, fence: Fence) -> Result<()> {
        let mut tables = self.lock();
        let Some(job) = tables.deployments.get_mut(&id) else {
            return Ok(());
        };
        let owned = matches!(job.place, Place::Claimed { worker, .. } if worker == fence.worker);
        if owned && job.epoch == fence.epoch {
            job.place = Place::HandedBack;
            job.attempt = job.attempt.saturating_sub(1);
        }
        Ok(())
    }

    async fn queue_stats(&self) -> Result<QueueStats> {
        let tables = self.lock();
        let mut stats = QueueStats::default();
        for job in tables.open_jobs() {
            if job.is_waiting() {
                stats.waiting += 1;
                stats.oldest_wait = stats.oldest_wait.max(job.queued_at.elapsed());
            } else {
                stats.active += 1;
            }
        }
        Ok(stats)
    }

    async fn acquire_right(&self, name: &str, worker: WorkerId, ttl: Duration) -> Result<bool> {
        let rights = &mut self.lock().rights;
        let now = Instant::now();
        let held_by_other = rights
            .get(name)
            .is_some_and(|(holder, until)| *holder != worker && now < *until);
        if !held_by_other {
            rights.insert(name.to_owned(), (worker, now + ttl));
        }
        Ok(!held_by_other)
    }
}
