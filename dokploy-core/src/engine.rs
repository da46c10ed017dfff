//! The engine: `request -> durable queue -> claim with lease -> saga of steps -> terminal event`.
//!
//! Data flows one way. [`accept`](self) writes a row; the scheduler claims rows; a worker owns one claim, a journal
//! writes its events, a saga orders its steps, and each step looks before it acts. Nothing here names a backend.

mod accept;
mod applications;
mod apply;
mod builder;
mod credentials;
mod databases;
mod fingerprint;
mod images;
mod inject;
mod journal;
mod lease;
mod open;
mod order;
mod output;
mod patient;
mod plan;
mod preview;
mod retry;
mod rollout;
mod saga;
mod scheduler;
mod sealing;
mod service;
mod sink;
mod steps;
mod streams;
mod sweep;
mod watch;
mod webhooks;
mod worker;

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use self::builder::{EngineBuilder, EngineOptions};
pub use self::databases::{DatabaseChange, DatabaseConnection, DatabaseLimits, NewDatabase};
pub use self::inject::{Injection, Point};
pub use self::open::{OpenOptions, SecretKey};
pub use self::sink::EventSink;
pub use self::webhooks::{Webhook, WebhookAnswer, WebhookTarget};
use crate::bus::EventBus;
use crate::cache::{Cache, names};
use crate::clock::Clock;
use crate::error::Result;
use crate::id::{ApplicationId, WorkerId};
use crate::limit::RateLimiter;
use crate::log::LogStore;
use crate::model::Application;
use crate::monitor::{Monitor, Recorder};
use crate::runtime::{ContainerRuntime, RuntimeInfo};
use crate::secret::{Keyring, Redactor};
use crate::source::SourceFetcher;
use crate::store::{QueueStats, Store};

/// A running engine. Cloning it is cheap and gives the same engine; dropping it stops nothing that was accepted,
/// because another engine on the same store goes on. [`Engine::shutdown`] hands running work back at once.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    store: Arc<dyn Store>,
    runtime: Arc<dyn ContainerRuntime>,
    sources: Arc<dyn SourceFetcher>,
    bus: Arc<dyn EventBus>,
    cache: Arc<dyn Cache>,
    limiter: Arc<dyn RateLimiter>,
    clock: Arc<dyn Clock>,
    keyring: Keyring,
    data_dir: PathBuf,
    logs: LogStore,
    options: EngineOptions,
    recorder: Recorder,
    injection: Arc<dyn Injection>,
    sink: Option<Arc<dyn EventSink>>,
    worker: WorkerId,
    tracker: TaskTracker,
    shutdown: CancellationToken,
    /// Drops everything that runs, as the end of the process does.
    aborted: CancellationToken,
}

impl Inner {
    /// Runs a part of the engine until it ends or the engine is aborted.
    fn spawn(&self, part: impl Future<Output = ()> + Send + 'static) {
        let aborted = self.aborted.clone();
        self.tracker.spawn(async move {
            aborted.run_until_cancelled(part).await;
        });
    }
}

impl Inner {
    /// Forgets what is cached about an application. A cache that is away forgets by itself, in time.
    async fn forget_cached(&self, application: ApplicationId, service_name: &str) {
        let keys = [
            names::APPLICATIONS.to_owned(),
            names::application(application),
            names::service(service_name),
        ];
        if let Err(error) = self.cache.forget(&keys).await {
            tracing::warn!(error = %error, "something old may be shown for some minutes");
        }
    }
}

impl Engine {
    /// Starts to assemble an engine from its parts.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::new()
    }

    /// The store that it writes to.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.inner.store
    }

    /// The runtime that it deploys to.
    pub fn runtime(&self) -> &Arc<dyn ContainerRuntime> {
        &self.inner.runtime
    }

    /// The bus that tells of changes.
    pub fn bus(&self) -> &Arc<dyn EventBus> {
        &self.inner.bus
    }

    /// The cache.
    pub fn cache(&self) -> &Arc<dyn Cache> {
        &self.inner.cache
    }

    /// What limits how often callers may do something. The engine itself limits nobody with it: its fronts do.
    pub fn limiter(&self) -> &Arc<dyn RateLimiter> {
        &self.inner.limiter
    }

    /// Runs a part of a front end until it ends or the engine stops.
    pub(crate) fn spawn(&self, part: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.inner.shutdown.clone();
        self.inner.spawn(async move {
            shutdown.run_until_cancelled(part).await;
        });
    }

    /// Where the present comes from.
    pub(crate) fn clock(&self) -> &dyn Clock {
        self.inner.clock.as_ref()
    }

    /// The keys that seal and sign.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.inner.keyring
    }

    /// Directory of the logs and of the uploads.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.inner.data_dir
    }

    /// Masks the secrets of an application.
    pub(crate) fn redactor(&self, application: &Application) -> Result<Redactor> {
        let opened = sealing::Opened::of(&self.inner.keyring, application.id, &application.spec)?;
        Ok(opened.redactor)
    }

    /// Its name in leases and events.
    pub fn worker(&self) -> WorkerId {
        self.inner.worker
    }

    /// What waits and what runs, over all engines on the store.
    pub async fn queue_stats(&self) -> Result<QueueStats> {
        self.inner.store.queue_stats().await
    }

    /// Counts what this engine does.
    pub fn recorder(&self) -> &Recorder {
        &self.inner.recorder
    }

    /// What this engine has done, what waits, and how the store's connections are used, in Prometheus' text format.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub async fn metrics_text(&self) -> Result<String> {
        let store = &self.inner.store;
        let queue = store.queue_stats().await?;
        self.inner
            .recorder
            .text(&queue, store.connections().as_ref())
    }

    /// Looks at what applications use, as far as the container engine sees it.
    pub fn monitor(&self) -> Monitor {
        Monitor::new(Arc::clone(&self.inner.runtime))
    }

    /// What the container engine is and can do.
    pub async fn runtime_info(&self) -> Result<RuntimeInfo> {
        self.inner.runtime.info().await
    }

    /// Stops: takes no more work, hands back what runs so that another engine (or the next start) goes on, and
    /// returns when nothing runs any more.
    pub async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        self.inner.tracker.close();
        self.inner.tracker.wait().await;
    }

    /// Stops at once, as the end of the process does: nothing is handed back and nothing more is written, so that
    /// another engine goes on when the leases have ended. For tests of what survives a crash.
    pub fn abort(&self) {
        self.inner.aborted.cancel();
        self.inner.tracker.close();
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("worker", &self.inner.worker)
            .field("store", &self.inner.store)
            .field("runtime", &self.inner.runtime)
            .finish_non_exhaustive()
    }
}
