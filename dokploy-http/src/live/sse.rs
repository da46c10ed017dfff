//! Streams of server-sent events, for one subject each.

use std::convert::Infallible;
use std::future::ready;

use axum::http::{HeaderMap, HeaderName, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use dokploy_core::access::Actor;
use dokploy_core::{Error, ErrorKind, Result};
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::message::{Item, failure};
use super::seats::Seat;
use crate::server::AppState;

/// Whether a client asks for a stream of events.
pub(crate) fn wanted(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT);
    accepted
        .iter()
        .filter_map(|line| line.to_str().ok())
        .any(|line| line.contains("text/event-stream"))
}

/// Where a client was when its connection broke.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(HeaderName::from_static("last-event-id"))
        .and_then(|value| value.to_str().ok())
}

/// A stream of server-sent events that may be opened.
#[derive(Debug)]
pub(crate) struct ServerSentEvents {
    state: AppState,
    seat: Seat,
}

impl ServerSentEvents {
    /// Takes one of the user's seats.
    ///
    /// # Errors
    ///
    /// `rate_limited` when he has too many streams.
    pub(crate) fn reserve(state: &AppState, actor: &Actor) -> Result<Self> {
        let user = actor
            .user_id()
            .ok_or_else(|| Error::new(ErrorKind::Unauthenticated, "nobody is signed in"))?;
        Ok(Self {
            state: state.clone(),
            seat: state.seats().take(user)?,
        })
    }

    /// Answers with each item and, when there are no more, with `end`; with `closed` when the right to them has ended.
    pub(crate) fn answer<T: Into<Item> + Send + 'static>(
        self,
        items: BoxStream<'static, Result<T>>,
    ) -> Response {
        let Self { state, seat } = self;
        let closing = state.closing().clone().cancelled_owned();
        let events = items
            .map(Some)
            .chain(stream::once(ready(None)))
            .scan(false, |ended, item| ready(event(item, ended)))
            .take_until(closing)
            .map(move |event| {
                // Kept for as long as the stream is.
                let _ = &seat;
                Ok::<_, Infallible>(event)
            });
        Sse::new(events)
            .keep_alive(KeepAlive::default())
            .into_response()
    }
}

/// The event for an item, or for there being no more. Nothing follows an error.
fn event<T: Into<Item>>(item: Option<Result<T>>, ended: &mut bool) -> Option<Event> {
    if *ended {
        return None;
    }
    let event = Event::default();
    Some(match item.transpose() {
        Ok(Some(item)) => {
            let item: Item = item.into();
            let event = event.event(item.event).data(item.data.to_string());
            match (item.seq, item.at) {
                (Some(seq), _) => event.id(seq.to_string()),
                (None, Some(at)) => event.id(at.to_string()),
                (None, None) => event,
            }
        }
        Ok(None) => event.event("end").data("{}"),
        Err(error) => {
            *ended = true;
            event.event("closed").data(failure(&error).to_string())
        }
    })
}
