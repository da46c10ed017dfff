//! How the installation is.

use axum::Json;
use axum::extract::State;
use dokploy_core::clock::seconds;
use dokploy_core::runtime::RuntimeInfo;
use dokploy_core::store::QueueStats;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

use crate::server::AppState;
use crate::server::extract::Caller;
use crate::server::problem::Problem;

/// How the installation is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SystemStatus {
    /// Version of the server.
    version: &'static str,
    /// What waits and what runs, over all servers.
    queue: QueueStatus,
    /// The container engine; absent while it does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<RuntimeInfo>,
}

/// What waits and what runs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct QueueStatus {
    /// Deployments that wait.
    waiting: u64,
    /// Deployments that a worker has.
    active: u64,
    /// How many seconds the oldest of the waiting ones has waited.
    #[serde(with = "seconds")]
    #[schema(value_type = f64)]
    oldest_wait: Duration,
}

impl QueueStatus {
    pub(crate) const fn of(queue: QueueStats) -> Self {
        Self {
            waiting: queue.waiting,
            active: queue.active,
            oldest_wait: queue.oldest_wait,
        }
    }
}

/// Says how the installation is: the queue, the container engine and its disk.
#[utoipa::path(
    get, path = "/api/status", tag = "health",
    responses((status = 200, description = "how it is", body = SystemStatus))
)]
pub(crate) async fn status(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<SystemStatus>, Problem> {
    let found = state.control().system(&actor).await?;
    Ok(Json(SystemStatus {
        version: env!("CARGO_PKG_VERSION"),
        queue: QueueStatus::of(found.queue),
        engine: found.runtime,
    }))
}
