//! Server-sent events: what happens from now on, until it ends, the right to it ends, or the server does.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::response::sse::{Event, KeepAlive, Sse};
use dokploy_core::Result;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::problem::Problem;
use super::state::AppState;

/// How often a stream in which nothing happens says that it is still there.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

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

/// Sends items as they come. An error is the last event, in the form of a problem.
pub(crate) fn respond<T: Send + 'static>(
    state: &AppState,
    request_id: String,
    items: BoxStream<'static, Result<T>>,
    event: impl Fn(&T) -> Event + Send + 'static,
) -> Response {
    let events = items.map(move |item| {
        let event = match item {
            Ok(item) => event(&item),
            Err(error) => Event::default()
                .event("error")
                .data(Problem::from(error).text(&request_id)),
        };
        Ok::<_, Infallible>(event)
    });
    let closing = state.closing().clone().cancelled_owned();
    Sse::new(events.take_until(closing))
        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
        .into_response()
}
