//! Several servers on one database behave as one: each call goes to the next of two.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use dokploy_core::clock::Timestamp;
use dokploy_core::deployment::{DeploymentState, Event};
use dokploy_core::error::Result;
use dokploy_core::id::{ApplicationId, CredentialId, DeploymentId, ProjectId, ReleaseId, WorkerId};
use dokploy_core::model::{
    Application, Credential, Deployment, Page, PageRequest, Project, Release,
};
use dokploy_core::store::{
    Append, ApplicationStore, Claim, CreatedDeployment, CredentialStore, DeploymentFilter,
    DeploymentStore, Fence, NewDeployment, ProjectStore, QueueStats, QueueStore, ReleaseStore,
    SettingStore, SqlStore,
};

/// Two servers on one database.
#[derive(Debug)]
pub(crate) struct TwoServers {
    servers: [SqlStore; 2],
    calls: AtomicUsize,
}

impl TwoServers {
    pub(crate) fn new(first: SqlStore, second: SqlStore) -> Self {
        Self {
            servers: [first, second],
            calls: AtomicUsize::new(0),
        }
    }

    fn next(&self) -> &SqlStore {
        &self.servers[self.calls.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

macro_rules! delegate {
    ($($store:ident {
        $($method:ident($($argument:ident: $type:ty),*) -> $output:ty;)+
    })+) => {$(
        #[async_trait]
        impl $store for TwoServers {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$output> {
                self.next().$method($($argument),*).await
            })+
        }
    )+};
}

delegate! {
    ProjectStore {
        create_project(project: &Project) -> ();
        find_project(id: ProjectId) -> Option<Project>;
        find_project_by_name(name: &str) -> Option<Project>;
        list_projects(page: PageRequest) -> Page<Project>;
        update_project(project: &Project) -> Project;
        delete_project(id: ProjectId, at: Timestamp) -> ();
    }
    ApplicationStore {
        create_application(application: &Application) -> ();
        find_application(id: ApplicationId) -> Option<Application>;
        find_application_by_name(project: ProjectId, name: &str) -> Option<Application>;
        find_application_by_service_name(service_name: &str) -> Option<Application>;
        list_applications(project: Option<ProjectId>, page: PageRequest) -> Page<Application>;
        update_application(application: &Application) -> Application;
        delete_application(id: ApplicationId, at: Timestamp) -> ();
    }
    DeploymentStore {
        create_deployment(new: &NewDeployment) -> CreatedDeployment;
        find_deployment(id: DeploymentId) -> Option<Deployment>;
        find_deployment_by_key(application: ApplicationId, key: &str) -> Option<Deployment>;
        list_deployments(filter: &DeploymentFilter, page: PageRequest) -> Page<Deployment>;
        append_events(append: &Append) -> (Vec<Event>, DeploymentState);
        events(id: DeploymentId, after: u64, limit: u32) -> Vec<Event>;
    }
    QueueStore {
        claim_next(worker: WorkerId, lease: Duration, resume_only: bool) -> Option<Claim>;
        renew_lease(id: DeploymentId, fence: Fence, lease: Duration) -> bool;
        release_lease(id: DeploymentId, fence: Fence) -> ();
        queue_stats() -> QueueStats;
        acquire_right(name: &str, worker: WorkerId, ttl: Duration) -> bool;
    }
    ReleaseStore {
        create_release(release: &Release, fence: Fence) -> Release;
        find_release(id: ReleaseId) -> Option<Release>;
        list_releases(application: ApplicationId, page: PageRequest) -> Page<Release>;
        find_release_by_fingerprint(application: ApplicationId, fingerprint: &str) -> Option<Release>;
        retire_releases(application: ApplicationId, keep: u32, at: Timestamp) -> Vec<ReleaseId>;
        retained_releases() -> Vec<Release>;
    }
    CredentialStore {
        create_credential(credential: &Credential) -> ();
        find_credential(id: CredentialId) -> Option<Credential>;
        list_credentials(page: PageRequest) -> Page<Credential>;
        delete_credential(id: CredentialId, at: Timestamp) -> ();
    }
    SettingStore {
        setting_or_insert(name: &str, value: &str) -> String;
        ping() -> ();
    }
}
