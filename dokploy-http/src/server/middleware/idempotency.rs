//! The same key and body give the same answer: what a client sends twice is done once.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use dokploy_core::Secret;
use dokploy_core::control::StoredAnswer;

use super::authenticate::Authenticated;
use super::deadline;
use crate::server::BODY_BYTES_MAX;
use crate::server::extract::Key;
use crate::server::problem::{MEDIA_TYPE, Problem, Refusal};
use crate::server::state::AppState;

/// Bytes of an answer that is kept; those of what is made are far smaller.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

pub(crate) async fn layer(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let authenticated = request.extensions().get::<Authenticated>().cloned();
    let actor = authenticated.map(|authenticated| authenticated.actor);
    // Whoever has not signed in is refused further in.
    let Some(actor) = actor.filter(|actor| actor.user().is_some() && is_repeatable(&request))
    else {
        return Ok(next.run(request).await);
    };
    let Some(key) = Key::read(request.headers())? else {
        return Ok(next.run(request).await);
    };
    let (parts, body) = request.into_parts();
    // It is read out here, where the deadline of the route does not reach.
    let body = deadline::within(to_bytes(body, BODY_BYTES_MAX))
        .await?
        .map_err(|_| Problem::refusal(Refusal::TooLarge, "the body is too large"))?;
    let mut distinguishing = format!("{} {}\n", parts.method, parts.uri).into_bytes();
    distinguishing.extend_from_slice(&body);
    let mut first = None;
    let run = async {
        let response = next.run(Request::from_parts(parts, Body::from(body))).await;
        let request_id = actor.request_id.as_deref().unwrap_or_default();
        let (response, text) = read(response, request_id).await;
        let status = response.status().as_u16();
        first = Some(response);
        (status, Secret::new(text))
    };
    let control = state.control();
    let answer = control
        .idempotent(&actor, key.as_str(), &distinguishing, run)
        .await?;
    Ok(first.unwrap_or_else(|| again(&answer)))
}

/// What makes something or deploys. Sessions and tokens are not given out twice, and deliveries and uploads have names
/// of their own.
fn is_repeatable(request: &Request) -> bool {
    let path = request.uri().path();
    let other = path.starts_with("/api/auth/")
        || path.starts_with("/api/webhooks/")
        || path.ends_with("/archive");
    request.method() == Method::POST && !other
}

/// Reads what is to be kept of an answer, and puts it together again.
async fn read(response: Response, request_id: &str) -> (Response, String) {
    if let Some(problem) = response.extensions().get::<Problem>() {
        let text = problem.clone().text(request_id);
        return (response, text);
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, ANSWER_BYTES_MAX).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    (Response::from_parts(parts, Body::from(bytes)), text)
}

/// The answer that was given before.
fn again(answer: &StoredAnswer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = if status.is_success() {
        "application/json"
    } else {
        MEDIA_TYPE
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (REPLAYED, HeaderValue::from_static("true")),
    ];
    (status, headers, answer.body.expose().to_owned()).into_response()
}
