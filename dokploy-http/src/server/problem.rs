//! Every error that a client gets, RFC 9457: one table from kinds to status codes, and one place that renders.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dokploy_core::error::Violation;
use dokploy_core::{Error, ErrorKind, Retry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// What a client is told to wait when nothing more is known, in seconds.
const RETRY_AFTER_DEFAULT: u64 = 1;

/// Status and title of each kind of error of the core: the one table.
fn row(kind: ErrorKind) -> (StatusCode, &'static str) {
    match kind {
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "Not found"),
        ErrorKind::AlreadyExists => (StatusCode::CONFLICT, "Already exists"),
        ErrorKind::Conflict => (StatusCode::CONFLICT, "Conflict"),
        ErrorKind::InvalidSpec => (StatusCode::UNPROCESSABLE_ENTITY, "Invalid fields"),
        ErrorKind::Unauthenticated => (StatusCode::UNAUTHORIZED, "Not signed in"),
        ErrorKind::PermissionDenied => (StatusCode::FORBIDDEN, "Not permitted"),
        ErrorKind::Unsupported => (StatusCode::NOT_IMPLEMENTED, "Not supported"),
        ErrorKind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "Unavailable"),
        ErrorKind::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "Timed out"),
        // Those of a deployment are in the deployment; here they are what a plan found out about its input.
        ErrorKind::SourceFailed => (StatusCode::UNPROCESSABLE_ENTITY, "Source cannot be used"),
        ErrorKind::BuildFailed => (StatusCode::UNPROCESSABLE_ENTITY, "Build failed"),
        ErrorKind::Unhealthy => (StatusCode::UNPROCESSABLE_ENTITY, "Not healthy"),
        ErrorKind::Cancelled => (StatusCode::CONFLICT, "Cancelled"),
        ErrorKind::LeaseLost => (StatusCode::SERVICE_UNAVAILABLE, "Taken over"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "Unexpected error"),
    }
}

/// What can be wrong with a request before the core sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read at all.
    Malformed,
    /// No route has this path.
    NoRoute,
    /// The path has a route, but not for this method.
    MethodNotAllowed,
    /// The body is larger than it may be.
    TooLarge,
    /// The body is of a type that is not read here.
    UnsupportedMediaType,
}

impl Refusal {
    /// Every refusal, in order.
    pub const ALL: [Self; 5] = [
        Self::Malformed,
        Self::NoRoute,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
    ];

    /// Status, stable code and title.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Malformed => (StatusCode::BAD_REQUEST, "malformed", "Malformed request"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "not_found", "Not found"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method not allowed",
            ),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large", "Body too large"),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Unsupported media type",
            ),
        }
    }
}

/// Code, status and title of every problem, for readers; each code once.
pub(crate) fn table() -> Vec<(&'static str, u16, &'static str)> {
    let refusals = Refusal::ALL.map(|refusal| {
        let (status, code, title) = refusal.row();
        (code, status.as_u16(), title)
    });
    let kinds = ErrorKind::ALL.map(|kind| {
        let (status, title) = row(kind);
        (kind.code(), status.as_u16(), title)
    });
    let mut table: Vec<_> = refusals.into_iter().chain(kinds).collect();
    table.sort_unstable_by_key(|(code, status, _)| (*status, *code));
    table.dedup_by_key(|(code, ..)| *code);
    table
}

/// An error on its way to a client. It is rendered last, where the id of the request is known.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<Violation>,
    retry_after: Option<u64>,
}

/// An error as clients see it, RFC 9457.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemShape {
    /// Where the kind of problem is described.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind of problem, for people.
    pub title: String,
    /// The status code of the answer.
    pub status: u16,
    /// What is wrong, and what to do next.
    pub detail: String,
    /// The kind of problem, for programs.
    pub code: String,
    /// The request; the server's log has more under it.
    pub request_id: String,
    /// The fields that are wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Violation>,
}

impl Problem {
    /// A request that the core has not seen.
    pub fn refusal(refusal: Refusal, detail: impl Into<String>) -> Self {
        let (status, code, title) = refusal.row();
        Self {
            status,
            code,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    /// The status code.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong, and what to do next.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The body of the answer, for the request with this id.
    pub fn text(self, request_id: &str) -> String {
        let shape = ProblemShape {
            kind: format!("/api/docs#{}", self.code),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
            code: self.code.to_owned(),
            request_id: request_id.to_owned(),
            errors: self.errors,
        };
        serde_json::to_string(&shape).unwrap_or_default()
    }

    /// The answer, for the request with this id.
    pub fn render(self, request_id: &str) -> Response {
        let (status, retry_after) = (self.status, self.retry_after);
        let body = self.text(request_id);
        let media_type = (header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        let mut response = (status, [media_type], body).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// What an answer without a problem of its own amounts to; `None` when it is no error.
    pub fn of_status(status: StatusCode) -> Option<Self> {
        let (refusal, detail) = match status {
            StatusCode::NOT_FOUND => (Refusal::NoRoute, "there is nothing at this path"),
            StatusCode::METHOD_NOT_ALLOWED => (
                Refusal::MethodNotAllowed,
                "this path does not know the method",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => (Refusal::TooLarge, "the body is too large"),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                Refusal::UnsupportedMediaType,
                "the body is of a type that is not read here",
            ),
            status if status.is_client_error() => {
                (Refusal::Malformed, "the request cannot be read")
            }
            status if status.is_server_error() => {
                return Some(Self::from(Error::new(
                    ErrorKind::Unexpected,
                    status.to_string(),
                )));
            }
            _ => return None,
        };
        Some(Self::refusal(refusal, detail))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let kind = error.kind();
        let (status, title) = row(kind);
        let detail = if status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(error = ?error, "a request failed unexpectedly");
            "something went wrong that should not; the log of the server names it under the id of this request".to_owned()
        } else {
            if status.is_server_error() {
                tracing::warn!(error = ?error, "a request could not be served");
            }
            match error.hint() {
                Some(hint) => format!("{}: {hint}", error.message()),
                None => error.message().to_owned(),
            }
        };
        let retry_after = match error.retry() {
            Retry::After(wait) => Some(wait.map_or(RETRY_AFTER_DEFAULT, whole_seconds)),
            _ if status == StatusCode::TOO_MANY_REQUESTS
                || status == StatusCode::SERVICE_UNAVAILABLE =>
            {
                Some(RETRY_AFTER_DEFAULT)
            }
            _ => None,
        };
        Self {
            status,
            code: kind.code(),
            title,
            detail,
            errors: error.violations().to_vec(),
            retry_after,
        }
    }
}

/// Whole seconds, rounded up and at least one: whoever comes back earlier is refused again.
fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_has_a_status_of_its_own_class_and_only_a_bug_is_500() {
        for kind in ErrorKind::ALL {
            let (status, title) = row(kind);
            assert!(
                status.is_client_error() || status.is_server_error(),
                "{kind}"
            );
            assert_eq!(
                status == StatusCode::INTERNAL_SERVER_ERROR,
                kind == ErrorKind::Unexpected,
                "{kind}"
            );
            assert!(!title.is_empty());
        }
    }

    #[test]
    fn every_refusal_has_a_code_of_its_own() {
        let codes: BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.row().1).collect();
        assert_eq!(codes.len(), Refusal::ALL.len());
    }

    #[test]
    fn what_went_wrong_inside_is_hidden() {
        let error = Error::new(ErrorKind::Unexpected, "column 7 of sessions is null");
        let problem = Problem::from(error);
        assert_eq!(problem.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!problem.detail.contains("sessions"), "{}", problem.detail);
    }

    #[test]
    fn who_has_to_wait_is_told_how_long() {
        let error = Error::new(ErrorKind::RateLimited, "too many requests")
            .with_retry(Retry::After(Some(Duration::from_millis(1500))));
        let response = Problem::from(error).render("r");
        assert_eq!(response.headers()[header::RETRY_AFTER], "2");
        let error = Error::new(ErrorKind::Unavailable, "the store does not answer");
        let response = Problem::from(error).render("r");
        assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    }
}
