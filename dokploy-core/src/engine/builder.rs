//! Assembling an engine from its parts.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::inject::{Injection, NoInjection};
use super::sink::EventSink;
use super::{Engine, Inner};
use crate::bus::{EventBus, MemoryBus};
use crate::cache::{Cache, MemoryCache};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::id::WorkerId;
use crate::limit::{MemoryLimiter, RateLimiter};
use crate::log::{LogLimits, LogStore};
use crate::monitor::Recorder;
use crate::runtime::ContainerRuntime;
use crate::secret::Keyring;
use crate::source::SourceFetcher;
use crate::store::Store;

/// Limits and times of an engine. Every limit that it has is here or in an application's specification.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Deployments that this engine works on at once. 0: it works on none, and only accepts and shows them.
    pub concurrency: usize,
    /// New deployments that this engine starts within a minute. Resumed ones do not count.
    pub starts_per_minute: u32,
    /// Deployments that may wait, over all applications.
    pub queue_max: u64,
    /// How long a claim lasts without a renewal. A worker stops at two thirds of it.
    pub lease: Duration,
    /// How often a claim is renewed, and a cancellation from another process seen.
    pub lease_renewal: Duration,
    /// How often the queue is looked at when nothing wakes the engine up.
    pub poll_interval: Duration,
    /// Workers that a deployment may lose before it fails.
    pub attempts_max: u32,
    /// Most bytes of a build context.
    pub context_bytes_max: u64,
    /// How much of a deployment's log is kept.
    pub log_limits: LogLimits,
    /// How often running services are looked at for failures and outside changes. Zero: never.
    pub watch_interval: Duration,
    /// Whether this engine's container engine may be made a single-node swarm when it is in none.
    pub initialise_swarm: bool,
    /// Network that every application is in.
    pub network: String,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            concurrency: 3,
            starts_per_minute: 10,
            queue_max: 100_000,
            lease: Duration::from_secs(30),
            lease_renewal: Duration::from_secs(3),
            poll_interval: Duration::from_secs(2),
            attempts_max: 3,
            context_bytes_max: 2 * 1024 * 1024 * 1024,
            log_limits: LogLimits::default(),
            watch_interval: Duration::from_secs(10),
            initialise_swarm: false,
            network: "dokploy-network".to_owned(),
        }
    }
}

/// Assembles an engine. Store, runtime, source, key ring and data directory have no default.
#[derive(Debug, Default)]
pub struct EngineBuilder {
    store: Option<Arc<dyn Store>>,
    runtime: Option<Arc<dyn ContainerRuntime>>,
    sources: Option<Arc<dyn SourceFetcher>>,
    bus: Option<Arc<dyn EventBus>>,
    cache: Option<Arc<dyn Cache>>,
    limiter: Option<Arc<dyn RateLimiter>>,
    clock: Option<Arc<dyn Clock>>,
    keyring: Option<Keyring>,
    data_dir: Option<PathBuf>,
    injection: Option<Arc<dyn Injection>>,
    sink: Option<Arc<dyn EventSink>>,
    options: EngineOptions,
}

impl EngineBuilder {
    /// Starts with the default options and no parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where everything durable lives.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// What runs containers.
    #[must_use]
    pub fn runtime(mut self, runtime: Arc<dyn ContainerRuntime>) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Where code comes from.
    #[must_use]
    pub fn source(mut self, sources: Arc<dyn SourceFetcher>) -> Self {
        self.sources = Some(sources);
        self
    }

    /// How engines wake each other up; in memory by default, which is enough for one process.
    #[must_use]
    pub fn bus(mut self, bus: Arc<dyn EventBus>) -> Self {
        self.bus = Some(bus);
        self
    }

    /// The cache; in memory by default.
    #[must_use]
    pub fn cache(mut self, cache: Arc<dyn Cache>) -> Self {
        self.cache = Some(cache);
        self
    }

    /// What limits how often callers may do something; in memory by default.
    #[must_use]
    pub fn limiter(mut self, limiter: Arc<dyn RateLimiter>) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// Where the present comes from; the machine's clock by default.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The keys that seal secrets.
    #[must_use]
    pub fn keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    /// Directory for the logs of deployments and for uploads.
    #[must_use]
    pub fn data_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(directory.into());
        self
    }

    /// Limits and times.
    #[must_use]
    pub fn options(mut self, options: EngineOptions) -> Self {
        self.options = options;
        self
    }

    /// Makes things happen at points of the saga; for tests.
    #[must_use]
    pub fn injection(mut self, injection: Arc<dyn Injection>) -> Self {
        self.injection = Some(injection);
        self
    }

    /// What is told each event; nothing by default.
    #[must_use]
    pub fn event_sink(mut self, sink: Arc<dyn EventSink>) -> Self {
        self.sink = Some(sink);
        self
    }

    /// Checks the parts, compares the key with the one that the store knows, and starts to work.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when a part is missing or the key is not the one that sealed what is stored, and what the store
    /// answers.
    pub async fn start(self) -> Result<Engine> {
        let missing = |part: &str| Error::invalid_field(part, "an engine cannot be without it");
        let store = self.store.ok_or_else(|| missing("store"))?;
        let keyring = self.keyring.ok_or_else(|| missing("keyring"))?;
        let data_dir = self.data_dir.ok_or_else(|| missing("dataDir"))?;
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock));
        store.ping().await?;
        keyring.check_canary(
            &store
                .setting_or_insert("canary", &keyring.canary()?)
                .await?,
        )?;
        let data_dir = std::path::absolute(&data_dir).map_err(|error| {
            Error::invalid_field("dataDir", "has no absolute path").with_source(error)
        })?;
        let logs = LogStore::with_clock(
            data_dir.join("logs"),
            self.options.log_limits,
            Arc::clone(&clock),
        )?;
        let engine = Engine {
            inner: Arc::new(Inner {
                store,
                runtime: self.runtime.ok_or_else(|| missing("runtime"))?,
                sources: self.sources.ok_or_else(|| missing("source"))?,
                bus: self.bus.unwrap_or_else(|| Arc::new(MemoryBus::default())),
                cache: self
                    .cache
                    .unwrap_or_else(|| Arc::new(MemoryCache::default())),
                limiter: self
                    .limiter
                    .unwrap_or_else(|| Arc::new(MemoryLimiter::default())),
                clock,
                keyring,
                data_dir,
                logs,
                options: self.options,
                recorder: Recorder::new()?,
                injection: self.injection.unwrap_or_else(|| Arc::new(NoInjection)),
                sink: self.sink,
                worker: WorkerId::new(),
                tracker: TaskTracker::new(),
                shutdown: CancellationToken::new(),
                aborted: CancellationToken::new(),
            }),
        };
        if engine.inner.options.initialise_swarm {
            engine.inner.runtime.ensure_swarm().await?;
        }
        engine.start_background();
        Ok(engine)
    }
}

impl Engine {
    fn start_background(&self) {
        let inner = &self.inner;
        if inner.options.concurrency == 0 {
            return;
        }
        inner.spawn(super::scheduler::run(Arc::clone(inner)));
        if !inner.options.watch_interval.is_zero() {
            inner.spawn(super::watch::run(Arc::clone(inner)));
        }
    }
}
