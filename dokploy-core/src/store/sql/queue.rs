//! The queue in SQL. The rows of the deployments are the jobs, and leases run on the clock of the database.

use std::time::Duration;

use async_trait::async_trait;

use super::SqlStore;
use super::deployment;
use super::statement::statements;
use super::value::micros;
use crate::error::Result;
use crate::id::{DeploymentId, WorkerId};
use crate::store::{Claim, Fence, QueueStats, QueueStore, refusal};

statements! {
    columns = deployment::columns!();

    /// What was lost or handed back goes first. Otherwise the projects that have something ready are found by
    /// jumping from one to the next in an index, so that the cost depends on their number and not on the length of
    /// the queue or of the history. The last choice matters on PostgreSQL only: everything of the project whose turn
    /// it is may be in the hands of others who claim at this moment, while another project waits.
    CLAIM = [
        "UPDATE deployments SET queue = 'active', worker_id = $1, epoch = epoch + 1, attempt = attempt + 1,
            lease_until = " now " + $2, claimed_at = COALESCE(claimed_at, " now ")
         WHERE ticket = COALESCE(
            (SELECT ticket FROM deployments
             WHERE queue = 'active' AND lease_until <= " now "
             ORDER BY lease_until LIMIT 1" skip_locked "),
            CASE WHEN $3 THEN NULL ELSE
                (SELECT ticket FROM deployments
                 WHERE queue = 'ready' AND project_id = (
                    WITH RECURSIVE waiting (project_id) AS (
                        SELECT (SELECT project_id FROM deployments
                                WHERE queue = 'ready' ORDER BY project_id LIMIT 1)
                        UNION ALL
                        SELECT (SELECT next.project_id FROM deployments AS next
                                WHERE next.queue = 'ready' AND next.project_id > waiting.project_id
                                ORDER BY next.project_id LIMIT 1)
                        FROM waiting WHERE waiting.project_id IS NOT NULL)
                    SELECT waiting.project_id FROM waiting WHERE waiting.project_id IS NOT NULL
                    ORDER BY
                        (SELECT count(*) FROM deployments AS running
                         WHERE running.queue = 'active' AND running.project_id = waiting.project_id),
                        COALESCE((SELECT max(served.claimed_at) FROM deployments AS served
                                  WHERE served.project_id = waiting.project_id), 0),
                        waiting.project_id
                    LIMIT 1)
                 ORDER BY ticket LIMIT 1" skip_locked ")
            END,
            CASE WHEN $3 THEN NULL ELSE
                (SELECT ticket FROM deployments
                 WHERE queue = 'ready' ORDER BY project_id, ticket LIMIT 1" skip_locked ")
            END)
         RETURNING epoch, attempt, " columns
    ];
    RENEW = [
        "UPDATE deployments SET lease_until = " now " + $4
         WHERE id = $1 AND worker_id = $2 AND epoch = $3 AND lease_until > " now " RETURNING cancel_requested"
    ];
    RELEASE = [
        "UPDATE deployments SET worker_id = NULL, lease_until = 0, attempt = attempt - 1
         WHERE id = $1 AND worker_id = $2 AND epoch = $3"
    ];
    STATS = [
        "SELECT
            (SELECT count(*) FROM deployments WHERE queue IN ('blocked', 'ready')),
            (SELECT count(*) FROM deployments WHERE queue = 'active'),
            COALESCE(" now " - (SELECT min(queued_at) FROM deployments WHERE queue IN ('blocked', 'ready')), 0)"
    ];
    ACQUIRE = [
        "INSERT INTO rights (name, worker_id, held_until) VALUES ($1, $2, " now " + $3)
         ON CONFLICT (name) DO UPDATE SET worker_id = excluded.worker_id, held_until = excluded.held_until
         WHERE rights.worker_id = excluded.worker_id OR rights.held_until <= " now "
         RETURNING name"
    ];
}

#[async_trait]
impl QueueStore for SqlStore {
    async fn claim_next(
        &self,
        worker: WorkerId,
        lease: Duration,
        resume_only: bool,
    ) -> Result<Option<Claim>> {
        let claim = CLAIM.bind(worker).bind(micros(lease)).bind(resume_only);
        let Some(mut row) = self.write().optional(claim).await? else {
            return Ok(None);
        };
        let epoch = row.take()?;
        Ok(Some(Claim {
            attempt: row.take()?,
            deployment: deployment::read(&mut row)?,
            fence: Fence { worker, epoch },
        }))
    }

    async fn renew_lease(&self, id: DeploymentId, fence: Fence, lease: Duration) -> Result<bool> {
        let renew = RENEW
            .bind(id)
            .bind(fence.worker)
            .bind(fence.epoch)
            .bind(micros(lease));
        match self.write().optional(renew).await? {
            Some(mut row) => row.take(),
            None => Err(refusal::lease_lost(id)),
        }
    }

    async fn release_lease(&self, id: DeploymentId, fence: Fence) -> Result<()> {
        let release = RELEASE.bind(id).bind(fence.worker).bind(fence.epoch);
        self.write().execute(release).await
    }

    async fn queue_stats(&self) -> Result<QueueStats> {
        let mut row = self.read().one(STATS.call()).await?;
        Ok(QueueStats {
            waiting: row.take()?,
            active: row.take()?,
            // A clock of the database that was set back gives no negative wait.
            oldest_wait: Duration::from_micros(row.take::<i64>()?.try_into().unwrap_or(0)),
        })
    }

    async fn acquire_right(&self, name: &str, worker: WorkerId, ttl: Duration) -> Result<bool> {
        let acquire = ACQUIRE.bind(name).bind(worker).bind(micros(ttl));
        Ok(self.write().optional(acquire).await?.is_some())
    }
}
