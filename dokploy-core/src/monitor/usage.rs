//! What applications and projects use.

use serde::{Deserialize, Serialize};

use crate::id::{ApplicationId, ProjectId};
use crate::model::Application;
use crate::runtime::{ServiceStats, TaskStats};

/// What an application uses now. Absent is what nobody knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ApplicationMetrics {
    /// Which application.
    pub application_id: ApplicationId,
    /// Name of its service.
    pub service_name: String,
    /// Cores in use: 1.0 is one core.
    pub cpu: Option<f64>,
    /// Bytes in use.
    pub memory: Option<f64>,
    /// Bytes received in a second.
    pub network_rx: Option<f64>,
    /// Bytes sent in a second.
    pub network_tx: Option<f64>,
    /// Requests in a second. Only Prometheus knows.
    pub requests: Option<f64>,
    /// Requests in a second that ended with a status of 500 or more. Only Prometheus knows.
    pub errors: Option<f64>,
    /// Each task that runs on the engine that was asked.
    pub tasks: Vec<TaskStats>,
    /// What could not be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// The values that Prometheus has.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Values {
    pub(super) cpu: Option<f64>,
    pub(super) memory: Option<f64>,
    pub(super) network_rx: Option<f64>,
    pub(super) network_tx: Option<f64>,
    pub(super) requests: Option<f64>,
    pub(super) errors: Option<f64>,
}

impl ApplicationMetrics {
    /// An application of which nothing is known yet.
    pub(super) fn of(application: &Application) -> Self {
        Self {
            application_id: application.id,
            service_name: application.service_name.clone(),
            cpu: None,
            memory: None,
            network_rx: None,
            network_tx: None,
            requests: None,
            errors: None,
            tasks: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Takes what the container engine sees.
    #[expect(clippy::cast_precision_loss, reason = "a graph needs no 53 bits")]
    pub(super) fn see(&mut self, stats: ServiceStats) {
        self.cpu = Some(stats.cpu);
        self.memory = Some(stats.memory as f64);
        self.network_rx = Some(stats.receive_rate);
        self.network_tx = Some(stats.send_rate);
        self.tasks = stats.tasks;
    }

    /// Takes what Prometheus knows.
    pub(super) fn know(&mut self, values: &Values) {
        self.cpu = values.cpu.or(self.cpu);
        self.memory = values.memory.or(self.memory);
        self.network_rx = values.network_rx.or(self.network_rx);
        self.network_tx = values.network_tx.or(self.network_tx);
        self.requests = values.requests.or(self.requests);
        self.errors = values.errors.or(self.errors);
    }
}

/// What the applications of a project use together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ProjectMetrics {
    /// Which project.
    pub project_id: ProjectId,
    /// Cores.
    pub total_cpu: f64,
    /// Bytes.
    pub total_memory: f64,
    /// Bytes received and sent in a second.
    pub total_network: f64,
    /// Requests in a second.
    pub total_requests: f64,
    /// Requests in a second that ended with a status of 500 or more.
    pub total_errors: f64,
    /// Each application.
    pub applications: Vec<ApplicationMetrics>,
}

impl ProjectMetrics {
    /// The sums. What is not known counts as nothing.
    pub(super) fn of(project_id: ProjectId, applications: Vec<ApplicationMetrics>) -> Self {
        let total = |value: fn(&ApplicationMetrics) -> Option<f64>| {
            applications.iter().filter_map(value).sum::<f64>()
        };
        Self {
            project_id,
            total_cpu: total(|it| it.cpu),
            total_memory: total(|it| it.memory),
            total_network: total(|it| it.network_rx) + total(|it| it.network_tx),
            total_requests: total(|it| it.requests),
            total_errors: total(|it| it.errors),
            applications,
        }
    }
}
