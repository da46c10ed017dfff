//! An application on the real engine, seen through an engine that only accepts and shows.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::{Status, replay};
use dokploy_core::model::{Application, Deployment, DeploymentRequest, DeploymentTrigger};
use dokploy_core::runtime::{ContainerRuntime, TaskState, label};
use dokploy_core::{DeployRequest, Deployer, DeploymentHandle, Engine};
use dokploy_tests::agent::{Agent, Order};
use dokploy_tests::assembly::{Assembly, web_application};
use dokploy_tests::environment::Environment;
use dokploy_tests::repository::{CRASH, Repository, SERVE};
use futures::TryStreamExt;

/// How long anything may take.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

pub(crate) struct Scene {
    pub(crate) assembly: Assembly,
    pub(crate) observer: Engine,
    pub(crate) application: Application,
    repository: Repository,
    base_image: String,
    _directory: tempfile::TempDir,
}

impl Scene {
    /// An application of this name, not deployed yet.
    pub(crate) async fn new(environment: &Environment, name: &str) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let assembly = Assembly::sqlite(&environment.docker_host, directory.path().to_path_buf());
        let observer = assembly.observer().start(None).await?;
        let repository = Repository::new().await?;
        let project = observer.create_project("crash", "").await?;
        // Several scenes run at once on one engine, and so may several runs of the tests.
        let name = format!("{name}-{}", std::process::id());
        let spec = web_application(&name, &repository.url());
        let application = observer.create_application(project.id, spec).await?;
        let base_image = environment.base_image.clone();
        Ok(Self {
            assembly,
            observer,
            application,
            repository,
            base_image,
            _directory: directory,
        })
    }

    pub(crate) async fn commit_good(&self, text: &str) -> Result<()> {
        self.repository
            .commit_application(&self.base_image, text, SERVE)
            .await
            .map(drop)
    }

    pub(crate) async fn commit_bad(&self) -> Result<()> {
        self.repository
            .commit_application(&self.base_image, "broken", CRASH)
            .await
            .map(drop)
    }

    /// Starts a process that works on the queue, and that aborts at a point if one is given.
    pub(crate) async fn agent(&self, abort_at: Option<String>) -> Result<Agent> {
        let order = Order {
            assembly: self.assembly.clone(),
            abort_at,
        };
        Agent::start(Path::new(env!("CARGO_BIN_EXE_agent")), &order).await
    }

    pub(crate) async fn accept(&self) -> Result<DeploymentHandle> {
        let request = DeploymentRequest {
            trigger: DeploymentTrigger::Cli,
            ..DeploymentRequest::default()
        };
        let request = DeployRequest {
            request,
            ..DeployRequest::of(self.application.id)
        };
        Ok(self.observer.deploy(request).await?)
    }

    /// Deploys with a process that is not disturbed.
    pub(crate) async fn deploy(&self) -> Result<Deployment> {
        let agent = self.agent(None).await?;
        let done = self.accept().await?.wait(DEADLINE).await?;
        ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
        Ok(done)
    }

    /// Whether what the store says is what its own events say.
    pub(crate) async fn check_log(&self, handle: &DeploymentHandle) -> Result<()> {
        let events: Vec<_> = handle.events(0).try_collect().await?;
        let state = replay(&events)?;
        ensure!(
            state == handle.get().await?.state,
            "the projection differs from the log"
        );
        let terminal = events.iter().filter(|event| {
            matches!(
                event.kind.name(),
                "succeeded" | "failed" | "rolled_back" | "cancelled"
            )
        });
        ensure!(terminal.count() == 1, "there is one terminal event");
        Ok(())
    }

    /// Whether exactly one task serves, healthy, and which release it is of, as an independent observer sees it.
    pub(crate) async fn serving(&self) -> Result<String> {
        let runtime = self.assembly.runtime()?;
        let service = runtime
            .observe_service(&self.application.service_name)
            .await?;
        let service = service.context("there is no service")?;
        let running = service
            .tasks
            .iter()
            .filter(|task| task.wanted && task.state == TaskState::Running);
        let running: Vec<_> = running.collect();
        ensure!(
            running.len() == 1,
            "{} tasks run: {:#?}",
            running.len(),
            service.tasks
        );
        ensure!(
            running[0].image == service.image,
            "the task runs another image than the service names"
        );
        service
            .labels
            .get(label::RELEASE)
            .cloned()
            .context("the service names no release")
    }

    /// The current release, as the store knows it.
    pub(crate) async fn current_release(&self) -> Result<Option<String>> {
        let found = self
            .observer
            .store()
            .find_application(self.application.id)
            .await?;
        let current = found.context("the application is gone")?.current_release_id;
        Ok(current.map(|release| release.to_string()))
    }

    /// Everything that is left is removed, and that nothing is left is checked.
    pub(crate) async fn remove(self) -> Result<()> {
        self.observer
            .delete_application(self.application.id)
            .await?;
        self.observer.shutdown().await;
        let runtime = self.assembly.runtime()?;
        let labels = [(
            label::APPLICATION.to_owned(),
            self.application.id.to_string(),
        )]
        .into();
        for kind in [
            dokploy_core::runtime::OwnedKind::Service,
            dokploy_core::runtime::OwnedKind::Image,
            dokploy_core::runtime::OwnedKind::Secret,
        ] {
            let left = runtime.list_owned(kind, &labels).await?;
            ensure!(left.is_empty(), "left behind: {left:?}");
        }
        Ok(())
    }
}

/// Whether a deployment ended like this, or what it says instead.
pub(crate) fn ensure_status(deployment: &Deployment, status: Status) -> Result<()> {
    ensure!(
        deployment.state.status == status,
        "{} instead of {status}: {:#?}",
        deployment.state.status,
        deployment.state
    );
    Ok(())
}
