//! Deployments and their logs.

use std::fmt::Debug;

use async_trait::async_trait;

use super::Fence;
use crate::clock::Timestamp;
use crate::deployment::{DeploymentState, Event, EventKind, Status};
use crate::error::Result;
use crate::id::{ApplicationId, DeploymentId, ProjectId, ReleaseId};
use crate::model::{Deployment, Page, PageRequest, Reach, SupersedePolicy};

/// What is written when a deployment is accepted.
#[derive(Clone, Debug)]
pub struct NewDeployment {
    /// The deployment, with a state of [`DeploymentState::accepted`].
    pub deployment: Deployment,
    /// Its first event.
    pub accepted: EventKind,
    /// What happens to those of the application that wait.
    pub supersede: SupersedePolicy,
    /// The same key gives the same deployment for ever.
    pub idempotency_key: Option<String>,
    /// Most deployments that may wait, over all applications.
    pub queue_max: u64,
}

/// What became of a [`NewDeployment`].
#[derive(Clone, Debug)]
pub struct CreatedDeployment {
    /// The stored deployment: the new one, or the earlier one with the same idempotency key.
    pub deployment: Deployment,
    /// Whether it was there before.
    pub existed: bool,
    /// The waiting ones that it superseded, with the events that say so.
    pub superseded: Vec<Event>,
}

/// Events to append, with everything that changes in the same transaction.
#[derive(Clone, Debug)]
pub struct Append {
    /// The deployment.
    pub deployment: DeploymentId,
    /// The state that the caller saw; its `seq` is the expected one.
    pub before: DeploymentState,
    /// The facts.
    pub events: Vec<EventKind>,
    /// Present for a worker, absent for a caller (who may only cancel, roll a success back, or observe).
    pub fence: Option<Fence>,
    /// A release that becomes stable and its application's current one in the same transaction.
    pub promote: Option<ReleaseId>,
    /// When they happened.
    pub at: Timestamp,
}

/// Which deployments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeploymentFilter {
    /// In projects that are in reach.
    pub reach: Reach,
    /// Of one application.
    pub application: Option<ApplicationId>,
    /// Of one project.
    pub project: Option<ProjectId>,
    /// With one status.
    pub status: Option<Status>,
}

/// Deployments and their logs of events.
#[async_trait]
pub trait DeploymentStore: Send + Sync + Debug {
    /// Accepts a deployment: row, job and first event in one transaction.
    ///
    /// # Behavior
    ///
    /// - Durable when it returns.
    /// - With [`SupersedePolicy::Queued`] or [`SupersedePolicy::Running`], every waiting (never claimed) deployment
    ///   of the application becomes `superseded` in the same transaction; a running one is not touched.
    /// - An idempotency key that was used for the application before returns that deployment and changes nothing,
    ///   also when many calls race.
    /// - `rate_limited` when `queue_max` deployments wait already, those that it supersedes not counted.
    /// - `not_found` when the application or the target release is absent or deleted; `conflict` when the target
    ///   release was retired.
    async fn create_deployment(&self, new: &NewDeployment) -> Result<CreatedDeployment>;

    /// The deployment.
    async fn find_deployment(&self, id: DeploymentId) -> Result<Option<Deployment>>;

    /// The deployment, unless it is absent or in a project out of reach: one statement, one answer.
    async fn find_deployment_in_reach(
        &self,
        reach: &Reach,
        id: DeploymentId,
    ) -> Result<Option<Deployment>>;

    /// The deployment of an application that was accepted with this idempotency key.
    async fn find_deployment_by_key(
        &self,
        application: ApplicationId,
        key: &str,
    ) -> Result<Option<Deployment>>;

    /// Deployments, newest first.
    async fn list_deployments(
        &self,
        filter: &DeploymentFilter,
        page: PageRequest,
    ) -> Result<Page<Deployment>>;

    /// The newest deployment of each of these applications, in one statement; those without one are left out.
    async fn newest_deployments(&self, applications: &[ApplicationId]) -> Result<Vec<Deployment>>;

    /// The ids of [`DeploymentStore::newest_deployments`] by order, and the number of the last event of each: it is
    /// the same as before when nothing has happened to them.
    async fn newest_progress(
        &self,
        applications: &[ApplicationId],
    ) -> Result<Vec<(DeploymentId, u64)>>;

    /// Appends events and stores the state that they lead to, in one transaction. The only way to change a
    /// deployment.
    ///
    /// # Behavior
    ///
    /// - Returns the stored events and the new state.
    /// - `conflict` when the log is not at `before.seq` any more: read it again.
    /// - `lease_lost` when a fence is given and worker or epoch are not those of the row, or its lease has expired.
    /// - `unexpected` for an illegal transition, and without a fence for an event that is a worker's to write; nothing
    ///   is written.
    /// - A terminal event ends the claim: the application may start its next deployment.
    /// - An event of a caller that makes a waiting deployment terminal takes it out of the queue.
    async fn append_events(&self, append: &Append) -> Result<(Vec<Event>, DeploymentState)>;

    /// Events after a number, oldest first, at most `limit` of them.
    async fn events(&self, id: DeploymentId, after: u64, limit: u32) -> Result<Vec<Event>>;
}
