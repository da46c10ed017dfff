//! Who asks. What comes of it is kept with the request: routes for everybody look at it only when they want to.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use dokploy_core::access::Actor;
use dokploy_core::{Error, ErrorKind, Result};

use super::request_id::CurrentRequest;
use super::{address, is_health};
use crate::server::cookie;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Proves that a write with a cookie comes from a page that could read an answer of this server.
const CSRF_HEADER: HeaderName = HeaderName::from_static("x-csrf-token");

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Authenticated {
    /// The actor, or nobody.
    pub(crate) actor: Actor,
    /// Why what was presented does not count, where something was.
    pub(crate) refusal: Option<Problem>,
}

/// What a request presents, and how.
enum Presented<'a> {
    /// A header that no other site can make a browser send.
    Bearer(&'a str),
    /// A cookie that a browser sends by itself.
    Cookie(&'a str),
}

pub(crate) async fn layer(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let address = address::of(
        request.extensions(),
        request.headers(),
        &state.config().trusted_proxies,
    );
    // Who is known is known by the database, which health does not wait for.
    let presented = presented(request.headers()).filter(|_| !is_health(request.uri().path()));
    let (mut actor, refusal) = match presented {
        None => (Actor::anonymous(), None),
        Some(presented) => {
            match admit(&state, request.method(), request.headers(), &presented).await {
                Ok(actor) => (actor, None),
                Err(error) => (Actor::anonymous(), Some(Problem::from(error))),
            }
        }
    };
    if let Some(address) = address {
        actor = actor.with_address(address.to_string());
    }
    if let Some(CurrentRequest(id)) = request.extensions().get() {
        actor = actor.with_request_id(id);
    }
    if actor.user().is_some() {
        tracing::Span::current().record("actor", tracing::field::display(&actor));
    }
    request
        .extensions_mut()
        .insert(Authenticated { actor, refusal });
    next.run(request).await
}

fn presented(headers: &HeaderMap) -> Option<Presented<'_>> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        // Another scheme is a token that nobody knows: it is refused, not passed over for the cookie.
        let token = value.to_str().unwrap_or_default();
        let (scheme, token) = token.split_once(' ').unwrap_or(("", token));
        let token = if scheme.eq_ignore_ascii_case("bearer") {
            token.trim()
        } else {
            ""
        };
        return Some(Presented::Bearer(token));
    }
    cookie::SESSION.find(headers).map(Presented::Cookie)
}

async fn admit(
    state: &AppState,
    method: &Method,
    headers: &HeaderMap,
    presented: &Presented<'_>,
) -> Result<Actor> {
    match presented {
        Presented::Bearer(token) => state.control().authenticate(token).await,
        Presented::Cookie(token) => {
            let actor = state.control().authenticate(token).await?;
            if !is_safe(method) {
                check_csrf(state, headers, &actor)?;
            }
            Ok(actor)
        }
    }
}

/// Whether a method changes nothing.
fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

fn check_csrf(state: &AppState, headers: &HeaderMap, actor: &Actor) -> Result<()> {
    let sent = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok());
    let sent = sent.ok_or_else(|| {
        Error::new(
            ErrorKind::PermissionDenied,
            "a write with the cookie needs the header X-CSRF-Token",
        )
        .with_hint("it is the csrfToken of the login and of GET /api/auth/me")
    })?;
    state.control().check_csrf(actor, sent)
}
