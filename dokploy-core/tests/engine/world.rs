//! A world to deploy in: store, swarm, git and clock in memory, and as many engines as a test wants.

mod application;
mod clock;
mod frozen;
mod gate;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dokploy_core::bus::MemoryBus;
use dokploy_core::deployment::{EventKind, Reason, Status};
use dokploy_core::model::{ApplicationSpec, Deployment, GitSource, Project};
use dokploy_core::runtime::{
    FakeBehavior, FakeBuild, FakeEffect, FakeRuntime, ObservedService, OwnedKind, TaskState, label,
};
use dokploy_core::secret::Keyring;
use dokploy_core::source::{FakeSource, FakeTree};
use dokploy_core::store::MemoryStore;
use dokploy_core::{
    ContainerRuntime, DeploymentHandle, Engine, EngineBuilder, EngineOptions, Store,
};
use futures::StreamExt;

pub(crate) use self::application::App;
pub(crate) use self::clock::TestClock;
pub(crate) use self::frozen::{FreezingRuntime, Ice};
pub(crate) use self::gate::{Gate, Way};
pub(crate) use self::script::{Action, Script};

/// Longer than any deployment may take.
pub(crate) const FOREVER: Duration = Duration::from_hours(6);

/// A second.
pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// Everything that outlives an engine.
pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) runtime: FakeRuntime,
    pub(crate) source: FakeSource,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) bus: Arc<MemoryBus>,
    pub(crate) directory: tempfile::TempDir,
    builds: Arc<Mutex<BTreeMap<String, FakeBuild>>>,
    revisions: Mutex<BTreeMap<String, String>>,
    scripts: Mutex<Vec<Arc<Script>>>,
}

impl World {
    /// An empty one with one node.
    pub(crate) fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()))
    }

    /// The same on another store.
    pub(crate) fn on(store: Arc<dyn Store>) -> Self {
        let clock = Arc::new(TestClock::new());
        let runtime = FakeRuntime::with_clock(clock.as_ref());
        let builds = Arc::<Mutex<BTreeMap<String, FakeBuild>>>::default();
        let scripts = Arc::clone(&builds);
        runtime.choose_build(move |input| {
            let text = String::from_utf8_lossy(input.files.get("app")?).into_owned();
            scripts.lock().unwrap().get(&text).cloned()
        });
        Self {
            store,
            runtime,
            source: FakeSource::new(),
            clock,
            bus: Arc::new(MemoryBus::default()),
            directory: directory(),
            builds,
            revisions: Mutex::default(),
            scripts: Mutex::default(),
        }
    }

    /// The same world with another store: as if everything had happened, but other things were written down.
    pub(crate) fn with_store(self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self }
    }

    /// Starts an engine with the default options.
    pub(crate) async fn engine(&self) -> Engine {
        self.engine_with(|_| {}).await
    }

    /// Starts an engine with other options.
    pub(crate) async fn engine_with(&self, change: impl FnOnce(&mut EngineOptions)) -> Engine {
        self.scripted_engine(&Script::new(), change).await
    }

    /// Starts an engine in which things happen at points of the saga.
    pub(crate) async fn scripted_engine(
        &self,
        script: &Arc<Script>,
        change: impl FnOnce(&mut EngineOptions),
    ) -> Engine {
        self.assembled(script, self.bus.clone(), change).await
    }

    /// Starts an engine that hears and sends no signals: only what is stored connects it with the others.
    pub(crate) async fn deaf_engine(&self, change: impl FnOnce(&mut EngineOptions)) -> Engine {
        self.assembled(&Script::new(), Arc::new(MemoryBus::default()), change)
            .await
    }

    async fn assembled(
        &self,
        script: &Arc<Script>,
        bus: Arc<MemoryBus>,
        change: impl FnOnce(&mut EngineOptions),
    ) -> Engine {
        let engine = self.builder(script, bus, change).start().await.unwrap();
        script.belongs_to(&engine);
        engine
    }

    /// The parts of an engine.
    pub(crate) fn builder(
        &self,
        script: &Arc<Script>,
        bus: Arc<MemoryBus>,
        change: impl FnOnce(&mut EngineOptions),
    ) -> EngineBuilder {
        let mut options = EngineOptions {
            starts_per_minute: 10_000,
            watch_interval: Duration::ZERO,
            ..EngineOptions::default()
        };
        change(&mut options);
        let number = {
            let mut scripts = self.scripts.lock().unwrap();
            scripts.push(Arc::clone(script));
            scripts.len()
        };
        Engine::builder()
            .store(Arc::clone(&self.store))
            .runtime(Arc::new(self.runtime.clone()))
            .source(Arc::new(self.source.clone()))
            .bus(bus)
            .clock(self.clock.clone())
            .keyring(keyring())
            // Each process has a directory of its own.
            .data_dir(self.directory.path().join(format!("engine-{number}")))
            .injection(script.clone())
            .options(options)
    }

    /// What happens in each of the engines, in the order of their start.
    pub(crate) fn scripts(&self) -> Vec<Arc<Script>> {
        self.scripts.lock().unwrap().clone()
    }

    /// An application `web` of the project `shop` with a git source, changed by a closure.
    pub(crate) async fn app(
        &self,
        engine: &Engine,
        change: impl FnOnce(&mut ApplicationSpec),
    ) -> App<'_> {
        let project = self.project(engine, "shop").await;
        self.app_in(engine, &project, "web", change).await
    }

    /// The project with this name.
    pub(crate) async fn project(&self, engine: &Engine, name: &str) -> Project {
        match self.store.find_project_by_name(name).await.unwrap() {
            Some(project) => project,
            None => engine.create_project(name, "").await.unwrap(),
        }
    }

    /// An application of a project.
    pub(crate) async fn app_in(
        &self,
        engine: &Engine,
        project: &Project,
        name: &str,
        change: impl FnOnce(&mut ApplicationSpec),
    ) -> App<'_> {
        let url = format!("https://git.example/{}/{name}.git", project.name);
        let mut spec = ApplicationSpec::named(name);
        spec.git_source = Some(GitSource {
            repo_url: url.clone(),
            branch: Some("main".to_owned()),
            credential_id: None,
            submodules: false,
            watch_paths: Vec::new(),
        });
        spec.update.monitor = 5 * SECOND;
        spec.update.delay = Duration::ZERO;
        spec.restart.delay = SECOND;
        change(&mut spec);
        let application = engine.create_application(project.id, spec).await.unwrap();
        App {
            world: self,
            engine: engine.clone(),
            application,
            url,
        }
    }

    /// Says how the build of a commit with this text goes, and what its containers do.
    pub(crate) fn script_build(&self, text: &str, build: FakeBuild) {
        self.builds.lock().unwrap().insert(text.to_owned(), build);
    }

    /// Commits a tree to a repository. `text` is what tells it from other versions.
    pub(crate) fn commit(&self, url: &str, text: &str, behavior: FakeBehavior) -> String {
        let build = FakeBuild {
            behavior: Some(behavior),
            ..FakeBuild::default()
        };
        self.script_build(text, build);
        let tree = FakeTree::new()
            .file("Dockerfile", "FROM scratch\n")
            .file("app", text);
        let revision = self.source.commit(url, "main", tree);
        self.revisions
            .lock()
            .unwrap()
            .insert(revision.id.clone(), text.to_owned());
        revision.id
    }

    /// The service of this name.
    pub(crate) async fn service(&self, name: &str) -> Option<ObservedService> {
        self.runtime.observe_service(name).await.unwrap()
    }

    /// The texts of the commits that tasks run now which are to go on running.
    pub(crate) async fn serving(&self, service: &str) -> BTreeSet<String> {
        let mut texts = BTreeSet::new();
        let Some(service) = self.service(service).await else {
            return texts;
        };
        let up = service
            .tasks
            .iter()
            .filter(|task| task.wanted && task.state == TaskState::Running);
        for task in up {
            let id = task.image.rsplit('@').next().unwrap();
            let image = self.runtime.find_image(id).await.unwrap();
            let revision = image.and_then(|image| image.labels.get(label::REVISION).cloned());
            let known = self.revisions.lock().unwrap();
            texts.insert(
                revision
                    .and_then(|id| known.get(&id).cloned())
                    .unwrap_or(task.image.clone()),
            );
        }
        texts
    }

    /// The names of everything of a kind that is ours.
    pub(crate) async fn owned(&self, kind: OwnedKind) -> Vec<String> {
        let owned = self
            .runtime
            .list_owned(kind, &BTreeMap::new())
            .await
            .unwrap();
        owned.into_iter().map(|object| object.name).collect()
    }

    /// How many things of a kind the runtime has done.
    pub(crate) fn effects(&self, which: impl Fn(&FakeEffect) -> bool) -> usize {
        self.runtime
            .journal()
            .iter()
            .filter(|effect| which(effect))
            .count()
    }

    /// How many builds were begun.
    pub(crate) fn builds(&self) -> usize {
        self.effects(|effect| matches!(effect, FakeEffect::BuildStarted { .. }))
    }

    /// How many one-off tasks were started, and how many are left.
    pub(crate) fn one_offs(&self) -> (usize, usize) {
        let started = self.effects(|effect| matches!(effect, FakeEffect::TaskStarted { .. }));
        let removed = self.effects(|effect| matches!(effect, FakeEffect::TaskRemoved { .. }));
        (started, started - removed)
    }
}

/// A directory for logs, in memory where there is such a place: every deployment waits for the disk once.
fn directory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// The key ring of every engine here: what one sealed, another one opens.
pub(crate) fn keyring() -> Keyring {
    let key: [u8; 32] = std::array::from_fn(|index| index.wrapping_mul(37).to_le_bytes()[0] ^ 0x5a);
    Keyring::new("test", key).unwrap()
}

/// Waits for the end of a deployment.
pub(crate) async fn end(handle: &DeploymentHandle) -> Deployment {
    match handle.wait(FOREVER).await {
        Ok(deployment) => deployment,
        Err(error) => panic!("{error}: {:#?}", handle.get().await.unwrap().state),
    }
}

/// Status and reason, what most tests look at.
pub(crate) fn outcome(deployment: &Deployment) -> (Status, Reason) {
    (deployment.state.status, deployment.state.reason)
}

/// All events of a deployment that has ended.
pub(crate) async fn events(handle: &DeploymentHandle) -> Vec<EventKind> {
    let events = handle.events(0).map(|event| event.unwrap().kind);
    tokio::time::timeout(FOREVER, events.collect())
        .await
        .unwrap()
}

/// Texts of a set, for comparing.
pub(crate) fn texts<const N: usize>(texts: [&str; N]) -> BTreeSet<String> {
    texts.into_iter().map(str::to_owned).collect()
}
