//! An application on a real engine, seen through an engine that only accepts and shows.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::{EventKind, Status, replay};
use dokploy_core::id::WorkerId;
use dokploy_core::model::{Application, ApplicationSpec, Deployment};
use dokploy_core::runtime::{ContainerRuntime, ObservedService, OwnedKind, TaskState, label};
use dokploy_core::{DeployRequest, Deployer, DeploymentHandle, Engine};
use futures::{StreamExt, TryStreamExt};

use crate::agent::{Agent, Order};
use crate::assembly::{Assembly, web_application};
use crate::clock::WallClock;
use crate::repository::{CRASH, Repository, SERVE};

/// How long anything may take.
pub const DEADLINE: Duration = Duration::from_mins(3);

/// One application with its repository, its database and its observer.
#[derive(Debug)]
pub struct Scene {
    /// What the engines of this scene are made of.
    pub assembly: Assembly,
    /// Accepts and shows, and works on nothing.
    pub observer: Engine,
    /// The application.
    pub application: Application,
    /// Its repository.
    pub repository: Repository,
    /// The program of [`Agent`].
    agent: PathBuf,
    base_image: String,
}

impl Scene {
    /// An application that is not deployed yet. `agent` is the program that works on the queue.
    ///
    /// # Errors
    ///
    /// What the parts answer.
    pub async fn new(
        assembly: Assembly,
        agent: &str,
        base_image: &str,
        name: &str,
    ) -> Result<Self> {
        Self::with_spec(assembly, agent, base_image, name, |_| {}).await
    }

    /// The same with something changed in the specification.
    ///
    /// # Errors
    ///
    /// What the parts answer.
    pub async fn with_spec(
        assembly: Assembly,
        agent: &str,
        base_image: &str,
        name: &str,
        change: impl FnOnce(&mut ApplicationSpec),
    ) -> Result<Self> {
        let observer = assembly.observer().start(None).await?;
        let repository = Repository::new().await?;
        // Several scenes are on one engine at once, and so are several runs of the tests.
        let name = format!("{name}-{}", std::process::id());
        let project = observer.create_project(&name, "").await?;
        let mut spec = web_application(&name, &repository.url());
        change(&mut spec);
        let application = observer.create_application(project.id, spec).await?;
        Ok(Self {
            assembly,
            observer,
            application,
            repository,
            agent: Path::new(agent).to_path_buf(),
            base_image: base_image.to_owned(),
        })
    }

    /// Commits a version that serves a page.
    ///
    /// # Errors
    ///
    /// What git says.
    pub async fn commit_good(&self, text: &str) -> Result<()> {
        self.repository
            .commit_application(&self.base_image, text, SERVE)
            .await
            .map(drop)
    }

    /// Commits a version that ends soon after its start.
    ///
    /// # Errors
    ///
    /// What git says.
    pub async fn commit_bad(&self) -> Result<()> {
        self.repository
            .commit_application(&self.base_image, "broken", CRASH)
            .await
            .map(drop)
    }

    /// Commits a version whose build writes this many lines, `line 1` and so on, and that serves a page.
    ///
    /// # Errors
    ///
    /// What git says.
    pub async fn commit_talkative(&self, lines: usize) -> Result<()> {
        let base = &self.base_image;
        let talk = format!("seq 1 {lines} | sed 's/^/line /'");
        let dockerfile =
            format!("FROM {base}\nRUN {talk}\nCOPY index.html /www/index.html\nCMD {SERVE}\n");
        self.repository.write("index.html", "talkative")?;
        self.repository.write("Dockerfile", &dockerfile)?;
        self.repository.commit("talkative").await.map(drop)
    }

    /// Commits a version that cannot be built.
    ///
    /// # Errors
    ///
    /// What git says.
    pub async fn commit_unbuildable(&self, text: &str) -> Result<()> {
        let base = &self.base_image;
        let dockerfile = format!("FROM {base}\nRUN echo {text}; exit 9\n");
        self.repository.write("Dockerfile", &dockerfile)?;
        self.repository.commit(text).await.map(drop)
    }

    /// Starts a process that works on the queue, and that aborts at a point if one is given.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn agent(&self, abort_at: Option<String>) -> Result<Agent> {
        let order = Order {
            assembly: self.assembly.clone(),
            abort_at,
        };
        Agent::start(&self.agent, &order).await
    }

    /// Starts a process that works on the queue by a clock of its own.
    ///
    /// # Errors
    ///
    /// When it does not start.
    pub async fn agent_by(&self, clock: &WallClock) -> Result<Agent> {
        let order = Order {
            assembly: self.assembly.clone(),
            abort_at: None,
        };
        Agent::start_by(&self.agent, &order, Some(clock)).await
    }

    /// How often the work on a deployment was begun, by whom.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub async fn claims(handle: &DeploymentHandle) -> Result<Vec<WorkerId>> {
        let events: Vec<_> = handle.events(0).try_collect().await?;
        let claim = |kind| match kind {
            EventKind::Claimed { worker, .. } => Some(worker),
            _ => None,
        };
        let claims = events.into_iter().filter_map(|event| claim(event.kind));
        Ok(claims.collect())
    }

    /// Has a deployment accepted.
    ///
    /// # Errors
    ///
    /// What the engine answers.
    pub async fn accept(&self) -> Result<DeploymentHandle> {
        Ok(self
            .observer
            .deploy(DeployRequest::of(self.application.id))
            .await?)
    }

    /// Deploys with a process that is not disturbed.
    ///
    /// # Errors
    ///
    /// When it does not end in time.
    pub async fn deploy(&self) -> Result<Deployment> {
        let agent = self.agent(None).await?;
        let done = self.accept().await?.wait(DEADLINE).await?;
        ensure!(agent.stop().await?, "a graceful stop ends with exit code 0");
        Ok(done)
    }

    /// Waits until an event of this type, and of this step where it has one, is in the log.
    ///
    /// # Errors
    ///
    /// When the deployment ends, or the time, before that.
    pub async fn wait_for(&self, handle: &DeploymentHandle, name: &str, step: &str) -> Result<()> {
        let mut events = handle.events(0);
        let found = async {
            while let Some(event) = events.next().await {
                let event = event?;
                let value = serde_json::to_value(&event)?;
                if event.kind.name() == name && value["step"].as_str().unwrap_or(step) == step {
                    return Ok(());
                }
            }
            anyhow::bail!("it ended without the event {name} {step}")
        };
        tokio::time::timeout(DEADLINE, found)
            .await
            .context("no such event")?
    }

    /// Checks that what the store says is what the events say, and that there is one end.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub async fn check_log(&self, handle: &DeploymentHandle) -> Result<()> {
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

    /// The service, as an independent observer sees it.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub async fn observe(&self) -> Result<ObservedService> {
        let runtime = self.assembly.runtime()?;
        let service = runtime
            .observe_service(&self.application.service_name)
            .await?;
        service.context("there is no service")
    }

    /// The release that serves: all replicas run, and nothing else does.
    ///
    /// # Errors
    ///
    /// When something else runs.
    pub async fn serving(&self) -> Result<String> {
        let service = self.observe().await?;
        let running: Vec<_> = service
            .tasks
            .iter()
            .filter(|task| task.wanted && task.state == TaskState::Running)
            .collect();
        let expected = self.application.spec.replicas as usize;
        ensure!(
            running.len() == expected,
            "{} tasks run: {:#?}",
            running.len(),
            service.tasks
        );
        ensure!(
            running.iter().all(|task| task.image == service.image),
            "a task runs another image than the service names"
        );
        service
            .labels
            .get(label::RELEASE)
            .cloned()
            .context("the service names no release")
    }

    /// The current release, as the store knows it.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub async fn current_release(&self) -> Result<Option<String>> {
        let found = self
            .observer
            .store()
            .find_application(self.application.id)
            .await?;
        let current = found.context("the application is gone")?.current_release_id;
        Ok(current.map(|release| release.to_string()))
    }

    /// Removes everything, and checks that nothing is left.
    ///
    /// # Errors
    ///
    /// When something is.
    pub async fn remove(self) -> Result<()> {
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
        for kind in [OwnedKind::Service, OwnedKind::Image, OwnedKind::Secret] {
            let left = runtime.list_owned(kind, &labels).await?;
            ensure!(left.is_empty(), "left behind: {left:?}");
        }
        Ok(())
    }
}

/// Checks how a deployment ended, and shows what it says of itself when it ended otherwise.
///
/// # Errors
///
/// When it ended otherwise.
pub fn ensure_status(deployment: &Deployment, status: Status) -> Result<()> {
    ensure!(
        deployment.state.status == status,
        "{} instead of {status}: {:#?}",
        deployment.state.status,
        deployment.state
    );
    Ok(())
}
