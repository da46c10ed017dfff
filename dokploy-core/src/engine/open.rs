//! The assembly of an engine from a few settings, for a program that needs no parts of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Engine, EngineBuilder, EngineOptions, EventSink};
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::runtime::ContainerRuntime;
use crate::secret::{Keyring, Secret};
use crate::source::{NetworkPolicy, SourceFetcher, Sources, SourcesOptions};
use crate::store::{SettingStore, Store};

/// What an engine is made of. Everything has a default: the local container engine, and a directory that holds the
/// database, the git mirrors, the logs and the key.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Directory of everything that is kept; made when it is missing.
    pub data_dir: PathBuf,
    /// `postgres://…` or `sqlite://…`. Unset: an SQLite file in the data directory.
    pub database_url: Option<Secret>,
    /// `redis://…` for what several processes on one database share: cache, bus and rate limits. It may go away at any
    /// time. Unset: each process has its own, in memory.
    pub redis_url: Option<Secret>,
    /// Address of the container engine, as `DOCKER_HOST` has it. Unset: the local socket.
    pub docker_host: Option<String>,
    /// Directory with `ca.pem`, `cert.pem` and `key.pem` for a container engine that speaks TLS.
    pub docker_cert_path: Option<PathBuf>,
    /// The key that seals secrets.
    pub secret_key: SecretKey,
    /// Which addresses the engine may connect to for a source, and whether local files may be one.
    pub network: NetworkPolicy,
    /// Fetches code in place of the engine's own fetchers, to which `network` applies.
    pub sources: Option<Arc<dyn SourceFetcher>>,
    /// Is told each event.
    pub event_sink: Option<Arc<dyn EventSink>>,
    /// Limits and times.
    pub options: EngineOptions,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("dokploy-data"),
            database_url: None,
            redis_url: None,
            docker_host: None,
            docker_cert_path: None,
            secret_key: SecretKey::Generated,
            network: NetworkPolicy::strict(),
            sources: None,
            event_sink: None,
            options: EngineOptions::default(),
        }
    }
}

/// Where the key that seals secrets comes from.
#[derive(Clone, Debug, Default)]
pub enum SecretKey {
    /// From a file in the data directory that only its owner can read, made on the first start.
    #[default]
    Generated,
    /// One or more keys of 32 bytes in base64; the first one seals.
    Base64(Secret),
    /// The same in a file, made when it is missing.
    File(PathBuf),
}

impl Engine {
    /// Opens the store, prepares the ways to the container engine and to sources, and starts to work. Nothing is sent
    /// to the container engine yet, unless it may be made a swarm.
    ///
    /// # Errors
    ///
    /// `invalid_spec` that names the setting when one cannot be used, `permission_denied` for a key that others can
    /// read or that is not the one that sealed what is stored, `unsupported` for what this build was made without,
    /// `unavailable` when the directory cannot be written or the database does not answer.
    pub async fn open(options: OpenOptions) -> Result<Self> {
        let data_dir = prepare(&options.data_dir).await?;
        let keyring = keyring(&data_dir, options.secret_key).await?;
        let runtime = runtime(options.docker_host, options.docker_cert_path)?;
        let sources = match options.sources {
            Some(own) => own,
            None => Arc::new(sources(&data_dir, options.network)?),
        };
        let store = store(&data_dir, options.database_url.as_ref()).await?;
        let builder = match &options.redis_url {
            Some(url) => Box::pin(with_redis(Self::builder(), url, &store)).await?,
            None => with_store_alone(Self::builder(), &store),
        };
        let mut builder = builder
            .store(Arc::new(store))
            .runtime(runtime)
            .source(sources)
            .keyring(keyring)
            .data_dir(data_dir)
            .options(options.options);
        if let Some(sink) = options.event_sink {
            builder = builder.event_sink(sink);
        }
        builder.start().await
    }

    /// Brings the database to the form that this version needs, and does nothing else.
    ///
    /// # Errors
    ///
    /// As [`Engine::open`], as far as the directory and the database are concerned.
    pub async fn migrate(options: &OpenOptions) -> Result<()> {
        let data_dir = prepare(&options.data_dir).await?;
        store(&data_dir, options.database_url.as_ref())
            .await?
            .ping()
            .await
    }
}

/// Makes the directory when it is missing, for its owner alone: it holds the key. Returns its absolute path.
async fn prepare(directory: &Path) -> Result<PathBuf> {
    let shown = directory.display().to_string();
    let failed = move |error: std::io::Error| {
        Error::new(
            ErrorKind::Unavailable,
            format!("the data directory {shown} cannot be used"),
        )
        .with_source(error)
        .with_retry(Retry::Never)
        .with_hint("name a directory that can be written")
    };
    if directory.as_os_str().is_empty() {
        return Err(Error::invalid_field(
            "dataDir",
            "is empty: a directory is expected",
        ));
    }
    let absolute = std::path::absolute(directory).map_err(&failed)?;
    let mut builder = tokio::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    builder.mode(0o700);
    builder.create(&absolute).await.map_err(&failed)?;
    Ok(absolute)
}

/// Reading and making a key file blocks.
async fn keyring(data_dir: &Path, key: SecretKey) -> Result<Keyring> {
    let path = match key {
        SecretKey::Base64(keys) => return Keyring::from_base64(keys.expose()),
        SecretKey::File(path) => path,
        SecretKey::Generated => data_dir.join("secret.key"),
    };
    let loaded = tokio::task::spawn_blocking(move || Keyring::load_or_create(&path)).await;
    loaded.map_err(|error| {
        Error::new(ErrorKind::Unexpected, "reading the key failed").with_source(error)
    })?
}

fn sources(data_dir: &Path, network: NetworkPolicy) -> Result<Sources> {
    Sources::new(&SourcesOptions {
        policy: network,
        ..SourcesOptions::new(data_dir)
    })
}

#[cfg(feature = "docker")]
fn runtime(
    host: Option<String>,
    certificates: Option<PathBuf>,
) -> Result<Arc<dyn ContainerRuntime>> {
    use crate::runtime::{DockerOptions, DockerRuntime, DockerTls};

    let mut options = DockerOptions::default();
    options.host = host.unwrap_or(options.host);
    options.tls = certificates.map(|folder| DockerTls {
        ca: folder.join("ca.pem"),
        certificate: folder.join("cert.pem"),
        key: folder.join("key.pem"),
    });
    Ok(Arc::new(DockerRuntime::new(options)?))
}

#[cfg(not(feature = "docker"))]
fn runtime(_: Option<String>, _: Option<PathBuf>) -> Result<Arc<dyn ContainerRuntime>> {
    Err(Error::new(
        ErrorKind::Unsupported,
        "this build knows no container engine",
    )
    .with_hint(
        "build it with the feature docker, or assemble an engine with a runtime of your own",
    ))
}

/// A database that can carry signals wakes up the other processes, too.
#[cfg(feature = "postgres")]
fn with_store_alone(builder: EngineBuilder, store: &OpenStore) -> EngineBuilder {
    match store.bus() {
        Some(bus) => builder.bus(Arc::new(bus)),
        None => builder,
    }
}

#[cfg(not(feature = "postgres"))]
fn with_store_alone(builder: EngineBuilder, _: &OpenStore) -> EngineBuilder {
    builder
}

/// Everything in Redis begins with a name that belongs to the store, so that installations may share a server.
#[cfg(feature = "redis")]
async fn with_redis(
    builder: EngineBuilder,
    url: &Secret,
    store: &dyn Store,
) -> Result<EngineBuilder> {
    use crate::bus::SharedBus;
    use crate::cache::{RedisCache, RedisConnection, RedisOptions};
    use crate::id::ProcessId;
    use crate::limit::RedisLimiter;

    let prefix = format!("dokploy:{}", ProcessId::new());
    let options = RedisOptions {
        url: url.clone(),
        prefix: store.setting_or_insert("redis_prefix", &prefix).await?,
    };
    let connection = Arc::new(RedisConnection::open(&options).await?);
    Ok(builder
        .bus(Arc::new(
            SharedBus::over_redis(Arc::clone(&connection), &options).await?,
        ))
        .cache(Arc::new(RedisCache::new(Arc::clone(&connection))))
        .limiter(Arc::new(RedisLimiter::new(connection))))
}

#[cfg(not(feature = "redis"))]
#[expect(clippy::unused_async, reason = "with Redis it waits for it")]
async fn with_redis(_: EngineBuilder, _: &Secret, _: &dyn Store) -> Result<EngineBuilder> {
    Err(
        Error::new(ErrorKind::Unsupported, "this build knows no Redis")
            .with_hint("build it with the feature redis, or leave the URL of Redis away"),
    )
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
type OpenStore = crate::store::SqlStore;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
async fn store(data_dir: &Path, url: Option<&Secret>) -> Result<OpenStore> {
    let in_directory = sqlite_url(data_dir)?;
    let url = url.unwrap_or(&in_directory);
    OpenStore::open(url.expose(), crate::store::SqlStoreOptions::default()).await
}

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
type OpenStore = crate::store::MemoryStore;

#[cfg(not(any(feature = "sqlite", feature = "postgres")))]
#[expect(clippy::unused_async, reason = "with a database it waits for it")]
async fn store(_: &Path, _: Option<&Secret>) -> Result<OpenStore> {
    Err(Error::new(ErrorKind::Unsupported, "this build knows no database")
        .with_hint("build it with the feature sqlite or postgres, or assemble an engine with a store of your own"))
}

/// The URL of the database file, in which `%`, `?` and `#` have a meaning that they have not in a path.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn sqlite_url(data_dir: &Path) -> Result<Secret> {
    let path = data_dir.join("dokploy.db");
    let path = path.to_str().ok_or_else(|| {
        Error::invalid_field(
            "dataDir",
            "is not UTF-8, which the URL of a database has to be",
        )
    })?;
    let path = path
        .replace('%', "%25")
        .replace('?', "%3F")
        .replace('#', "%23");
    Ok(Secret::new(format!("sqlite://{path}")))
}

#[cfg(all(test, feature = "docker", feature = "sqlite"))]
mod tests {
    use super::*;

    /// An engine that works on nothing and whose container engine is not there.
    fn options(directory: &Path) -> OpenOptions {
        OpenOptions {
            data_dir: directory.join("data"),
            docker_host: Some("unix:///nothing/here.sock".to_owned()),
            options: EngineOptions {
                concurrency: 0,
                ..EngineOptions::default()
            },
            ..OpenOptions::default()
        }
    }

    #[tokio::test]
    async fn a_second_engine_finds_what_the_first_one_left() {
        // These characters have a meaning in a URL, and none in a path.
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("50% of #1?");
        let engine = Engine::open(options(&directory)).await.unwrap();
        let project = engine.create_project("shop", "").await.unwrap();
        engine.shutdown().await;
        assert!(directory.join("data/dokploy.db").is_file());

        let engine = Engine::open(options(&directory)).await.unwrap();
        let found = engine.store().find_project_by_name("shop").await.unwrap();
        assert_eq!(found.map(|found| found.id), Some(project.id));
        let error = engine.runtime_info().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
        engine.shutdown().await;
    }

    #[tokio::test]
    async fn a_setting_that_cannot_be_used_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let good = || options(directory.path());
        let cases = [
            (
                "dataDir",
                OpenOptions {
                    data_dir: PathBuf::new(),
                    ..good()
                },
            ),
            (
                "databaseUrl",
                OpenOptions {
                    database_url: Some("mysql://u:hunter2@h/d".into()),
                    ..good()
                },
            ),
            #[cfg(feature = "redis")]
            (
                "redisUrl",
                OpenOptions {
                    redis_url: Some("https://:hunter2@h".into()),
                    ..good()
                },
            ),
            (
                "docker.host",
                OpenOptions {
                    docker_host: Some("ssh://engine".to_owned()),
                    ..good()
                },
            ),
            (
                "secretKey",
                OpenOptions {
                    secret_key: SecretKey::Base64("hunter2".into()),
                    ..good()
                },
            ),
        ];
        for (field, options) in cases {
            let error = Engine::open(options).await.unwrap_err();
            assert_eq!(error.violations()[0].field, field, "{error:?}");
            assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn another_key_than_the_one_that_sealed_what_is_stored_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        Engine::open(options(directory.path())).await.unwrap();
        let other = SecretKey::File(directory.path().join("other.key"));
        let options = OpenOptions {
            secret_key: other,
            ..options(directory.path())
        };
        let error = Engine::open(options).await.unwrap_err();
        assert!(error.message().contains("wrong key"), "{error:?}");
    }

    #[tokio::test]
    async fn migrating_makes_the_database_and_no_key() {
        let directory = tempfile::tempdir().unwrap();
        Engine::migrate(&options(directory.path())).await.unwrap();
        assert!(directory.path().join("data/dokploy.db").is_file());
        assert!(!directory.path().join("data/secret.key").exists());
    }
}
