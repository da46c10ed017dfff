//! Requests that one caller may make: a bucket for each user, and one for each address of those who have not signed in.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use dokploy_core::{Error, ErrorKind, Retry};

use super::authenticate::Authenticated;
use super::is_health;
use crate::server::problem::Problem;
use crate::server::state::AppState;

/// Webhooks are counted by source, where the source is known.
const OWN_LIMIT: &str = "/api/webhooks/";

pub(crate) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let counted = !is_health(path) && !path.starts_with(OWN_LIMIT);
    let key = request.extensions().get().and_then(key).filter(|_| counted);
    let Some(key) = key else {
        return next.run(request).await;
    };
    let rate = state.config().rate_limit;
    let verdict = state.engine().limiter().take(&key, rate).await;
    let mut response = if verdict.allowed {
        next.run(request).await
    } else {
        let error = Error::new(
            ErrorKind::RateLimited,
            format!("more than {} requests in a minute", verdict.limit),
        )
        .with_retry(Retry::After(Some(verdict.retry_after)));
        Problem::from(error).into_response()
    };
    let told = [
        ("ratelimit-limit", u64::from(verdict.limit)),
        ("ratelimit-remaining", u64::from(verdict.remaining)),
        ("ratelimit-reset", verdict.full_after.as_secs()),
    ];
    for (name, value) in told {
        let name = HeaderName::from_static(name);
        response
            .headers_mut()
            .insert(name, HeaderValue::from(value));
    }
    response
}

/// Whose bucket it is. A call from within the process has neither a user nor an address, and no limit.
fn key(authenticated: &Authenticated) -> Option<String> {
    let actor = &authenticated.actor;
    match (actor.user_id(), &actor.address) {
        (Some(user), _) => Some(format!("http:user:{user}")),
        (None, Some(address)) => Some(format!("http:address:{address}")),
        (None, None) => None,
    }
}
