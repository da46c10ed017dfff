//! Server-sent events: what happens from now on, until it ends, the right to it ends, or the server does.

use std::convert::Infallible;
use std::future::ready;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use dokploy_core::access::Actor;
use dokploy_core::{Error, ErrorKind, Result};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use utoipa::ToSchema;

use super::problem::Problem;
use super::state::AppState;

/// How often a stream in which nothing happens says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One event of a stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described")]
pub(crate) struct StreamEvent {
    /// What it is about: `end` is the last one when there are no more, `error` when something was wrong.
    event: String,
    /// The item, as JSON; a problem for `error`.
    data: String,
    /// What `Last-Event-ID` takes to go on after this one, where a stream can be taken up again.
    id: Option<String>,
}

/// Whether a client wants events, rather than what there is by now.
pub(crate) fn is_wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all("accept").iter();
    accepted
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/event-stream"))
}

/// The last event that a client has seen, when it comes back.
pub(crate) fn last_seen(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

/// Sends items as they come. The last event is `end` when there are no more, and otherwise an error in the form of a
/// problem.
///
/// # Errors
///
/// `rate_limited` when the actor has too many streams open.
pub(crate) fn respond<T: Send + 'static>(
    state: &AppState,
    actor: &Actor,
    items: BoxStream<'static, Result<T>>,
    event: impl Fn(&T) -> Event + Send + 'static,
) -> Result<Response> {
    let user = actor
        .user_id()
        .ok_or_else(|| Error::new(ErrorKind::Unauthenticated, "nobody is signed in"))?;
    let seat = state.seats().take(user)?;
    let request_id = actor.request_id.clone().unwrap_or_default();
    let mut has_ended = false;
    let events = items.map(Some).chain(stream::once(ready(None)));
    let events = events.scan((), move |(), item| {
        // The seat is kept for as long as the stream is.
        let _ = &seat;
        let next = Event::default();
        if has_ended {
            return ready(None);
        }
        let event = match item {
            Some(Ok(item)) => event(&item),
            Some(Err(error)) => {
                has_ended = true;
                next.event("error")
                    .data(Problem::from(error).text(&request_id))
            }
            None => next.event("end").data("{}"),
        };
        ready(Some(Ok::<_, Infallible>(event)))
    });
    let closing = state.closing().clone().cancelled_owned();
    Ok(Sse::new(events.take_until(closing))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response())
}
