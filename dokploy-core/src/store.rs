//! Where everything durable lives. `Store` is a few small traits, one for each aggregate.
//!
//! Rules that hold for every implementation:
//!
//! - Lookups answer `None` for what is absent or deleted; absence is not an error.
//! - Writes that can race carry the version, sequence number or fence that the caller saw, and fail with
//!   `conflict` or `lease_lost` when the world has moved.
//! - Deletes are soft: rows stay for the record and are never returned again.
//! - Leases run on the database's own clock, so that the clocks of workers do not matter.

mod append;
mod memory;
mod page;
mod refusal;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

pub use self::memory::MemoryStore;
#[cfg(all(feature = "conformance", feature = "postgres"))]
pub use self::sql::TemporaryPostgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::sql::{SqlStore, SqlStoreOptions};
use crate::clock::Timestamp;
use crate::deployment::{DeploymentState, Event, EventKind, Status};
use crate::error::Result;
use crate::id::{ApplicationId, CredentialId, DeploymentId, ProjectId, ReleaseId, WorkerId};
use crate::model::{
    Application, Credential, Deployment, Page, PageRequest, Project, Release, SupersedePolicy,
};

/// All of the storage.
pub trait Store:
    ProjectStore
    + ApplicationStore
    + DeploymentStore
    + QueueStore
    + ReleaseStore
    + CredentialStore
    + SettingStore
{
}

impl<T> Store for T where
    T: ProjectStore
        + ApplicationStore
        + DeploymentStore
        + QueueStore
        + ReleaseStore
        + CredentialStore
        + SettingStore
{
}

/// Projects.
#[async_trait]
pub trait ProjectStore: Send + Sync + Debug {
    /// Stores a new project.
    ///
    /// # Behavior
    ///
    /// - `already_exists` when a project that is not deleted has its name or its id.
    async fn create_project(&self, project: &Project) -> Result<()>;

    /// The project, unless it is absent or deleted.
    async fn find_project(&self, id: ProjectId) -> Result<Option<Project>>;

    /// The project with this name.
    async fn find_project_by_name(&self, name: &str) -> Result<Option<Project>>;

    /// Projects, newest first.
    async fn list_projects(&self, page: PageRequest) -> Result<Page<Project>>;

    /// Replaces a project. `project.version` is the version that the caller read.
    ///
    /// # Behavior
    ///
    /// - Stores `version + 1` and returns what was stored.
    /// - `conflict` when the stored version differs; `not_found` when it is absent or deleted.
    async fn update_project(&self, project: &Project) -> Result<Project>;

    /// Deletes a project softly.
    ///
    /// # Behavior
    ///
    /// - `conflict` while it has applications that are not deleted.
    /// - Deleting what is absent or deleted is Ok: the caller's aim is reached.
    async fn delete_project(&self, id: ProjectId, at: Timestamp) -> Result<()>;
}

/// Applications.
#[async_trait]
pub trait ApplicationStore: Send + Sync + Debug {
    /// Stores a new application.
    ///
    /// # Behavior
    ///
    /// - `already_exists` when its id, its service name, or its name within the project is taken by one that is
    ///   not deleted.
    /// - `not_found` when the project is absent or deleted.
    async fn create_application(&self, application: &Application) -> Result<()>;

    /// The application, unless it is absent or deleted.
    async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>>;

    /// The application with this name in the project.
    async fn find_application_by_name(
        &self,
        project: ProjectId,
        name: &str,
    ) -> Result<Option<Application>>;

    /// The application with this service name.
    async fn find_application_by_service_name(
        &self,
        service_name: &str,
    ) -> Result<Option<Application>>;

    /// Applications, of one project or of all, newest first.
    async fn list_applications(
        &self,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Page<Application>>;

    /// Replaces an application. `application.version` is the version that the caller read.
    ///
    /// # Behavior
    ///
    /// - Stores `version + 1` and returns what was stored; `current_release_id` is not changed by this call.
    /// - `conflict` when the stored version differs; `not_found` when it is absent or deleted.
    async fn update_application(&self, application: &Application) -> Result<Application>;

    /// Deletes an application softly. Deleting what is absent or deleted is Ok.
    ///
    /// # Behavior
    ///
    /// - `conflict` while it has a deployment that is not terminal.
    async fn delete_application(&self, id: ApplicationId, at: Timestamp) -> Result<()>;
}

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

/// The right to write to a deployment: worker and epoch of the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The worker that claimed it.
    pub worker: WorkerId,
    /// The epoch of that claim.
    pub epoch: u64,
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

/// Releases.
#[async_trait]
pub trait ReleaseStore: Send + Sync + Debug {
    /// Stores a release, or returns the one that this deployment made before.
    ///
    /// # Behavior
    ///
    /// - `lease_lost` as for [`DeploymentStore::append_events`].
    async fn create_release(&self, release: &Release, fence: Fence) -> Result<Release>;

    /// The release.
    async fn find_release(&self, id: ReleaseId) -> Result<Option<Release>>;

    /// Releases of an application, newest first, retired ones included.
    async fn list_releases(
        &self,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<Release>>;

    /// The newest release of an application that was built from these inputs and is not retired.
    async fn find_release_by_fingerprint(
        &self,
        application: ApplicationId,
        fingerprint: &str,
    ) -> Result<Option<Release>>;

    /// Retires the stable releases of an application beyond the newest `keep`, and every release that never became
    /// stable and is older than the newest stable one. The current release and those that an open deployment made or
    /// goes back to are never retired. Returns those that it retired.
    async fn retire_releases(
        &self,
        application: ApplicationId,
        keep: u32,
        at: Timestamp,
    ) -> Result<Vec<ReleaseId>>;

    /// All releases that are not retired and whose application is not deleted: what clean-up has to keep.
    async fn retained_releases(&self) -> Result<Vec<Release>>;
}

/// Credentials.
#[async_trait]
pub trait CredentialStore: Send + Sync + Debug {
    /// Stores a credential. `already_exists` when its name is taken.
    async fn create_credential(&self, credential: &Credential) -> Result<()>;

    /// The credential, unless it is absent or deleted.
    async fn find_credential(&self, id: CredentialId) -> Result<Option<Credential>>;

    /// Credentials, newest first.
    async fn list_credentials(&self, page: PageRequest) -> Result<Page<Credential>>;

    /// Deletes a credential softly. Deleting what is absent or deleted is Ok.
    async fn delete_credential(&self, id: CredentialId, at: Timestamp) -> Result<()>;
}

/// Small facts about the installation, such as the sealed canary of the key ring.
#[async_trait]
pub trait SettingStore: Send + Sync + Debug {
    /// Stores a value unless there is one, and returns the one that is stored then.
    async fn setting_or_insert(&self, name: &str, value: &str) -> Result<String>;

    /// Whether the store answers and its migrations are complete.
    async fn ping(&self) -> Result<()>;

    /// How its connections are used; `None` for a store that has none.
    fn connections(&self) -> Option<ConnectionStats> {
        None
    }
}

/// How the connections of a store are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionStats {
    /// Open ones that do nothing.
    pub idle: u32,
    /// Those that run a statement.
    pub used: u32,
    /// Most that there may be.
    pub max: u32,
}
