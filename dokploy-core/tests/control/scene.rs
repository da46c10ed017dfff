//! An installation to try things in: a store, the fakes, and as many control planes as a test wants.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::access::Identity;
use dokploy_core::bus::MemoryBus;
use dokploy_core::cache::{Cache, MemoryCache};
use dokploy_core::clock::{ManualClock, Timestamp};
use dokploy_core::control::{ControlOptions, ControlPlane, NewProject, NewUser, Registration};
use dokploy_core::id::{ProjectId, SessionId, UserId};
use dokploy_core::model::{
    Application, ApplicationSpec, AuditOutcome, AuditRecord, Project, Role, Session, User,
};
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::FakeSource;
use dokploy_core::store::{AuditFilter, MemoryStore};
use dokploy_core::{Actor, Engine, EngineOptions, Error, Secret, Store};

/// A password that everybody here has.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// Everything that control planes share.
pub(crate) struct Scene {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Arc<MemoryBus>,
    pub(crate) cache: Arc<dyn Cache>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) runtime: FakeRuntime,
    pub(crate) directory: tempfile::TempDir,
}

impl Scene {
    /// An empty one in memory.
    pub(crate) fn in_memory() -> Self {
        Self::on(Arc::new(MemoryStore::new()))
    }

    /// An empty one on a store.
    pub(crate) fn on(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            bus: Arc::new(MemoryBus::default()),
            cache: Arc::new(MemoryCache::default()),
            clock: Arc::new(ManualClock::new(start())),
            runtime: FakeRuntime::new(),
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// An empty one on each store that needs no server.
    pub(crate) async fn each() -> Vec<Self> {
        let memory = Self::in_memory();
        #[cfg(feature = "sqlite")]
        {
            use dokploy_core::store::{SqlStore, SqlStoreOptions};

            let directory = tempfile::tempdir().unwrap();
            let url = format!("sqlite://{}", directory.path().join("db").display());
            let store = SqlStore::open(&url, SqlStoreOptions::default())
                .await
                .unwrap();
            let mut sqlite = Self::on(Arc::new(store));
            sqlite.directory = directory;
            vec![memory, sqlite]
        }
        #[cfg(not(feature = "sqlite"))]
        vec![memory]
    }

    /// A control plane that accepts deployments and works on none.
    pub(crate) async fn control(&self) -> ControlPlane {
        self.control_with(ControlOptions::default()).await
    }

    /// The same with other options.
    pub(crate) async fn control_with(&self, options: ControlOptions) -> ControlPlane {
        ControlPlane::new(self.engine(0).await, options)
    }

    /// A control plane where everybody may register.
    pub(crate) async fn open_control(&self) -> ControlPlane {
        self.control_with(ControlOptions {
            registration: Registration::Open,
            ..ControlOptions::default()
        })
        .await
    }

    /// An engine with so many workers.
    pub(crate) async fn engine(&self, concurrency: usize) -> Engine {
        Engine::builder()
            .store(Arc::clone(&self.store))
            .runtime(Arc::new(self.runtime.clone()))
            .source(Arc::new(FakeSource::new()))
            .bus(self.bus.clone())
            .cache(Arc::clone(&self.cache))
            .clock(self.clock.clone())
            .keyring(keyring())
            .data_dir(self.directory.path())
            .options(EngineOptions {
                concurrency,
                watch_interval: Duration::ZERO,
                ..EngineOptions::default()
            })
            .start()
            .await
            .unwrap()
    }

    /// An account with a role, and somebody who came in with it.
    pub(crate) async fn person(&self, control: &ControlPlane, role: Role) -> Actor {
        let name = format!("{role}-{}", UserId::new());
        let new = NewUser {
            username: name,
            password: None,
            role,
            email: None,
        };
        let user = control.create_user(&system(), new).await.unwrap();
        self.came_in(user).await
    }

    /// Somebody who came in with an account.
    pub(crate) async fn came_in(&self, user: User) -> Actor {
        let now = self.now();
        let session = Session {
            id: SessionId::new(),
            user_id: user.id,
            created_at: now,
            expires_at: now.plus(Duration::from_hours(24)),
        };
        self.store.create_session(&session).await.unwrap();
        Actor::of(Identity::User {
            user,
            session: session.id,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        use dokploy_core::clock::Clock;
        self.clock.now()
    }

    /// The newest records of the trail.
    pub(crate) async fn trail(&self) -> Vec<AuditRecord> {
        let filter = AuditFilter::default();
        self.store.list_audit(&filter, None, 1000).await.unwrap()
    }

    /// How many records there are.
    pub(crate) async fn trail_len(&self) -> i64 {
        self.store.audit_head().await.unwrap().seq
    }

    /// What the records after a place say, oldest first.
    pub(crate) async fn since(&self, seq: i64) -> Vec<(String, AuditOutcome)> {
        let records = self.store.audit_chain(seq, 1000).await.unwrap();
        let said = |record: AuditRecord| (record.entry.action, record.entry.outcome);
        records.into_iter().map(said).collect()
    }
}

/// The program itself.
pub(crate) fn system() -> Actor {
    Actor::system("test")
}

/// A name that nothing else has.
pub(crate) fn fresh_name() -> String {
    // The end of an id is random; its beginning is the time.
    let id = ProjectId::new().as_uuid().simple().to_string();
    format!("n{}", &id[12..])
}

/// A project of somebody.
pub(crate) async fn project_of(control: &ControlPlane, owner: &Actor) -> Project {
    let new = NewProject {
        name: fresh_name(),
        ..NewProject::default()
    };
    let made = control.create_project(&system(), new).await.unwrap();
    let given = Project {
        owner_id: owner.user_id(),
        ..made
    };
    control
        .engine()
        .store()
        .update_project(&given)
        .await
        .unwrap()
}

/// An application of a project.
pub(crate) async fn application_in(control: &ControlPlane, project: ProjectId) -> Application {
    control
        .create_application(&system(), project, image_spec())
        .await
        .unwrap()
}

/// A specification with an image.
pub(crate) fn image_spec() -> ApplicationSpec {
    ApplicationSpec {
        image: Some("registry.example/app:1".to_owned()),
        ..ApplicationSpec::named(fresh_name())
    }
}

/// The code of an error.
pub(crate) fn code<T>(result: Result<T, Error>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(error) => error.code(),
    }
}

/// The password of everybody here.
pub(crate) fn password() -> Secret {
    Secret::new(PASSWORD)
}

fn start() -> Timestamp {
    "2026-01-31T12:00:00Z".parse().unwrap()
}

fn keyring() -> Keyring {
    let key: [u8; 32] = std::array::from_fn(|index| index.wrapping_mul(37).to_le_bytes()[0] ^ 0x5a);
    Keyring::new("test", key).unwrap()
}
