//! Monitoring: what the applications use, from the container engine and from Prometheus, and what the deployer itself
//! does, in Prometheus' text format.

#[cfg(feature = "prometheus")]
mod prometheus;
mod recorder;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream;

#[cfg(feature = "prometheus")]
pub use self::prometheus::Prometheus;
pub use self::recorder::Recorder;
pub(crate) use self::recorder::Renewal;
pub use self::usage::{ApplicationMetrics, ProjectMetrics};
use crate::error::{ErrorKind, Result};
use crate::id::ProjectId;
use crate::model::Application;
use crate::runtime::ContainerRuntime;

/// Applications that are looked at side by side.
const SIDE_BY_SIDE: usize = 8;
/// How long one look may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Looks at what applications use. Cloning it is cheap.
#[derive(Clone, Debug)]
pub struct Monitor {
    runtime: Arc<dyn ContainerRuntime>,
    #[cfg(feature = "prometheus")]
    prometheus: Option<Prometheus>,
}

impl Monitor {
    /// Looks at the containers that this engine sees.
    pub fn new(runtime: Arc<dyn ContainerRuntime>) -> Self {
        Self {
            runtime,
            #[cfg(feature = "prometheus")]
            prometheus: None,
        }
    }

    /// Asks a Prometheus, too. What it knows goes before what the engine sees, because it covers every node.
    #[cfg(feature = "prometheus")]
    #[must_use]
    pub fn with_prometheus(self, prometheus: Prometheus) -> Self {
        Self {
            prometheus: Some(prometheus),
            ..self
        }
    }

    /// What an application uses now. What nobody knows is absent, and what cannot be asked is said in `warnings`: a
    /// graph with a gap is better than none.
    pub async fn application(&self, application: &Application) -> ApplicationMetrics {
        let name = &application.service_name;
        let (seen, known) = tokio::join!(self.seen(name), self.known(name));
        let mut metrics = ApplicationMetrics::of(application);
        match seen {
            Ok(stats) => metrics.see(stats),
            // It was never deployed, or was removed.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => metrics.warnings.push(error.message().to_owned()),
        }
        match known {
            Ok(values) => metrics.know(&values),
            Err(error) => metrics.warnings.push(error.message().to_owned()),
        }
        metrics
    }

    /// What the applications of a project use together.
    pub async fn project(
        &self,
        project: ProjectId,
        applications: Vec<Application>,
    ) -> ProjectMetrics {
        let each = stream::iter(applications)
            .map(|application| {
                let monitor = self.clone();
                async move { monitor.application(&application).await }
            })
            .buffered(SIDE_BY_SIDE)
            .collect()
            .await;
        ProjectMetrics::of(project, each)
    }

    async fn seen(&self, service: &str) -> Result<crate::runtime::ServiceStats> {
        let looked = tokio::time::timeout(PATIENCE, self.runtime.service_stats(service));
        looked.await.unwrap_or_else(|_| {
            Err(crate::Error::new(
                ErrorKind::TimedOut,
                "the container engine takes too long to say what is used",
            ))
        })
    }

    #[cfg(feature = "prometheus")]
    async fn known(&self, service: &str) -> Result<usage::Values> {
        match &self.prometheus {
            Some(prometheus) => prometheus.service(service).await,
            None => Ok(usage::Values::default()),
        }
    }

    #[cfg(not(feature = "prometheus"))]
    #[expect(clippy::unused_async, reason = "with Prometheus it waits for it")]
    async fn known(&self, _: &str) -> Result<usage::Values> {
        Ok(usage::Values::default())
    }
}
