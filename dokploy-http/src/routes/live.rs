//! What clients watch while it happens.

use axum::Json;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::Event;
use axum::response::{IntoResponse as _, Response};
use dokploy_core::control::Progress;
use dokploy_core::id::DeploymentId;
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::live;
use crate::server::AppState;
use crate::server::extract::{Caller, Params, PathId, Visitor};
use crate::server::problem::{Problem, Refusal};
use crate::server::sse::{self, StreamEvent};
use crate::shape::{ListShape, ProgressShape};

/// Most events of an answer that is no stream.
const EVENTS_MAX: usize = 1_000;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventQuery {
    /// Those after this number.
    #[serde(default)]
    after: u64,
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

/// Shows the events of a deployment, and where it stood after each.
///
/// For a client that accepts `text/event-stream` those to come as well, until the terminal one. A stream that was cut
/// is taken up again with `Last-Event-ID` and misses none; when there are no more the answer is 204.
#[utoipa::path(
    get, path = "/api/deployments/{id}/events", tag = "deployments",
    params(("id" = DeploymentId, Path, description = "the deployment"), EventQuery),
    responses(
        (status = 200, description = "events, oldest first", content(
            (ListShape<ProgressShape> = "application/json"), (StreamEvent = "text/event-stream"))),
        (status = 204, description = "there are no more")
    )
)]
pub(crate) async fn deployment_events(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DeploymentId>,
    Params(query): Params<EventQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let after = sse::last_seen(&headers).unwrap_or(query.after);
    let control = state.control();
    if sse::is_wanted(&headers) {
        let deployment = control.deployment(&actor, id).await?.state;
        if deployment.status.is_terminal() && deployment.seq <= after {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let events = control.progress(&actor, id, after, true).await?;
        return Ok(sse::respond(&state, &actor, events, event)?);
    }
    let events = control.progress(&actor, id, after, false).await?;
    // One more than fits says whether there are more.
    let events = events.map_ok(ProgressShape::from).take(EVENTS_MAX + 1);
    let mut items: Vec<_> = events.try_collect().await?;
    let is_last = items.len() <= EVENTS_MAX;
    items.truncate(EVENTS_MAX);
    let next = items.last().map(|event| event.seq.to_string());
    Ok(Json(ListShape {
        items,
        next_cursor: next.filter(|_| !is_last),
    })
    .into_response())
}

fn event(progress: &Progress) -> Event {
    let event = Event::default()
        .event("deployment.status")
        .id(progress.state.seq.to_string());
    event
        .json_data(ProgressShape::from(progress.clone()))
        .unwrap_or_default()
}
