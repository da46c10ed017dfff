//! A part of your own: a store that counts the deployments it accepts, around one that is there already.
//!
//! A store is a few small traits. Whatever you write, `store_conformance!` of the feature `conformance` tells whether
//! it keeps what they promise.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use async_trait::async_trait;
use dokploy_core::clock::Timestamp;
use dokploy_core::deployment::{DeploymentState, Event};
use dokploy_core::id::{ApplicationId, CredentialId, DeploymentId, ProjectId, ReleaseId, WorkerId};
use dokploy_core::model::{
    Application, ApplicationSpec, Credential, Deployment, Page, PageRequest, Project, Release,
};
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::FakeSource;
use dokploy_core::store::{
    Append, ApplicationStore, Claim, CreatedDeployment, CredentialStore, DeploymentFilter,
    DeploymentStore, Fence, MemoryStore, NewDeployment, ProjectStore, QueueStats, QueueStore,
    ReleaseStore, SettingStore,
};
use dokploy_core::{DeployRequest, Deployer, Engine};

#[derive(Debug, Default)]
struct CountingStore {
    inner: MemoryStore,
    accepted: AtomicU64,
}

/// The one trait of which a method does something more.
#[async_trait]
impl DeploymentStore for CountingStore {
    async fn create_deployment(
        &self,
        new: &NewDeployment,
    ) -> dokploy_core::Result<CreatedDeployment> {
        let created = self.inner.create_deployment(new).await?;
        if !created.existed {
            self.accepted.fetch_add(1, Ordering::Relaxed);
        }
        Ok(created)
    }

    async fn find_deployment(&self, id: DeploymentId) -> dokploy_core::Result<Option<Deployment>> {
        self.inner.find_deployment(id).await
    }

    async fn find_deployment_by_key(
        &self,
        application: ApplicationId,
        key: &str,
    ) -> dokploy_core::Result<Option<Deployment>> {
        self.inner.find_deployment_by_key(application, key).await
    }

    async fn list_deployments(
        &self,
        filter: &DeploymentFilter,
        page: PageRequest,
    ) -> dokploy_core::Result<Page<Deployment>> {
        self.inner.list_deployments(filter, page).await
    }

    async fn append_events(
        &self,
        append: &Append,
    ) -> dokploy_core::Result<(Vec<Event>, DeploymentState)> {
        self.inner.append_events(append).await
    }

    async fn events(
        &self,
        id: DeploymentId,
        after: u64,
        limit: u32,
    ) -> dokploy_core::Result<Vec<Event>> {
        self.inner.events(id, after, limit).await
    }
}

/// The others are passed on as they are.
macro_rules! pass_on {
    ($($store:ident { $($method:ident($($name:ident: $type:ty),*) -> $output:ty;)+ })+) => {$(
        #[async_trait]
        impl $store for CountingStore {
            $(async fn $method(&self, $($name: $type),*) -> dokploy_core::Result<$output> {
                self.inner.$method($($name),*).await
            })+
        }
    )+};
}

pass_on! {
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

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<()> {
    let runtime = FakeRuntime::new();
    runtime.add_image("hello:1");
    let store = Arc::new(CountingStore::default());
    let data = tempfile::tempdir()?;
    let engine = Engine::builder()
        .store(Arc::clone(&store) as Arc<_>)
        .runtime(Arc::new(runtime))
        .source(Arc::new(FakeSource::new()))
        .keyring(Keyring::generate()?)
        .data_dir(data.path())
        .start()
        .await?;
    let project = engine.create_project("demo", "").await?;
    let mut spec = ApplicationSpec::named("hello");
    spec.image = Some("hello:1".to_owned());
    spec.update.monitor = Duration::from_millis(100);
    let application = engine.create_application(project.id, spec).await?;
    for _ in 0..3 {
        let deployment = engine.deploy(DeployRequest::of(application.id)).await?;
        deployment.wait(Duration::from_mins(1)).await?;
    }
    engine.shutdown().await;
    let accepted = store.accepted.load(Ordering::Relaxed);
    println!("{accepted} deployments were accepted");
    ensure!(accepted == 3);
    Ok(())
}
