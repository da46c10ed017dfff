//! The id of a request, in and out, and its line in the log. Problems are rendered here, where the id is known.

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use dokploy_core::id::RequestId;
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::server::problem::Problem;

/// The header, in both directions.
const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Characters of an id that a client brings.
const LENGTH_MAX: usize = 128;

/// The id of the request.
#[derive(Clone, Debug)]
pub(crate) struct CurrentRequest(pub(crate) String);

pub(crate) async fn layer(mut request: Request, next: Next) -> Response {
    let id = brought(request.headers()).unwrap_or_else(|| RequestId::new().to_string());
    request.extensions_mut().insert(CurrentRequest(id.clone()));
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        http.method = %request.method(),
        http.path = %request.uri().path(),
    );
    let route = request.extensions().get::<MatchedPath>().cloned();
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    if let Some(problem) = problem_of(&mut response) {
        let headers = std::mem::take(response.headers_mut());
        response = problem.render(&id);
        keep(headers, response.headers_mut());
    }
    span.in_scope(|| {
        tracing::info!(
            http.route = route.as_ref().map_or("", MatchedPath::as_str),
            http.status = response.status().as_u16(),
            duration_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "request served"
        );
    });
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// The id that a client brought, when it can go into a log as it is.
fn brought(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(HEADER)?.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let fits = (1..=LENGTH_MAX).contains(&text.len()) && text.bytes().all(plain);
    fits.then(|| text.to_owned())
}

/// The problem of an answer: its own, or what its status amounts to when a library made it.
fn problem_of(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    // What a handler wrote itself stays: only texts of libraries are replaced.
    let written = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/"));
    if written {
        return None;
    }
    Problem::of_status(response.status())
}

/// Headers that layers below have set stay, those of the body excepted.
fn keep(from: HeaderMap, to: &mut HeaderMap) {
    let of_body = [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
    ];
    for (name, value) in &from {
        if !of_body.contains(name) && !to.contains_key(name) {
            to.insert(name.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_line_of_the_log_is_replaced() {
        let with = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_str(value).unwrap());
            brought(&headers)
        };
        assert_eq!(with("abc-1.2_3"), Some("abc-1.2_3".to_owned()));
        assert_eq!(with("a b"), None);
        assert_eq!(with("a\"b"), None);
        assert_eq!(with(&"x".repeat(129)), None);
        assert_eq!(brought(&HeaderMap::new()), None);
    }
}
