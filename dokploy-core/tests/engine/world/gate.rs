//! A store that can be away, hang, or lose its answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dokploy_core::clock::Timestamp;
use dokploy_core::deployment::{DeploymentState, Event};
use dokploy_core::id::{ApplicationId, CredentialId, DeploymentId, ProjectId, ReleaseId, WorkerId};
use dokploy_core::model::{
    Application, Credential, Deployment, Page, PageRequest, Project, Release,
};
use dokploy_core::store::{
    Append, ApplicationStore, Claim, CreatedDeployment, CredentialStore, DeploymentFilter,
    DeploymentStore, Fence, NewDeployment, ProjectStore, QueueStats, QueueStore, ReleaseStore,
    SettingStore,
};
use dokploy_core::{Error, ErrorKind, Result, Store};
use tokio::sync::watch;

/// How the way to the store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Free.
    Open,
    /// Every call fails at once.
    Away,
    /// Every call waits until that changes.
    Hanging,
    /// Every call takes effect, and its answer is lost.
    Deaf,
}

/// A store behind a gate.
#[derive(Clone, Debug)]
pub(crate) struct Gate {
    inner: Arc<dyn Store>,
    way: watch::Sender<Way>,
    losses: Arc<Mutex<Vec<&'static str>>>,
}

impl Gate {
    pub(crate) fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            way: watch::Sender::new(Way::Open),
            losses: Arc::default(),
        }
    }

    pub(crate) fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// Loses the answer of the next call of a method.
    pub(crate) fn lose_next(&self, name: &'static str) {
        self.losses.lock().unwrap().push(name);
    }

    async fn before(&self) -> Result<()> {
        let mut way = self.way.subscribe();
        let way = *way.wait_for(|way| *way != Way::Hanging).await.unwrap();
        match way {
            Way::Away => Err(away()),
            _ => Ok(()),
        }
    }

    fn after(&self, name: &'static str) -> Result<()> {
        let mut losses = self.losses.lock().unwrap();
        let is_lost = losses.iter().position(|lost| *lost == name);
        if let Some(place) = is_lost {
            losses.remove(place);
        }
        if is_lost.is_some() || *self.way.borrow() == Way::Deaf {
            return Err(away());
        }
        Ok(())
    }
}

fn away() -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "the connection to the database was closed",
    )
}

macro_rules! gated {
    ($($trait:ident { $(async fn $name:ident(&self $(, $arg:ident: $type:ty)*) -> $out:ty;)* })*) => {
        $(
            #[async_trait]
            impl $trait for Gate {
                $(
                    async fn $name(&self $(, $arg: $type)*) -> $out {
                        self.before().await?;
                        let done = self.inner.$name($($arg),*).await;
                        self.after(stringify!($name))?;
                        done
                    }
                )*
            }
        )*
    };
}

gated! {
    ProjectStore {
        async fn create_project(&self, project: &Project) -> Result<()>;
        async fn find_project(&self, id: ProjectId) -> Result<Option<Project>>;
        async fn find_project_by_name(&self, name: &str) -> Result<Option<Project>>;
        async fn list_projects(&self, page: PageRequest) -> Result<Page<Project>>;
        async fn update_project(&self, project: &Project) -> Result<Project>;
        async fn delete_project(&self, id: ProjectId, at: Timestamp) -> Result<()>;
    }
    ApplicationStore {
        async fn create_application(&self, application: &Application) -> Result<()>;
        async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>>;
        async fn find_application_by_name(
            &self,
            project: ProjectId,
            name: &str
        ) -> Result<Option<Application>>;
        async fn find_application_by_service_name(
            &self,
            service_name: &str
        ) -> Result<Option<Application>>;
        async fn list_applications(
            &self,
            project: Option<ProjectId>,
            page: PageRequest
        ) -> Result<Page<Application>>;
        async fn update_application(&self, application: &Application) -> Result<Application>;
        async fn delete_application(&self, id: ApplicationId, at: Timestamp) -> Result<()>;
    }
    DeploymentStore {
        async fn create_deployment(&self, new: &NewDeployment) -> Result<CreatedDeployment>;
        async fn find_deployment(&self, id: DeploymentId) -> Result<Option<Deployment>>;
        async fn find_deployment_by_key(
            &self,
            application: ApplicationId,
            key: &str
        ) -> Result<Option<Deployment>>;
        async fn list_deployments(
            &self,
            filter: &DeploymentFilter,
            page: PageRequest
        ) -> Result<Page<Deployment>>;
        async fn append_events(&self, append: &Append) -> Result<(Vec<Event>, DeploymentState)>;
        async fn events(&self, id: DeploymentId, after: u64, limit: u32) -> Result<Vec<Event>>;
    }
    QueueStore {
        async fn claim_next(
            &self,
            worker: WorkerId,
            lease: Duration,
            resume_only: bool
        ) -> Result<Option<Claim>>;
        async fn renew_lease(&self, id: DeploymentId, fence: Fence, lease: Duration) -> Result<bool>;
        async fn release_lease(&self, id: DeploymentId, fence: Fence) -> Result<()>;
        async fn queue_stats(&self) -> Result<QueueStats>;
        async fn acquire_right(&self, name: &str, worker: WorkerId, ttl: Duration) -> Result<bool>;
    }
    ReleaseStore {
        async fn create_release(&self, release: &Release, fence: Fence) -> Result<Release>;
        async fn find_release(&self, id: ReleaseId) -> Result<Option<Release>>;
        async fn list_releases(
            &self,
            application: ApplicationId,
            page: PageRequest
        ) -> Result<Page<Release>>;
        async fn find_release_by_fingerprint(
            &self,
            application: ApplicationId,
            fingerprint: &str
        ) -> Result<Option<Release>>;
        async fn retire_releases(
            &self,
            application: ApplicationId,
            keep: u32,
            at: Timestamp
        ) -> Result<Vec<ReleaseId>>;
        async fn retained_releases(&self) -> Result<Vec<Release>>;
    }
    CredentialStore {
        async fn create_credential(&self, credential: &Credential) -> Result<()>;
        async fn find_credential(&self, id: CredentialId) -> Result<Option<Credential>>;
        async fn list_credentials(&self, page: PageRequest) -> Result<Page<Credential>>;
        async fn delete_credential(&self, id: CredentialId, at: Timestamp) -> Result<()>;
    }
    SettingStore {
        async fn setting_or_insert(&self, name: &str, value: &str) -> Result<String>;
        async fn ping(&self) -> Result<()>;
    }
}
