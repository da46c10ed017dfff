//! From a request to a socket: who asks, from which page, and whether he may have one more.

use axum::extract::ws::WebSocketUpgrade;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use dokploy_core::access::Actor;
use dokploy_core::{Error, ErrorKind, Result};
use url::Url;

use super::socket;
use crate::server::AppState;

/// The protocol with which a page presents a token: a browser lets it set no header.
const PROTOCOL: &str = "bearer";

/// Most bytes of what a client says at once.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// A socket that is idle keeps no more than this for what may come.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Makes a socket of a request. `presented` is who the headers or the cookie say it is.
///
/// # Errors
///
/// `unauthenticated` for nobody, `permission_denied` for a cookie that a page of somebody else makes the browser send,
/// `rate_limited` for too many sockets.
pub(crate) async fn upgrade(
    state: AppState,
    headers: &HeaderMap,
    presented: Actor,
    upgrade: WebSocketUpgrade,
) -> Result<Response> {
    let actor = actor(&state, headers, presented).await?;
    let user = actor.user_id().ok_or_else(nobody)?;
    let seat = state.seats().take(user)?;
    let upgrade = upgrade
        .protocols([PROTOCOL])
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .read_buffer_size(READ_BUFFER_BYTES)
        // Each message leaves at once.
        .write_buffer_size(0);
    Ok(upgrade.on_upgrade(move |socket| async move {
        socket::serve(socket, state, actor).await;
        drop(seat);
    }))
}

async fn actor(state: &AppState, headers: &HeaderMap, presented: Actor) -> Result<Actor> {
    if let Some(token) = offered_token(headers) {
        let found = state.control().authenticate(token).await?;
        // Where the request came from stays what it was.
        return Ok(Actor {
            identity: found.identity,
            ..presented
        });
    }
    // What a browser sends by itself proves nothing about the page that asks.
    let by_cookie = !headers.contains_key(header::AUTHORIZATION);
    if presented.user().is_some() && by_cookie && !from_own_page(state, headers) {
        return Err(Error::new(
            ErrorKind::PermissionDenied,
            "a socket with the cookie is only for pages of this server",
        )
        .with_hint("send the token as Sec-WebSocket-Protocol: bearer, <token>"));
    }
    Ok(presented)
}

fn nobody() -> Error {
    Error::new(ErrorKind::Unauthenticated, "nobody is signed in")
        .with_hint("sign in, or send a token as Sec-WebSocket-Protocol: bearer, <token>")
}

/// The token after the name of the protocol.
fn offered_token(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let mut offered = lines
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim);
    offered.find(|protocol| *protocol == PROTOCOL)?;
    offered.next()
}

/// Whether the page that asks is one of this server: of the public address, or of the one that was asked.
fn from_own_page(state: &AppState, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN).and_then(|origin| Url::parse(origin).ok()) else {
        return false;
    };
    if let Some(public) = &state.config().public_url {
        return public.origin() == origin.origin();
    }
    // The scheme is not known here: a proxy may have spoken TLS.
    let host = text(header::HOST)
        .and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok());
    host.is_some_and(|host| host.origin().is_tuple() && host.origin() == origin.origin())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_token_is_what_follows_the_name_of_the_protocol() {
        let token = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(
                    header::SEC_WEBSOCKET_PROTOCOL,
                    HeaderValue::from_static(line),
                );
            }
            offered_token(&headers).map(str::to_owned)
        };
        assert_eq!(token(&["bearer, dkp_1"]).as_deref(), Some("dkp_1"));
        assert_eq!(token(&["bearer", "dkp_1"]).as_deref(), Some("dkp_1"));
        assert_eq!(token(&["chat, bearer,dkp_1"]).as_deref(), Some("dkp_1"));
        assert_eq!(token(&["bearer"]), None);
        assert_eq!(token(&["dkp_1"]), None);
        assert_eq!(token(&[]), None);
    }
}
