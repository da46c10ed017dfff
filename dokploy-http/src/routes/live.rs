//! What clients watch while it happens.

use axum::Json;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use dokploy_core::clock::Timestamp;
use dokploy_core::control::ServiceLogRequest;
use dokploy_core::deployer::LogLine;
use dokploy_core::id::{ApplicationId, DeploymentId};
use dokploy_core::runtime::ServiceLogLine;
use dokploy_core::{Error, Result};
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::live::{self, ServerSentEvents};
use crate::server::AppState;
use crate::server::extract::{Caller, Params, PathId, Visitor};
use crate::server::problem::{Problem, Refusal};
use crate::shape::ProgressShape;

/// Items of an answer that is no stream.
const ITEMS_MAX: usize = 1_000;

/// Lines of a service, when nobody says how many.
const TAIL: u32 = 100;

/// A part of what has happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PartShape<T> {
    /// The oldest first.
    items: Vec<T>,
    /// Pass it on as `after` for what follows, when there is more.
    next_after: Option<u64>,
}

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Only what has a greater number. The header `Last-Event-ID` comes first.
    after: Option<u64>,
}

/// Which lines of a log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogQuery {
    /// Only lines with a greater number. The header `Last-Event-ID` comes first.
    after: Option<u64>,
    /// Whether to go on with what is written from now on; a stream of events does so unless told otherwise.
    follow: Option<bool>,
}

/// Which lines of a service.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ServiceLogsQuery {
    /// Only the last so many lines of each task, up to 1,000; 100 unless told.
    #[param(minimum = 1, maximum = 1000)]
    tail: Option<u32>,
    /// Only lines since then. The header `Last-Event-ID` comes first.
    since: Option<Timestamp>,
    /// Whether to go on with what is written from now on; a stream of events does so unless told otherwise.
    follow: Option<bool>,
}

/// Opens a socket for everything that can be watched.
///
/// A client says `{"type":"subscribe","topics":[…],"after":n}` or `{"type":"unsubscribe","topics":[…]}`. Topics are
/// `deployment:<id>`, `application:<id>`, `project:<id>`, `logs:deployment:<id>` and `logs:application:<id>`. The
/// server says `{"event","topic","seq","data"}`: `subscribed`, `deployment.status`, `log`, `end` when nothing more will
/// come, `closed` when the right has ended, `lagged` with the number to go on after when the client was too slow, and
/// `error`. A page sends its token as `Sec-WebSocket-Protocol: bearer, <token>`; the cookie is taken from pages of this
/// server only.
#[utoipa::path(
    get, path = "/api/ws", tag = "live",
    responses((status = 101, description = "the socket is open"))
)]
pub(crate) async fn socket(
    State(state): State<AppState>,
    Visitor(actor): Visitor,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade
        .map_err(|_| Problem::refusal(Refusal::Malformed, "the request opens no WebSocket"))?;
    Ok(live::upgrade(state, &headers, actor, upgrade).await?)
}

/// Events of a deployment.
///
/// With `Accept: text/event-stream` those to come as well, until the terminal one; a client that comes back with
/// `Last-Event-ID` misses none, and gets 204 when there are no more.
#[utoipa::path(
    get, path = "/api/deployments/{id}/events", tag = "live",
    params(("id" = DeploymentId, Path, description = "the deployment"), EventQuery),
    responses((status = 200, description = "its events", body = PartShape<ProgressShape>))
)]
pub(crate) async fn deployment_events(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DeploymentId>,
    Params(query): Params<EventQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = after(&headers, query.after)?;
    let control = state.control();
    if !live::wanted(&headers) {
        let events = control.progress(&actor, id, after, false).await?;
        let events = events.map_ok(ProgressShape::from).boxed();
        return part(events, |event| event.seq).await;
    }
    let reserved = ServerSentEvents::reserve(&state, &actor)?;
    let deployment = control.deployment(&actor, id).await?;
    if deployment.state.status.is_terminal() && deployment.state.seq <= after {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    Ok(reserved.answer(control.progress(&actor, id, after, true).await?))
}

/// Lines of the log of a deployment.
#[utoipa::path(
    get, path = "/api/deployments/{id}/logs", tag = "live",
    params(("id" = DeploymentId, Path, description = "the deployment"), LogQuery),
    responses((status = 200, description = "its lines; as server-sent events where asked for", body = PartShape<LogLine>))
)]
pub(crate) async fn deployment_logs(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DeploymentId>,
    Params(query): Params<LogQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = after(&headers, query.after)?;
    let streams = live::wanted(&headers) || query.follow == Some(true);
    let follow = streams && query.follow != Some(false);
    let control = state.control();
    if !streams {
        let lines = control.deployment_logs(&actor, id, after, false).await?;
        return part(lines, |line| line.seq).await;
    }
    let reserved = ServerSentEvents::reserve(&state, &actor)?;
    let lines = control.deployment_logs(&actor, id, after, follow).await?;
    Ok(reserved.answer(lines))
}

/// Lines of what runs of an application.
#[utoipa::path(
    get, path = "/api/applications/{id}/logs", tag = "live",
    params(("id" = ApplicationId, Path, description = "the application"), ServiceLogsQuery),
    responses((status = 200, description = "its lines; as server-sent events where asked for", body = PartShape<ServiceLogLine>))
)]
pub(crate) async fn service_logs(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    Params(query): Params<ServiceLogsQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tail = query.tail.unwrap_or(TAIL);
    if !(1..=1_000).contains(&tail) {
        return Err(Error::invalid_field("tail", "a number from 1 to 1000 is expected").into());
    }
    let resumed = live::last_event_id(&headers).map(str::parse).transpose()?;
    let streams = live::wanted(&headers) || query.follow == Some(true);
    let request = ServiceLogRequest {
        tail: Some(tail),
        since: resumed.or(query.since),
        follow: streams && query.follow != Some(false),
        task: None,
    };
    if !streams {
        let lines = state.control().service_logs(&actor, id, request).await?;
        let items = lines.try_collect::<Vec<_>>().await?;
        return Ok(Json(PartShape {
            items,
            next_after: None,
        })
        .into_response());
    }
    let reserved = ServerSentEvents::reserve(&state, &actor)?;
    let lines = state.control().service_logs(&actor, id, request).await?;
    Ok(reserved.answer(lines))
}

/// Where to go on.
fn after(headers: &HeaderMap, query: Option<u64>) -> Result<u64> {
    match live::last_event_id(headers) {
        Some(id) => id
            .parse()
            .map_err(|_| Error::invalid_field("Last-Event-ID", "is no number of an event")),
        None => Ok(query.unwrap_or_default()),
    }
}

/// The first items, and where to go on when there are more.
async fn part<T: Serialize>(
    items: BoxStream<'static, Result<T>>,
    seq: impl Fn(&T) -> u64,
) -> Result<Response, Problem> {
    let mut items: Vec<T> = items.take(ITEMS_MAX + 1).try_collect().await?;
    let has_more = items.len() > ITEMS_MAX;
    items.truncate(ITEMS_MAX);
    let next_after = items.last().filter(|_| has_more).map(seq);
    Ok(Json(PartShape { items, next_after }).into_response())
}
