//! What applications use, and what the deployer itself does.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use dokploy_core::id::{ApplicationId, ProjectId};
use dokploy_core::monitor::{ApplicationMetrics, ProjectMetrics};
use dokploy_core::{Actor, Error, ErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::status::QueueStatus;
use crate::server::AppState;
use crate::server::extract::{Caller, Params, PathId, Visitor};
use crate::server::problem::Problem;

/// The text format that Prometheus reads.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// What a proxy says about whom it asks for.
const FORWARDED: [&str; 2] = ["x-forwarded-for", "forwarded"];

/// Of what.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MetricsQuery {
    /// Also what the applications of this project use.
    project_id: Option<ProjectId>,
}

/// What the caller may see of everything.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MetricsSummary {
    /// Number of projects.
    projects: u64,
    /// Number of applications.
    applications: u64,
    /// What waits and what runs in the whole installation; for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    queue: Option<QueueStatus>,
    /// What the project that was asked for uses.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<ProjectMetrics>,
}

/// Shows what an application uses now: cores, bytes, bytes a second, requests a second.
#[utoipa::path(
    get, path = "/api/applications/{id}/metrics", tag = "metrics",
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "what it uses", body = ApplicationMetrics))
)]
pub(crate) async fn application_metrics(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
) -> Result<Json<ApplicationMetrics>, Problem> {
    Ok(Json(state.control().application_metrics(&actor, id).await?))
}

/// Counts what the caller sees, and shows what a project uses.
#[utoipa::path(
    get, path = "/api/metrics", tag = "metrics", params(MetricsQuery),
    responses((status = 200, description = "a summary", body = MetricsSummary))
)]
pub(crate) async fn summary(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<MetricsQuery>,
) -> Result<Json<MetricsSummary>, Problem> {
    let control = state.control();
    let summary = control.summary(&actor).await?;
    let usage = match query.project_id {
        Some(project) => Some(control.project_metrics(&actor, project).await?),
        None => None,
    };
    Ok(Json(MetricsSummary {
        projects: summary.projects,
        applications: summary.applications,
        queue: summary.queue.map(QueueStatus::of),
        usage,
    }))
}

/// Shows what the deployer itself does, in Prometheus' text format: to administrators, to their tokens, and to whoever
/// asks from this machine itself and not through a proxy.
#[utoipa::path(
    get, path = "/api/metrics/prometheus", tag = "metrics",
    responses((status = 200, description = "metrics", body = String, content_type = "text/plain"))
)]
pub(crate) async fn text(
    State(state): State<AppState>,
    Visitor(visitor): Visitor,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let actor = if visitor.user().is_none() && is_local(&visitor, &headers) {
        Actor::system("prometheus")
    } else {
        visitor
    };
    if actor.user().is_none() && !actor.is_system() {
        return Err(
            Error::new(ErrorKind::Unauthenticated, "nobody is signed in")
                .with_hint("send the token of an administrator as Authorization: Bearer …")
                .into(),
        );
    }
    let text = state.control().metrics_text(&actor).await?;
    Ok(([(header::CONTENT_TYPE, TEXT_FORMAT)], text).into_response())
}

/// Whether a request comes from this machine. One that a proxy on this machine passes on does not.
fn is_local(visitor: &Actor, headers: &HeaderMap) -> bool {
    let passed_on = FORWARDED.iter().any(|name| headers.contains_key(*name));
    let address = visitor.address.as_deref().unwrap_or_default();
    let is_loopback = address
        .parse()
        .is_ok_and(|address: IpAddr| address.is_loopback());
    is_loopback && !passed_on && !headers.contains_key(header::AUTHORIZATION)
}
