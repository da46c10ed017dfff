//! What outlives the engines of a scenario: a store and a container engine, in memory or real.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use dokploy_core::bus::MemoryBus;
use dokploy_core::model::PageRequest;
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::{NetworkPolicy, Sources, SourcesOptions};
use dokploy_core::store::{ApplicationFilter, MemoryStore};
use dokploy_core::{Engine, EngineOptions, Store};
use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::assembly::Assembly;
use crate::environment::Environment;
use crate::fakes;

/// What outlives the engines of a scenario.
#[derive(Debug)]
pub struct World {
    directory: TempDir,
    parts: Parts,
    opened: usize,
}

#[derive(Debug)]
enum Parts {
    InMemory {
        store: Arc<MemoryStore>,
        runtime: FakeRuntime,
        bus: Arc<MemoryBus>,
    },
    Real {
        assembly: Box<Assembly>,
        base_image: String,
    },
}

impl World {
    /// Everything but directories is in memory.
    ///
    /// # Panics
    ///
    /// When there is no place for a directory.
    pub fn in_memory() -> Self {
        let parts = Parts::InMemory {
            store: Arc::new(MemoryStore::new()),
            runtime: fakes::runtime(),
            bus: Arc::new(MemoryBus::default()),
        };
        Self::of(parts, directory())
    }

    /// A real container engine and a database in a file.
    ///
    /// # Panics
    ///
    /// When there is no place for a directory.
    pub fn real(environment: &Environment) -> Self {
        let directory = directory();
        let assembly = Assembly::sqlite(&environment.docker_host, directory.path().to_owned());
        let parts = Parts::Real {
            assembly: Box::new(assembly),
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

    /// A directory that is removed with this.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// An image with a static busybox, or what stands for it in memory.
    pub fn base_image(&self) -> &str {
        match &self.parts {
            Parts::InMemory { .. } => "scratch",
            Parts::Real { base_image, .. } => base_image,
        }
    }

    /// How another process makes an engine of real parts; `None` in memory, which no other process sees.
    ///
    /// # Errors
    ///
    /// An option that is missing, or the file system.
    pub fn assembly(&mut self, options: &Map<String, Value>) -> Result<Option<Assembly>> {
        let Parts::Real { assembly, .. } = &self.parts else {
            return Ok(None);
        };
        let assembly = assembly.as_ref().clone();
        Ok(Some(Assembly {
            concurrency: number(options, "concurrency")?,
            lease_millis: seconds(options, "lease")?.as_millis().try_into()?,
            data_dir: self.data_dir()?,
            ..assembly
        }))
    }

    /// Starts an engine in this process.
    ///
    /// # Errors
    ///
    /// An option that is missing, or what keeps the engine from starting.
    pub async fn engine(&mut self, options: &Map<String, Value>) -> Result<Engine> {
        if let Some(assembly) = self.assembly(options)? {
            return assembly.start(None).await;
        }
        let data_dir = self.data_dir()?;
        let Parts::InMemory {
            store,
            runtime,
            bus,
        } = &self.parts
        else {
            bail!("real parts have an assembly");
        };
        let builder = Engine::builder()
            .store(Arc::clone(store) as Arc<dyn Store>)
            .runtime(Arc::new(runtime.clone()))
            .bus(bus.clone())
            .source(Arc::new(sources(&data_dir)?))
            .keyring(Keyring::from_base64(fakes::KEY)?)
            .data_dir(data_dir)
            .options(engine_options(options)?);
        Ok(builder.start().await?)
    }

    /// Removes what a real container engine would keep.
    ///
    /// # Errors
    ///
    /// Those of the deletion of an application.
    pub async fn clean(&mut self, options: &Map<String, Value>) -> Result<()> {
        let cleaner = self.engine(options).await?;
        let everything = ApplicationFilter::default();
        let left = cleaner
            .store()
            .list_applications(&everything, PageRequest::first())
            .await?;
        for application in left.items {
            match application.database_id {
                Some(id) => cleaner.delete_database(id, volume(&application)).await,
                None => cleaner.delete_application(application.id).await,
            }?;
        }
        cleaner.shutdown().await;
        Ok(())
    }

    fn data_dir(&mut self) -> Result<PathBuf> {
        self.opened += 1;
        let data_dir = self.directory().join(format!("engine-{}", self.opened));
        std::fs::create_dir(&data_dir)?;
        Ok(data_dir)
    }
}

/// The volume of the application of a database.
fn volume(application: &dokploy_core::model::Application) -> Option<&str> {
    let volume = application.spec.volumes.first()?;
    Some(&volume.source)
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory can be made")
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
