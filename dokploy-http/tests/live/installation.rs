//! Servers on one store, with deployments whose worker is the test.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use dokploy_core::access::Identity;
use dokploy_core::bus::{EventBus, MemoryBus, Signal};
use dokploy_core::conformance::store::scene::{Scene, claimed, failed, warned};
use dokploy_core::control::{ControlOptions, ControlPlane, NewToken, NewUser};
use dokploy_core::deployment::EventKind;
use dokploy_core::id::{DeploymentId, SessionId};
use dokploy_core::model::{Project, Role, Scope, Session};
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::FakeSource;
use dokploy_core::store::{Claim, MemoryStore};
use dokploy_core::{Actor, Engine, EngineOptions, Store};
use dokploy_http::config::{Environment, ServerConfig};
use dokploy_http::server::{AppState, listen, router};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// One server: its engine works on nothing.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) control: ControlPlane,
    pub(crate) closing: CancellationToken,
    _serving: JoinSet<()>,
}

/// What servers share.
pub(crate) struct Installation {
    pub(crate) scene: Scene,
    pub(crate) directory: tempfile::TempDir,
    rate_limit: &'static str,
}

/// Somebody with a token.
pub(crate) struct Person {
    pub(crate) actor: Actor,
    pub(crate) token: String,
}

impl Installation {
    /// On a store in memory.
    pub(crate) async fn in_memory() -> Self {
        Self::on(Arc::new(MemoryStore::new())).await
    }

    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        Self {
            scene: Scene::new(store).await,
            directory: tempfile::tempdir().unwrap(),
            // The tests ask for more than one person does.
            rate_limit: "50000/min",
        }
    }

    /// One whose people may ask for less.
    pub(crate) fn with_rate_limit(self, rate_limit: &'static str) -> Self {
        Self { rate_limit, ..self }
    }

    /// A server whose signals stay in it.
    pub(crate) async fn server(&self) -> Server {
        let store = Arc::clone(&self.scene.store);
        self.server_on(store, Arc::new(MemoryBus::default())).await
    }

    pub(crate) async fn server_on(&self, store: Arc<dyn Store>, bus: Arc<dyn EventBus>) -> Server {
        let environment = Environment::of([("DOKPLOY_RATE_LIMIT", self.rate_limit)]);
        let config = ServerConfig::read(&environment).unwrap();
        let engine = Engine::builder()
            .store(store)
            .runtime(Arc::new(FakeRuntime::new()))
            .source(Arc::new(FakeSource::new()))
            .bus(bus)
            .keyring(keyring())
            .data_dir(self.directory.path())
            .options(EngineOptions {
                concurrency: 0,
                ..EngineOptions::default()
            })
            .start()
            .await
            .unwrap();
        let options = ControlOptions {
            recheck_interval: Duration::from_secs(1),
            ..ControlOptions::default()
        };
        let control = ControlPlane::new(engine.clone(), options);
        let closing = CancellationToken::new();
        let state = AppState::new(engine, control.clone(), config, closing.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        serving.spawn(listen::serve(listener, router(state), closing.clone()));
        Server {
            address,
            control,
            closing,
            _serving: serving,
        }
    }

    /// An account with a role, and a token of it.
    pub(crate) async fn person(&self, server: &Server, role: Role) -> Person {
        let new = NewUser {
            username: format!("{role}-{}", SessionId::new()),
            password: None,
            role,
            email: None,
        };
        let system = Actor::system("test");
        let user = server.control.create_user(&system, new).await.unwrap();
        let now = dokploy_core::conformance::store::scene::now();
        let session = Session {
            id: SessionId::new(),
            user_id: user.id,
            created_at: now,
            expires_at: now.plus(Duration::from_hours(1)),
        };
        self.scene.store.create_session(&session).await.unwrap();
        let actor = Actor::of(Identity::User {
            user,
            session: session.id,
        });
        let new = NewToken {
            name: "test".to_owned(),
            scopes: BTreeSet::from([Scope::Read]),
            project_ids: None,
            expires_at: None,
        };
        let token = server.control.create_token(&actor, new).await.unwrap();
        Person {
            actor,
            token: token.secret.expose().to_owned(),
        }
    }

    /// A deployment that a worker has: the test.
    pub(crate) async fn running(&self) -> Claim {
        let deployment = self.scene.deploy().await;
        let claim = self.scene.claim().await;
        assert_eq!(claim.deployment.id, deployment.id);
        self.scene.work(&claim, [claimed(&claim)]).await;
        claim
    }

    /// Makes somebody the owner of the project of everything here.
    pub(crate) async fn give_project_to(&self, person: &Person) {
        let found = self.scene.store.find_project(self.scene.project.id).await;
        let owned = Project {
            owner_id: person.actor.user_id(),
            ..found.unwrap().unwrap()
        };
        self.scene.store.update_project(&owned).await.unwrap();
    }
}

impl Server {
    pub(crate) fn engine(&self) -> &Engine {
        self.control.engine()
    }

    /// Writes events of a deployment and tells of them, as the worker of this server.
    pub(crate) async fn work(&self, scene: &Scene, claim: &Claim, events: &[EventKind]) {
        scene.work(claim, events).await;
        self.tell(scene, claim).await;
    }

    /// Tells of what was written.
    pub(crate) async fn tell(&self, scene: &Scene, claim: &Claim) {
        let signal = Signal::Deployment {
            deployment: claim.deployment.id,
            application: claim.deployment.application_id,
            project: claim.deployment.project_id,
            seq: scene.state(claim.deployment.id).await.seq,
        };
        self.engine().bus().publish(&signal).await.unwrap();
    }

    /// Writes something to see.
    pub(crate) async fn say(&self, scene: &Scene, claim: &Claim, text: &str) {
        self.work(scene, claim, &[warned(text)]).await;
    }

    /// Ends a deployment.
    pub(crate) async fn end(&self, scene: &Scene, claim: &Claim) {
        self.work(scene, claim, &[failed()]).await;
    }
}

/// The name of the events of a deployment.
pub(crate) fn topic(id: DeploymentId) -> String {
    format!("deployment:{id}")
}

fn keyring() -> Keyring {
    let key = std::array::from_fn(|index| index.wrapping_mul(37).to_le_bytes()[0] ^ 0x5a);
    Keyring::new("test", key).unwrap()
}
