//! Deployments and their logs in SQL.

use async_trait::async_trait;
use uuid::Uuid;

use super::SqlStore;
use super::release;
use super::session::{Call, Session};
use super::statement::{id_list, statements};
use super::value::{Row, json, name};
use crate::deployment::{DeploymentState, Event, Status};
use crate::error::{Error, Result};
use crate::id::{ApplicationId, DeploymentId};
use crate::model::{Deployment, Page, PageRequest, Reach, SupersedePolicy};
use crate::store::{
    Append, CreatedDeployment, DeploymentFilter, DeploymentStore, NewDeployment, refusal,
};

/// What [`read`] expects, here and in the queue.
macro_rules! columns {
    () => {
        "id, application_id, project_id, service_name, kind, request, spec, target_release_id, state,
        created_at, updated_at"
    };
}
pub(super) use columns;

statements! {
    columns = columns!();

    LOCK_APPLICATION = ["SELECT id FROM applications WHERE id = $1 AND deleted_at IS NULL" lock];
    FIND_BY_KEY = [
        "SELECT " columns " FROM deployments WHERE application_id = $1 AND idempotency_key = $2"
    ];
    FIND_TARGET = ["SELECT retired_at FROM releases WHERE id = $1"];
    WAITING = [
        "SELECT id, state FROM deployments
         WHERE application_id = $1 AND queue IN ('blocked', 'ready') AND queue <> 'done' ORDER BY ticket" lock
    ];
    /// Counts no further than the limit that it is asked about.
    COUNT_WAITING = [
        "SELECT count(*) FROM (
            SELECT 1 FROM deployments WHERE queue IN ('blocked', 'ready') LIMIT $1) AS waiting"
    ];
    INSERT = [
        "INSERT INTO deployments (" columns ", idempotency_key, seq, status, cancel_requested, queue, queued_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
            CASE WHEN EXISTS (SELECT 1 FROM deployments WHERE application_id = $2 AND queue <> 'done')
                THEN 'blocked' ELSE 'ready' END, " now ")"
    ];
    INSERT_EVENT = ["INSERT INTO events (deployment_id, seq, happened_at, fact) VALUES ($1, $2, $3, $4)"];

    FIND = ["SELECT " columns " FROM deployments WHERE " (reached "project_id") " AND id = $3"];
    LIST = [
        "SELECT " columns " FROM deployments
         WHERE " (reached "project_id") " AND id < $3 ORDER BY id DESC LIMIT $4"
    ];
    LIST_LIMITED = [
        "SELECT " columns " FROM deployments
         WHERE " (limited "project_id") " AND id < $3 ORDER BY id DESC LIMIT $4"
    ];
    LIST_WITH_STATUS = [
        "SELECT " columns " FROM deployments
         WHERE " (reached "project_id") " AND status = $3 AND id < $4 ORDER BY id DESC LIMIT $5"
    ];
    /// Not by the index of all deployments with a status, which SQLite would take for the better one.
    LIST_LIMITED_WITH_STATUS = [
        "SELECT " columns " FROM deployments
         WHERE " (limited "project_id") " AND status || '' = $3 AND id < $4 ORDER BY id DESC LIMIT $5"
    ];
    LIST_OF_PROJECT = [
        "SELECT " columns " FROM deployments
         WHERE " (reached "project_id") " AND project_id = $3 AND id < $4 ORDER BY id DESC LIMIT $5"
    ];
    LIST_OF_PROJECT_WITH_STATUS = [
        "SELECT " columns " FROM deployments
         WHERE " (reached "project_id") " AND project_id = $3 AND status = $4 AND id < $5 ORDER BY id DESC LIMIT $6"
    ];
    LIST_OF_APPLICATION = [
        "SELECT " columns " FROM deployments
         WHERE " (reached "project_id") " AND application_id = $3 AND (project_id = $4 OR $4 IS NULL) AND id < $5
         ORDER BY id DESC LIMIT $6"
    ];
    LIST_OF_APPLICATION_WITH_STATUS = [
        "SELECT " columns " FROM deployments
         WHERE " (reached "project_id") " AND application_id = $3 AND (project_id = $4 OR $4 IS NULL)
           AND status = $5 AND id < $6
         ORDER BY id DESC LIMIT $7"
    ];
    /// Looks at one row of each application, however long its history is.
    NEWEST = [
        "SELECT " columns " FROM deployments WHERE id IN (
            SELECT (
                SELECT newest.id FROM deployments AS newest WHERE newest.application_id = applications.id
                ORDER BY newest.id DESC LIMIT 1)
            FROM applications WHERE id IN (" ids "))
         LIMIT $1"
    ];
    NEWEST_PROGRESS = [
        "SELECT id, seq FROM deployments WHERE id IN (
            SELECT (
                SELECT newest.id FROM deployments AS newest WHERE newest.application_id = applications.id
                ORDER BY newest.id DESC LIMIT 1)
            FROM applications WHERE id IN (" ids "))
         ORDER BY id LIMIT $1"
    ];
    EVENTS = [
        "SELECT seq, happened_at, fact FROM events WHERE deployment_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"
    ];

    LOCK_APPLICATION_OF = [
        "SELECT id FROM applications WHERE id = (SELECT application_id FROM deployments WHERE id = $1)" lock
    ];
    /// The expected sequence number, the fence and the legality of the status are all in its condition.
    ADVANCE = [
        "UPDATE deployments SET seq = $3, status = $4, cancel_requested = $5, state = $6, updated_at = $7,
            queue = CASE WHEN $8 THEN 'done' ELSE queue END,
            worker_id = CASE WHEN $8 THEN NULL ELSE worker_id END,
            lease_until = CASE WHEN $8 THEN NULL ELSE lease_until END
         WHERE id = $1 AND seq = $2
           AND ((worker_id = $9 AND epoch = $10 AND lease_until > " now ") OR $9 IS NULL)
         RETURNING application_id"
    ];
    STANDING = [
        "SELECT COALESCE(worker_id = $2 AND epoch = $3 AND lease_until > " now ", FALSE)
         FROM deployments WHERE id = $1"
    ];
    /// The oldest open deployment of an application is the one that may run.
    UNBLOCK = [
        "UPDATE deployments SET queue = 'ready'
         WHERE queue = 'blocked' AND ticket = (
            SELECT min(ticket) FROM deployments WHERE application_id = $1 AND queue <> 'done')"
    ];
}

pub(super) fn read(row: &mut Row) -> Result<Deployment> {
    Ok(Deployment {
        id: row.take()?,
        application_id: row.take()?,
        project_id: row.take()?,
        service_name: row.take()?,
        kind: row.take_name()?,
        request: row.take_json()?,
        spec: row.take_json()?,
        target_release_id: row.take()?,
        state: row.take_json()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

fn insert(new: &NewDeployment) -> Result<Call<'static>> {
    let Deployment { state, .. } = &new.deployment;
    Ok(INSERT
        .bind(new.deployment.id)
        .bind(new.deployment.application_id)
        .bind(new.deployment.project_id)
        .bind(new.deployment.service_name.as_str())
        .bind(name(&new.deployment.kind)?)
        .bind(json(&new.deployment.request)?)
        .bind(json(&new.deployment.spec)?)
        .bind(new.deployment.target_release_id)
        .bind(json(state)?)
        .bind(new.deployment.created_at)
        .bind(new.deployment.updated_at)
        .bind(new.idempotency_key.as_deref())
        .bind(state.seq)
        .bind(state.status.as_str())
        .bind(state.cancel_requested))
}

async fn insert_events(transaction: &mut Session, events: &[Event]) -> Result<()> {
    for event in events {
        let insert = INSERT_EVENT
            .bind(event.deployment_id)
            .bind(event.seq)
            .bind(event.at)
            .bind(json(&event.kind)?);
        transaction.execute(insert).await?;
    }
    Ok(())
}

fn advance(append: &Append, state: &DeploymentState) -> Result<Call<'static>> {
    Ok(ADVANCE
        .bind(append.deployment)
        .bind(append.before.seq)
        .bind(state.seq)
        .bind(state.status.as_str())
        .bind(state.cancel_requested)
        .bind(json(state)?)
        .bind(append.at)
        .bind(state.status.is_terminal())
        .bind(append.fence.map(|fence| fence.worker))
        .bind(append.fence.map_or(0, |fence| fence.epoch)))
}

/// Makes those that wait `superseded`. The caller holds the lock of the application, and the new deployment is
/// written after it, so that the queue has no gap.
async fn supersede(transaction: &mut Session, new: &NewDeployment) -> Result<Vec<Event>> {
    if new.supersede == SupersedePolicy::Never {
        return Ok(Vec::new());
    }
    let waiting = WAITING.bind(new.deployment.application_id);
    let mut events = Vec::new();
    for mut row in transaction.all(waiting).await? {
        let id: DeploymentId = row.take()?;
        let before: DeploymentState = row.take_json()?;
        let (event, state) = new.supersede_event(id, before.clone())?;
        let append = Append {
            deployment: id,
            before,
            events: Vec::new(),
            fence: None,
            promote: None,
            at: event.at,
        };
        transaction.execute(advance(&append, &state)?).await?;
        insert_events(transaction, std::slice::from_ref(&event)).await?;
        events.push(event);
    }
    Ok(events)
}

/// Writes the row, its first event and those of the deployments that it supersedes.
async fn accept(transaction: &mut Session, new: &NewDeployment) -> Result<CreatedDeployment> {
    let insert = insert(new)?;
    let application = new.deployment.application_id;
    // Everything that changes which deployment of an application is next takes this lock.
    let locked = transaction.optional(LOCK_APPLICATION.bind(application));
    if locked.await?.is_none() {
        return Err(Error::not_found("application", application));
    }
    if let Some(key) = &new.idempotency_key {
        let find = FIND_BY_KEY.bind(application).bind(key.as_str());
        if let Some(mut row) = transaction.optional(find).await? {
            return Ok(NewDeployment::existed(read(&mut row)?));
        }
    }
    if let Some(target) = new.deployment.target_release_id {
        let Some(mut row) = transaction.optional(FIND_TARGET.bind(target)).await? else {
            return Err(Error::not_found("release", target));
        };
        if row.take::<Option<i64>>()?.is_some() {
            return Err(refusal::target_retired(target));
        }
    }
    let superseded = supersede(transaction, new).await?;
    let mut counted = transaction.one(COUNT_WAITING.bind(new.queue_max)).await?;
    if counted.take::<u64>()? >= new.queue_max {
        return Err(refusal::queue_full(new.queue_max));
    }
    transaction
        .execute(insert)
        .await
        .map_err(|error| refusal::if_taken(error, "deployment", new.deployment.id))?;
    insert_events(transaction, &[new.accepted_event()]).await?;
    Ok(CreatedDeployment {
        deployment: new.deployment.clone(),
        existed: false,
        superseded,
    })
}

/// Why nothing was written.
async fn refused(transaction: &mut Session, append: &Append) -> Result<Error> {
    let standing = STANDING
        .bind(append.deployment)
        .bind(append.fence.map(|fence| fence.worker))
        .bind(append.fence.map_or(0, |fence| fence.epoch));
    let Some(mut row) = transaction.optional(standing).await? else {
        return Ok(Error::not_found("deployment", append.deployment));
    };
    let holds_lease: bool = row.take()?;
    if append.fence.is_some() && !holds_lease {
        return Ok(refusal::lease_lost(append.deployment));
    }
    Ok(refusal::stale_sequence(
        append.deployment,
        append.before.seq,
    ))
}

#[async_trait]
impl DeploymentStore for SqlStore {
    async fn create_deployment(&self, new: &NewDeployment) -> Result<CreatedDeployment> {
        let mut change = self.change().await?;
        match accept(&mut change, new).await {
            Ok(created) if created.existed => Ok(created),
            Ok(created) => {
                change.commit().await?;
                Ok(created)
            }
            Err(error) => {
                // Before the caller hears of it: a claim would pass over rows that are still locked.
                change.roll_back().await?;
                Err(error)
            }
        }
    }

    async fn find_deployment(&self, id: DeploymentId) -> Result<Option<Deployment>> {
        self.find_deployment_in_reach(&Reach::All, id).await
    }

    async fn find_deployment_in_reach(
        &self,
        reach: &Reach,
        id: DeploymentId,
    ) -> Result<Option<Deployment>> {
        let found = self.read().optional(FIND.within(reach).bind(id)).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    async fn find_deployment_by_key(
        &self,
        application: ApplicationId,
        key: &str,
    ) -> Result<Option<Deployment>> {
        let found = self
            .read()
            .optional(FIND_BY_KEY.bind(application).bind(key))
            .await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    async fn list_deployments(
        &self,
        filter: &DeploymentFilter,
        page: PageRequest,
    ) -> Result<Page<Deployment>> {
        let status = filter.status.map(Status::as_str);
        let statement = match (filter.application, filter.project, status) {
            (Some(_), _, Some(_)) => &LIST_OF_APPLICATION_WITH_STATUS,
            (Some(_), _, None) => &LIST_OF_APPLICATION,
            (None, Some(_), Some(_)) => &LIST_OF_PROJECT_WITH_STATUS,
            (None, Some(_), None) => &LIST_OF_PROJECT,
            (None, None, Some(_)) if filter.reach.is_limited() => &LIST_LIMITED_WITH_STATUS,
            (None, None, Some(_)) => &LIST_WITH_STATUS,
            (None, None, None) if filter.reach.is_limited() => &LIST_LIMITED,
            (None, None, None) => &LIST,
        };
        let mut call = statement.within(&filter.reach);
        if let Some(application) = filter.application {
            call = call.bind(application).bind(filter.project);
        } else if let Some(project) = filter.project {
            call = call.bind(project);
        }
        if let Some(status) = status {
            call = call.bind(status);
        }
        let read = |mut row: Row| read(&mut row);
        let id = |deployment: &Deployment| -> Uuid { deployment.id.as_uuid() };
        self.list(call, page, read, id).await
    }

    async fn newest_deployments(&self, applications: &[ApplicationId]) -> Result<Vec<Deployment>> {
        let ids = id_list(applications.iter().map(|id| id.as_uuid()));
        let call = NEWEST.bind(applications.len() as u64).bind(ids.as_str());
        let rows = self.read().all(call).await?;
        rows.into_iter().map(|mut row| read(&mut row)).collect()
    }

    async fn newest_progress(
        &self,
        applications: &[ApplicationId],
    ) -> Result<Vec<(DeploymentId, u64)>> {
        let ids = id_list(applications.iter().map(|id| id.as_uuid()));
        let call = NEWEST_PROGRESS
            .bind(applications.len() as u64)
            .bind(ids.as_str());
        let rows = self.read().all(call).await?;
        rows.into_iter()
            .map(|mut row| Ok((row.take()?, row.take()?)))
            .collect()
    }

    async fn append_events(&self, append: &Append) -> Result<(Vec<Event>, DeploymentState)> {
        let (events, state) = append.advance()?;
        let advance = advance(append, &state)?;
        let ends = state.status.is_terminal() && !append.before.status.is_terminal();
        let mut transaction = self.change().await?;
        if ends || append.promote.is_some() {
            // Before the row of the deployment, in the same order as everywhere: no deadlock.
            transaction
                .execute(LOCK_APPLICATION_OF.bind(append.deployment))
                .await?;
        }
        let Some(mut row) = transaction.optional(advance).await? else {
            return Err(refused(&mut transaction, append).await?);
        };
        let application: ApplicationId = row.take()?;
        insert_events(&mut transaction, &events).await?;
        if let Some(release) = append.promote {
            release::promote(&mut transaction, application, release, append.at).await?;
        }
        if ends {
            transaction.execute(UNBLOCK.bind(application)).await?;
        }
        transaction.commit().await?;
        Ok((events, state))
    }

    async fn events(&self, id: DeploymentId, after: u64, limit: u32) -> Result<Vec<Event>> {
        let rows = self
            .read()
            .all(EVENTS.bind(id).bind(after).bind(limit))
            .await?;
        rows.into_iter()
            .map(|mut row| {
                Ok(Event {
                    deployment_id: id,
                    seq: row.take()?,
                    at: row.take()?,
                    kind: row.take_json()?,
                })
            })
            .collect()
    }
}
