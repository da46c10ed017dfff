//! Whether the process lives, and whether it can serve.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use dokploy_core::Result;
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::AppState;

/// How long a part may take to answer before it counts as away.
const PATIENCE: Duration = Duration::from_secs(2);

/// A process that answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `alive`.
    pub(crate) status: &'static str,
    /// Version of the server.
    pub(crate) version: &'static str,
}

/// Whether this server can serve.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready` when everything is there, `degraded` when it serves without the container engine or the cache, `unready`
    /// when it cannot serve.
    pub(crate) status: ReadinessStatus,
    /// The database, and whether its form is the one that this version needs.
    pub(crate) store: Part,
    /// The container engine. Without it deployments wait, and everything else goes on.
    pub(crate) engine: Part,
    /// The cache. Without it everything is slower.
    pub(crate) redis: Part,
}

/// Whether a server can serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ReadinessStatus {
    /// Everything is there.
    Ready,
    /// It serves, with something missing.
    Degraded,
    /// It cannot serve.
    Unready,
}

/// Whether a part answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Part {
    /// It answers.
    Up,
    /// It does not.
    Down,
}

/// Whether the process lives. It asks nothing of anything else.
#[utoipa::path(
    get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "it lives", body = Alive))
)]
pub(crate) async fn alive() -> Json<Alive> {
    Json(Alive {
        status: "alive",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Whether requests can be served. 503 only without the database: a server that can answer for its deployments is of
/// use also while the container engine or the cache is away.
#[utoipa::path(
    get, path = "/readyz", tag = "health", security(()),
    responses(
        (status = 200, description = "it serves", body = Readiness),
        (status = 503, description = "it cannot serve", body = Readiness),
    )
)]
pub(crate) async fn ready(State(state): State<AppState>) -> Response {
    let engine = state.engine();
    let (store, runtime, redis) = futures::join!(
        part(engine.store().ping()),
        part(engine.runtime_info()),
        part(engine.cache().ping()),
    );
    let status = match (store, runtime, redis) {
        (Part::Down, ..) => ReadinessStatus::Unready,
        (Part::Up, Part::Up, Part::Up) => ReadinessStatus::Ready,
        _ => ReadinessStatus::Degraded,
    };
    let code = match status {
        ReadinessStatus::Unready => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    let readiness = Readiness {
        status,
        store,
        engine: runtime,
        redis,
    };
    (code, Json(readiness)).into_response()
}

/// What exactly is wrong is for the log: anybody may ask.
async fn part<T>(answer: impl Future<Output = Result<T>>) -> Part {
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(_)) => Part::Up,
        Ok(Err(error)) => {
            tracing::warn!(error = ?error, "a part of the server does not answer");
            Part::Down
        }
        Err(_) => Part::Down,
    }
}
