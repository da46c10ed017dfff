//! What every handler has at hand.

use std::fmt;
use std::sync::Arc;

use dokploy_core::control::ControlPlane;
use dokploy_core::{Engine, Error, ErrorKind, Result};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::ServerConfig;
use crate::live::Seats;

/// What every handler has at hand. Cloning it is cheap and gives the same server.
#[derive(Clone)]
pub struct AppState {
    inner: Arc<Inner>,
}

struct Inner {
    control: ControlPlane,
    engine: Engine,
    config: ServerConfig,
    closing: CancellationToken,
    tasks: TaskTracker,
    seats: Seats,
}

impl AppState {
    /// A server of these parts. `closing` ends its streams.
    pub fn new(
        engine: Engine,
        control: ControlPlane,
        config: ServerConfig,
        closing: CancellationToken,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                control,
                engine,
                config,
                closing,
                tasks: TaskTracker::new(),
                seats: Seats::default(),
            }),
        }
    }

    /// Whom every handler asks, on behalf of an actor.
    pub fn control(&self) -> &ControlPlane {
        &self.inner.control
    }

    /// The engine, for what concerns nobody in particular: health.
    pub(crate) fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The settings.
    pub fn config(&self) -> &ServerConfig {
        &self.inner.config
    }

    /// Is cancelled when the server ends: open streams end then.
    pub fn closing(&self) -> &CancellationToken {
        &self.inner.closing
    }

    /// What each user has open.
    pub(crate) fn seats(&self) -> &Seats {
        &self.inner.seats
    }

    /// Carries something out to its end, also when the client has gone or the time of its request has passed.
    ///
    /// # Errors
    ///
    /// What the work answers, and `unexpected` when it panics.
    pub(crate) async fn carry_out<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        self.inner.tasks.spawn(work).await.map_err(|error| {
            Error::new(ErrorKind::Unexpected, "the work of a request broke off").with_source(error)
        })?
    }

    /// Waits for what is being carried out.
    pub(crate) async fn carried_out(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Whether clients reach it over TLS.
    pub(crate) fn over_tls(&self) -> bool {
        let public = self.config().public_url.as_ref();
        public.is_some_and(|url| url.scheme() == "https")
    }
}

impl fmt::Debug for AppState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppState")
            .field("engine", &self.inner.engine)
            .field("config", &self.inner.config)
            .finish_non_exhaustive()
    }
}
