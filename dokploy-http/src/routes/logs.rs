//! What deployments and running services write, and following it.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::Event;
use axum::response::{IntoResponse as _, Response};
use dokploy_core::clock::Timestamp;
use dokploy_core::control::ServiceLogRequest;
use dokploy_core::deployer::LogLine;
use dokploy_core::id::{ApplicationId, DeploymentId};
use dokploy_core::runtime::ServiceLogLine;
use dokploy_core::{Error, ErrorKind, Result as CoreResult};
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::AppState;
use crate::server::extract::{Caller, Params, PathId};
use crate::server::problem::Problem;
use crate::server::sse::{self, StreamEvent};
use crate::shape::ListShape;

/// Most lines of one answer.
const LINES_MAX: u32 = 5_000;
/// Lines of the log of a deployment, unless told.
const LINES_DEFAULT: u32 = 1_000;
/// Lines of a service, unless told.
const TAIL_DEFAULT: u32 = 100;

/// Which lines of the log of a deployment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeploymentLogQuery {
    /// Those after this number.
    #[serde(default)]
    after: u64,
    /// Most lines, 1 to 5000; 1000 unless told. Not for a stream.
    #[param(minimum = 1, maximum = 5000)]
    limit: Option<u32>,
    /// Whether to go on until the deployment has ended, as a stream of events.
    #[serde(default)]
    follow: bool,
}

/// Which lines of a service.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ServiceLogQuery {
    /// Only the last so many lines of each task, 1 to 5000; 100 unless told.
    #[param(minimum = 1, maximum = 5000)]
    tail: Option<u32>,
    /// Only lines since then.
    since: Option<Timestamp>,
    /// Only one task.
    task: Option<String>,
    /// Whether to go on with what is written from now on, as a stream of events.
    #[serde(default)]
    follow: bool,
}

/// Shows the log of a deployment. With `follow`, or for a client that accepts `text/event-stream`, each line is an
/// event `log`; a stream that was cut is taken up again with `Last-Event-ID`.
#[utoipa::path(
    get, path = "/api/deployments/{id}/logs", tag = "deployments",
    params(("id" = DeploymentId, Path, description = "the deployment"), DeploymentLogQuery),
    responses((status = 200, description = "lines, oldest first", content(
        (ListShape<LogLine> = "application/json"), (StreamEvent = "text/event-stream"))))
)]
pub(crate) async fn deployment_logs(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DeploymentId>,
    Params(query): Params<DeploymentLogQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let follow = query.follow || sse::is_wanted(&headers);
    let after = sse::last_seen(&headers).unwrap_or(query.after);
    let limit = bounded("limit", query.limit, LINES_DEFAULT)?;
    let lines = state
        .control()
        .deployment_logs(&actor, id, after, follow)
        .await?;
    if follow {
        let event = |line: &LogLine| named("log", line).id(line.seq.to_string());
        return Ok(sse::respond(&state, &actor, lines, event)?);
    }
    // One more than asked for says whether there are more.
    let mut items: Vec<LogLine> = lines.take(limit as usize + 1).try_collect().await?;
    let is_last = items.len() <= limit as usize;
    items.truncate(limit as usize);
    let next = items.last().map(|line| line.seq.to_string());
    Ok(Json(ListShape {
        items,
        next_cursor: next.filter(|_| !is_last),
    })
    .into_response())
}

/// Shows what an application writes. With `follow`, or for a client that accepts `text/event-stream`, each line is an
/// event `log`.
#[utoipa::path(
    get, path = "/api/applications/{id}/logs", tag = "applications",
    params(("id" = ApplicationId, Path, description = "the application"), ServiceLogQuery),
    responses((status = 200, description = "lines, oldest first", content(
        (ListShape<ServiceLogLine> = "application/json"), (StreamEvent = "text/event-stream"))))
)]
pub(crate) async fn application_logs(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    Params(query): Params<ServiceLogQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let follow = query.follow || sse::is_wanted(&headers);
    let request = ServiceLogRequest {
        tail: Some(bounded("tail", query.tail, TAIL_DEFAULT)?),
        since: query.since,
        follow,
        task: query.task,
    };
    let lines = state.control().service_logs(&actor, id, request).await?;
    if follow {
        let event = |line: &ServiceLogLine| named("log", line);
        return Ok(sse::respond(&state, &actor, lines, event)?);
    }
    let lines: CoreResult<Vec<_>> = lines.take(LINES_MAX as usize).try_collect().await;
    let lines = match lines {
        // Before the first deployment there is no service that could have written anything.
        Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
        lines => lines?,
    };
    Ok(Json(ListShape::complete(lines)).into_response())
}

fn bounded(field: &str, asked: Option<u32>, preset: u32) -> CoreResult<u32> {
    let count = asked.unwrap_or(preset);
    if (1..=LINES_MAX).contains(&count) {
        return Ok(count);
    }
    Err(Error::invalid_field(
        field,
        format!("a number from 1 to {LINES_MAX} is expected"),
    ))
}

fn named(name: &str, line: &impl serde::Serialize) -> Event {
    let event = Event::default().event(name);
    event.json_data(line).unwrap_or_default()
}
