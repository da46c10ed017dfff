//! Deployments and their logs in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tokio::time::Instant;

use super::queue::{Job, Place};
use super::{MemoryStore, Tables, page_of};
use crate::deployment::{DeploymentState, Event};
use crate::error::{Error, Result};
use crate::id::{ApplicationId, DeploymentId, ReleaseId};
use crate::model::{Deployment, Page, PageRequest, Reach, SupersedePolicy};
use crate::store::{
    Append, CreatedDeployment, DeploymentFilter, DeploymentStore, NewDeployment, refusal,
};

impl Tables {
    pub(super) fn job(&self, id: DeploymentId) -> Result<&Job> {
        self.deployments
            .get(&id)
            .ok_or_else(|| Error::not_found("deployment", id))
    }

    pub(super) fn job_mut(&mut self, id: DeploymentId) -> Result<&mut Job> {
        self.deployments
            .get_mut(&id)
            .ok_or_else(|| Error::not_found("deployment", id))
    }

    /// Jobs that are not terminal, in the order of their acceptance.
    pub(super) fn open_jobs(&self) -> impl Iterator<Item = &Job> {
        self.open.values().map(|id| &self.deployments[id])
    }

    pub(super) fn open_of(&self, application: ApplicationId) -> impl Iterator<Item = &Job> {
        self.open_jobs()
            .filter(move |job| job.deployment.application_id == application)
    }

    fn accept(&mut self, new: &NewDeployment) -> Result<CreatedDeployment> {
        let application = new.deployment.application_id;
        if self.application(application).is_none() {
            return Err(Error::not_found("application", application));
        }
        if let Some(key) = &new.idempotency_key
            && let Some(id) = self.idempotency_keys.get(&(application, key.clone()))
        {
            return Ok(NewDeployment::existed(self.job(*id)?.deployment.clone()));
        }
        if self.deployments.contains_key(&new.deployment.id) {
            return Err(refusal::taken("deployment", new.deployment.id));
        }
        if let Some(target) = new.deployment.target_release_id {
            self.require_retained(target)?;
        }
        let superseded = self.superseded_by(new)?;
        let waiting_count = self.open_jobs().filter(|job| job.is_waiting()).count();
        if (waiting_count - superseded.len()) as u64 >= new.queue_max {
            return Err(refusal::queue_full(new.queue_max));
        }

        let mut events = Vec::new();
        for (event, state) in superseded {
            self.write(event.deployment_id, std::slice::from_ref(&event), state)?;
            events.push(event);
        }
        self.accepted_count += 1;
        self.open.insert(self.accepted_count, new.deployment.id);
        self.deployments
            .insert(new.deployment.id, Job::new(new, self.accepted_count));
        if let Some(key) = &new.idempotency_key {
            self.idempotency_keys
                .insert((application, key.clone()), new.deployment.id);
        }
        Ok(CreatedDeployment {
            deployment: new.deployment.clone(),
            existed: false,
            superseded: events,
        })
    }

    fn require_retained(&self, release: ReleaseId) -> Result<()> {
        let stored = self
            .releases
            .get(&release)
            .ok_or_else(|| Error::not_found("release", release))?;
        if stored.retired_at.is_some() {
            return Err(refusal::target_retired(release));
        }
        Ok(())
    }

    fn superseded_by(&self, new: &NewDeployment) -> Result<Vec<(Event, DeploymentState)>> {
        if new.supersede == SupersedePolicy::Never {
            return Ok(Vec::new());
        }
        self.open_of(new.deployment.application_id)
            .filter(|job| job.is_waiting())
            .map(|job| new.supersede_event(job.deployment.id, job.deployment.state.clone()))
            .collect()
    }

    fn append(&mut self, append: &Append) -> Result<(Vec<Event>, DeploymentState)> {
        let (events, state) = append.advance()?;
        let job = self.job(append.deployment)?;
        if let Some(fence) = append.fence {
            job.require_lease(fence, Instant::now())?;
        }
        if job.deployment.state.seq != append.before.seq {
            return Err(refusal::stale_sequence(
                append.deployment,
                append.before.seq,
            ));
        }
        if let Some(release) = append.promote {
            let application = job.deployment.application_id;
            self.promote(application, release, append.at)?;
        }
        self.write(append.deployment, &events, state.clone())?;
        Ok((events, state))
    }

    /// Everything was checked before.
    fn write(&mut self, id: DeploymentId, events: &[Event], state: DeploymentState) -> Result<()> {
        let job = self.job_mut(id)?;
        job.events.extend_from_slice(events);
        if let Some(last) = events.last() {
            job.deployment.updated_at = last.at;
        }
        if state.status.is_terminal() && job.place != Place::Done {
            job.place = Place::Done;
            let position = job.position;
            job.deployment.state = state;
            self.open.remove(&position);
        } else {
            job.deployment.state = state;
        }
        Ok(())
    }
}

#[async_trait]
impl DeploymentStore for MemoryStore {
    async fn create_deployment(&self, new: &NewDeployment) -> Result<CreatedDeployment> {
        let mut tables = self.change();
        let created = tables.accept(new)?;
        if !created.existed {
            tables.commit();
        }
        Ok(created)
    }

    async fn find_deployment(&self, id: DeploymentId) -> Result<Option<Deployment>> {
        let tables = self.lock();
        Ok(tables
            .deployments
            .get(&id)
            .map(|job| job.deployment.clone()))
    }

    async fn find_deployment_in_reach(
        &self,
        reach: &Reach,
        id: DeploymentId,
    ) -> Result<Option<Deployment>> {
        let tables = self.lock();
        let found = tables.deployments.get(&id).map(|job| &job.deployment);
        let reached = found.filter(|found| tables.reaches(reach, found.project_id));
        Ok(reached.cloned())
    }

    async fn find_deployment_by_key(
        &self,
        application: ApplicationId,
        key: &str,
    ) -> Result<Option<Deployment>> {
        let tables = self.lock();
        let id = tables.idempotency_keys.get(&(application, key.to_owned()));
        let job = id.and_then(|id| tables.deployments.get(id));
        Ok(job.map(|job| job.deployment.clone()))
    }

    async fn list_deployments(
        &self,
        filter: &DeploymentFilter,
        page: PageRequest,
    ) -> Result<Page<Deployment>> {
        let tables = self.lock();
        let asked = tables
            .deployments
            .values()
            .rev()
            .map(|job| &job.deployment)
            .filter(|deployment| {
                filter
                    .application
                    .is_none_or(|id| deployment.application_id == id)
                    && filter.project.is_none_or(|id| deployment.project_id == id)
                    && filter
                        .status
                        .is_none_or(|status| deployment.state.status == status)
                    && tables.reaches(&filter.reach, deployment.project_id)
            });
        Ok(page_of(asked, page, |deployment| deployment.id.as_uuid()))
    }

    async fn newest_deployments(&self, applications: &[ApplicationId]) -> Result<Vec<Deployment>> {
        let tables = self.lock();
        let mut newest = BTreeMap::new();
        // Later ones have greater ids.
        for job in tables.deployments.values() {
            let application = job.deployment.application_id;
            if applications.contains(&application) {
                newest.insert(application, &job.deployment);
            }
        }
        Ok(newest.into_values().cloned().collect())
    }

    async fn newest_progress(
        &self,
        applications: &[ApplicationId],
    ) -> Result<Vec<(DeploymentId, u64)>> {
        let newest = self.newest_deployments(applications).await?;
        let mut progress: Vec<_> = newest.iter().map(|one| (one.id, one.state.seq)).collect();
        progress.sort_unstable();
        Ok(progress)
    }

    async fn append_events(&self, append: &Append) -> Result<(Vec<Event>, DeploymentState)> {
        let mut tables = self.change();
        let appended = tables.append(append)?;
        tables.commit();
        Ok(appended)
    }

    async fn events(&self, id: DeploymentId, after: u64, limit: u32) -> Result<Vec<Event>> {
        let tables = self.lock();
        let Some(job) = tables.deployments.get(&id) else {
            return Ok(Vec::new());
        };
        Ok(job
            .events
            .iter()
            .filter(|event| event.seq > after)
            .take(limit as usize)
            .cloned()
            .collect())
    }
}
