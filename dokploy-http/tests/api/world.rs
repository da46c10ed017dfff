//! A server in this process, with people who may do different things and one of everything.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use dokploy_core::access::{Actor, Identity};
use dokploy_core::clock::{Clock as _, SystemClock};
use dokploy_core::control::{ControlOptions, ControlPlane, NewProject, NewToken, NewUser};
use dokploy_core::engine::{DatabaseLimits, NewDatabase};
use dokploy_core::id::{ApplicationId, ProjectId, SessionId, TeamId, UserId};
use dokploy_core::model::{
    ApplicationSpec, CredentialKind, CredentialSecret, DatabaseEngine, EndpointMode, EnvDelivery,
    EnvValue, EnvVar, Role, Scope, Session,
};
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::{FakeSource, SourceFetcher};
use dokploy_core::store::{MemoryStore, SqlStore, SqlStoreOptions};
use dokploy_core::{DeployRequest, Engine, EngineOptions, Store};
use dokploy_http::config::{Environment, ServerConfig};
use dokploy_http::server::{AppState, router};
use tokio_util::sync::CancellationToken;

use super::client::Call;

/// A secret that must never come back.
pub(crate) const SECRET: &str = "hunter2-is-the-secret";

/// A server in this process.
pub(crate) struct World {
    pub(crate) router: Router,
    pub(crate) control: ControlPlane,
    pub(crate) store: Arc<dyn Store>,
    _directory: tempfile::TempDir,
}

/// Somebody with a token that may do everything that the account may.
pub(crate) struct Person {
    pub(crate) id: UserId,
    pub(crate) actor: Actor,
    pub(crate) token: String,
}

/// How a world differs from the others.
pub(crate) struct Settings<'a> {
    /// Variables of the environment.
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// Deployments at once.
    pub(crate) concurrency: usize,
    /// Whether the store is an SQLite file.
    pub(crate) sqlite: bool,
    /// Where code comes from; nowhere unless told.
    pub(crate) source: Option<Arc<dyn SourceFetcher>>,
}

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            variables: &[("DOKPLOY_RATE_LIMIT", "50000/min")],
            concurrency: 0,
            sqlite: false,
            source: None,
        }
    }
}

impl World {
    /// An empty installation, whose engine works on nothing.
    pub(crate) async fn new() -> Self {
        Self::with(Settings::default()).await
    }

    pub(crate) async fn with(settings: Settings<'_>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = if settings.sqlite {
            let url = format!("sqlite://{}/dokploy.db", directory.path().display());
            Arc::new(
                SqlStore::open(&url, SqlStoreOptions::default())
                    .await
                    .unwrap(),
            )
        } else {
            Arc::new(MemoryStore::new())
        };
        let source = settings.source;
        let runtime = FakeRuntime::new();
        runtime.add_image("registry.example.com/web:1");
        let engine = Engine::builder()
            .store(Arc::clone(&store))
            .runtime(Arc::new(runtime))
            .source(source.unwrap_or_else(|| Arc::new(FakeSource::new())))
            .keyring(Keyring::from_base64("u7OeW2mGr0vPyB8N4sJkQxLh1TfCiZpAoDdXgRw5EYk=").unwrap())
            .data_dir(directory.path())
            .options(EngineOptions {
                concurrency: settings.concurrency,
                poll_interval: Duration::from_millis(50),
                watch_interval: Duration::ZERO,
                ..EngineOptions::default()
            })
            .start()
            .await
            .unwrap();
        let config =
            ServerConfig::read(&Environment::of(settings.variables.iter().copied())).unwrap();
        let options = ControlOptions {
            registration: config.registration,
            ..ControlOptions::default()
        };
        let control = ControlPlane::new(engine.clone(), options);
        let state = AppState::new(engine, control.clone(), config, CancellationToken::new());
        Self {
            router: router(state),
            control,
            store,
            _directory: directory,
        }
    }

    pub(crate) fn call(&self, method: &str, path: &str) -> Call {
        Call::new(&self.router, method, path)
    }

    pub(crate) fn get(&self, path: &str, who: &Person) -> Call {
        self.call("GET", path).bearer(&who.token)
    }

    pub(crate) fn post(&self, path: &str, who: &Person, body: &serde_json::Value) -> Call {
        self.call("POST", path).bearer(&who.token).json(body)
    }

    pub(crate) fn patch(&self, path: &str, who: &Person, body: &serde_json::Value) -> Call {
        self.call("PATCH", path).bearer(&who.token).json(body)
    }

    pub(crate) fn delete(&self, path: &str, who: &Person) -> Call {
        self.call("DELETE", path).bearer(&who.token)
    }

    /// An account with a role, without a password: signing in with one takes long on purpose.
    pub(crate) async fn person(&self, name: &str, role: Role) -> Person {
        let new = NewUser {
            username: name.to_owned(),
            password: None,
            role,
            email: None,
        };
        let user = self
            .control
            .create_user(&Actor::system("test"), new)
            .await
            .unwrap();
        let now = SystemClock.now();
        let session = Session {
            id: SessionId::new(),
            user_id: user.id,
            created_at: now,
            expires_at: now.plus(Duration::from_hours(1)),
        };
        self.store.create_session(&session).await.unwrap();
        let id = user.id;
        let actor = Actor::of(Identity::User {
            user,
            session: session.id,
        });
        let token = self.token(&actor, Scope::Admin).await;
        Person { id, actor, token }
    }

    /// A token of somebody with one scope.
    pub(crate) async fn token(&self, actor: &Actor, scope: Scope) -> String {
        let new = NewToken {
            name: scope.to_string(),
            scopes: BTreeSet::from([scope]),
            project_ids: None,
            expires_at: None,
        };
        let made = self.control.create_token(actor, new).await.unwrap();
        made.secret.expose().to_owned()
    }

    /// A project of somebody.
    pub(crate) async fn project(
        &self,
        who: &Person,
        name: &str,
        team: Option<TeamId>,
    ) -> ProjectId {
        let new = NewProject {
            name: name.to_owned(),
            team_id: team,
            ..NewProject::default()
        };
        self.control
            .create_project(&who.actor, new)
            .await
            .unwrap()
            .id
    }

    /// An application with a secret, made of an image.
    pub(crate) async fn application(&self, project: ProjectId, name: &str) -> ApplicationId {
        let spec = ApplicationSpec {
            image: Some("registry.example.com/web:1".to_owned()),
            env_vars: vec![EnvVar {
                key: "PASSWORD".to_owned(),
                value: EnvValue::Secret {
                    secret: SECRET.into(),
                },
                delivery: EnvDelivery::Env,
            }],
            ..ApplicationSpec::named(name)
        };
        let system = Actor::system("test");
        let made = self
            .control
            .create_application(&system, project, spec)
            .await;
        made.unwrap().id
    }
}

/// One of everything: a project of a developer, which a team of its own sees.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) owner: Person,
    pub(crate) admin: Person,
    /// Owns the project.
    pub(crate) developer: Person,
    /// Is in the team of the project.
    pub(crate) viewer: Person,
    /// May do what a developer may, and sees nothing of this.
    pub(crate) stranger: Person,
    pub(crate) project: ProjectId,
    pub(crate) application: ApplicationId,
    /// Values for what stands in braces in a path, by the part of the path before it.
    pub(crate) ids: std::collections::BTreeMap<&'static str, String>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let world = World::new().await;
        let owner = world.person("olivia", Role::Owner).await;
        let admin = world.person("adam", Role::Admin).await;
        let developer = world.person("dora", Role::Developer).await;
        let viewer = world.person("victor", Role::Viewer).await;
        let stranger = world.person("sid", Role::Developer).await;
        let target = world.person("tess", Role::Developer).await;
        let system = Actor::system("test");
        let team = world.control.create_team(&system, "crew").await.unwrap();
        for member in [viewer.id, developer.id] {
            world
                .control
                .add_member(&system, team.id, member)
                .await
                .unwrap();
        }
        let project = world.project(&developer, "shop", Some(team.id)).await;
        let application = world.application(project, "web").await;
        let deployment = world
            .control
            .deploy(&system, DeployRequest::of(application))
            .await
            .unwrap();
        let credential = world
            .control
            .create_project_credential(
                &system,
                project,
                CredentialKind::Git,
                "forge",
                "git.example.com",
                &CredentialSecret::Token {
                    token: SECRET.into(),
                },
            )
            .await
            .unwrap();
        let new = NewDatabase {
            name: "orders".to_owned(),
            engine: DatabaseEngine::Postgres,
            version: None,
            image: None,
            limits: DatabaseLimits::default(),
            endpoint_mode: EndpointMode::default(),
        };
        let database = world
            .control
            .create_database(&system, project, new)
            .await
            .unwrap();
        let new = NewToken {
            name: "robot".to_owned(),
            scopes: BTreeSet::from([Scope::Read]),
            project_ids: None,
            expires_at: None,
        };
        let token = world
            .control
            .create_token(&developer.actor, new)
            .await
            .unwrap();
        let ids = [
            ("users", target.id.to_string()),
            ("members", target.id.to_string()),
            ("teams", team.id.to_string()),
            ("projects", project.to_string()),
            ("applications", application.to_string()),
            ("deployments", deployment.id.to_string()),
            ("credentials", credential.id.to_string()),
            ("tokens", token.token.id.to_string()),
            ("databases", database.database.id.to_string()),
        ];
        Self {
            world,
            owner,
            admin,
            developer,
            viewer,
            stranger,
            project,
            application,
            ids: ids.into_iter().collect(),
        }
    }

    /// A path of the document with the ids of this scene.
    pub(crate) fn path(&self, pattern: &str) -> String {
        filled(pattern, |kind| {
            self.ids
                .get(kind)
                .cloned()
                .unwrap_or_else(|| panic!("the scene has none of {kind}"))
        })
    }
}

/// A path of the document, in which each name in braces is replaced by what there is of the kind before it.
pub(crate) fn filled(pattern: &str, id: impl Fn(&str) -> String) -> String {
    let mut kind = "";
    let mut path = String::new();
    for part in pattern.split('/').skip(1) {
        path.push('/');
        if part.starts_with('{') {
            path.push_str(&id(kind));
        } else {
            path.push_str(part);
        }
        kind = part;
    }
    path
}
