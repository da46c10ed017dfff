//! Where scenarios take place: on a container engine in memory, or on a real one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use dokploy_core::bus::MemoryBus;
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::{NetworkPolicy, Sources, SourcesOptions};
use dokploy_core::store::MemoryStore;
use dokploy_core::{Engine, EngineOptions, Store};
use dokploy_tests::agent::{Agent, Order};
use dokploy_tests::assembly::Assembly;
use dokploy_tests::environment::Environment;
use dokploy_tests::fakes;
use serde_json::{Map, Value};
use tempfile::TempDir;

/// What outlives the engines of a scenario.
pub(super) struct World {
    directory: TempDir,
    parts: Parts,
    opened: usize,
}

enum Parts {
    InMemory {
        store: Arc<dyn Store>,
        runtime: FakeRuntime,
        bus: Arc<MemoryBus>,
    },
    Real {
        assembly: Box<Assembly>,
        base_image: String,
    },
}

/// An engine of a scenario.
#[expect(clippy::large_enum_variant, reason = "there are two of them")]
pub(super) enum Running {
    /// In this process.
    Here(Engine),
    /// In a process of its own.
    There(Agent),
}

impl Running {
    /// Ends it as kill -9 does.
    pub(super) async fn kill(self) -> Result<()> {
        match self {
            Self::Here(engine) => {
                engine.abort();
                Ok(())
            }
            Self::There(agent) => agent.kill().await,
        }
    }

    /// Ends it in order.
    pub(super) async fn close(self) -> Result<()> {
        match self {
            Self::Here(engine) => {
                engine.shutdown().await;
                Ok(())
            }
            Self::There(agent) => {
                anyhow::ensure!(agent.stop().await?, "it did not end in order");
                Ok(())
            }
        }
    }
}

impl World {
    /// Everything but directories is in memory.
    pub(super) fn in_memory() -> Self {
        let parts = Parts::InMemory {
            store: Arc::new(MemoryStore::new()),
            runtime: fakes::runtime(),
            bus: Arc::new(MemoryBus::default()),
        };
        Self::of(parts, tempfile::tempdir().unwrap())
    }

    /// A real container engine and a database in a file.
    pub(super) fn real(environment: &Environment) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let parts = Parts::Real {
            assembly: Box::new(Assembly::sqlite(
                &environment.docker_host,
                directory.path().to_owned(),
            )),
            base_image: environment.base_image.clone(),
        };
        Self::of(parts, directory)
    }

    fn of(parts: Parts, directory: TempDir) -> Self {
        Self {
            directory,
            parts,
            opened: 0,
        }
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn base_image(&self) -> &str {
        match &self.parts {
            Parts::InMemory { .. } => "scratch",
            Parts::Real { base_image, .. } => base_image,
        }
    }

    pub(super) async fn open(
        &mut self,
        process: bool,
        options: &Map<String, Value>,
    ) -> Result<Running> {
        self.opened += 1;
        let data_dir = self.directory().join(format!("engine-{}", self.opened));
        std::fs::create_dir(&data_dir)?;
        match &self.parts {
            Parts::InMemory {
                store,
                runtime,
                bus,
            } => {
                let builder = Engine::builder()
                    .store(Arc::clone(store))
                    .runtime(Arc::new(runtime.clone()))
                    .bus(bus.clone())
                    .source(Arc::new(sources(&data_dir)?))
                    .keyring(Keyring::from_base64(fakes::KEY)?)
                    .data_dir(data_dir)
                    .options(engine_options(options)?);
                Ok(Running::Here(builder.start().await?))
            }
            Parts::Real { assembly, .. } => {
                let assembly = Assembly {
                    concurrency: number(options, "concurrency")?,
                    lease_millis: seconds(options, "lease")?.as_millis().try_into()?,
                    data_dir,
                    ..assembly.as_ref().clone()
                };
                real(process, assembly).await
            }
        }
    }
}

async fn real(process: bool, assembly: Assembly) -> Result<Running> {
    if !process {
        return Ok(Running::Here(assembly.start(None).await?));
    }
    let order = Order {
        assembly,
        abort_at: None,
    };
    let program = PathBuf::from(env!("CARGO_BIN_EXE_agent"));
    Ok(Running::There(Agent::start(&program, &order).await?))
}

fn sources(data_dir: &Path) -> Result<Sources> {
    Ok(Sources::new(&SourcesOptions {
        policy: NetworkPolicy::trusting(),
        ..SourcesOptions::new(data_dir)
    })?)
}

fn engine_options(options: &Map<String, Value>) -> Result<EngineOptions> {
    Ok(EngineOptions {
        concurrency: number(options, "concurrency")?,
        starts_per_minute: number(options, "startsPerMinute")?,
        lease: seconds(options, "lease")?,
        lease_renewal: seconds(options, "leaseRenewal")?,
        poll_interval: seconds(options, "pollInterval")?,
        watch_interval: seconds(options, "watchInterval")?,
        ..EngineOptions::default()
    })
}

fn number<T: TryFrom<u64>>(options: &Map<String, Value>, name: &str) -> Result<T> {
    let value = options.get(name).and_then(Value::as_u64);
    match value.map(T::try_from) {
        Some(Ok(number)) => Ok(number),
        _ => bail!("the option {name} is a number"),
    }
}

fn seconds(options: &Map<String, Value>, name: &str) -> Result<Duration> {
    let value = options.get(name).and_then(Value::as_f64);
    let value = value.with_context(|| format!("the option {name} is a number"))?;
    Ok(Duration::try_from_secs_f64(value)?)
}
