//! Turns what the engine answers into the error of this crate, and decides there and only there whether a retry can
//! help.

use std::io;

use crate::error::{Error, ErrorKind, Retry};

type BollardError = bollard::errors::Error;

/// For `map_err`: converts an error of the given operation.
pub(super) fn during(operation: &'static str) -> impl Fn(BollardError) -> Error {
    move |error| convert(error).with_operation(operation)
}

/// Whether the engine answered that the thing does not exist.
pub(super) fn is_not_found(error: &BollardError) -> bool {
    matches!(
        error,
        BollardError::DockerResponseServerError {
            status_code: 404,
            ..
        }
    )
}

fn convert(error: BollardError) -> Error {
    match error {
        BollardError::DockerResponseServerError {
            status_code,
            message,
        } => answered(status_code, &message),
        BollardError::DockerStreamError { error } => failed_midway(&error),
        BollardError::RequestTimeoutError => {
            Error::new(ErrorKind::TimedOut, "the engine did not answer in time")
                .with_retry(Retry::After(None))
                .with_hint("see whether the engine hangs or its machine is overloaded")
        }
        BollardError::IOError { err } => away(err),
        BollardError::HyperLegacyError { err } => away(err),
        BollardError::HyperResponseError { err } => away(err),
        other => Error::new(
            ErrorKind::Unexpected,
            "the engine's answer was not understood",
        )
        .with_source(other),
    }
}

/// An answer with a status that is not a success.
pub(super) fn answered(status: u16, message: &str) -> Error {
    let message = message.trim();
    // Swarm answers a lost compare-and-set with status 500.
    if message.contains("update out of sequence") {
        return Error::new(
            ErrorKind::Conflict,
            "somebody else changed the service in the meantime",
        )
        .with_source(io::Error::other(message.to_owned()));
    }
    let kind = match status {
        400 => ErrorKind::InvalidSpec,
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        501 => ErrorKind::Unsupported,
        502..=504 => ErrorKind::Unavailable,
        _ => return failed_midway(message),
    };
    let error = Error::new(kind, lowercase(message));
    if message.contains("is not a swarm manager") {
        return error
            .with_hint("make this engine a swarm with `docker swarm init`, or name a manager");
    }
    error
}

/// A failure of no better status than 500, or in a stream that began well: only its text tells what it is.
pub(super) fn failed_midway(message: &str) -> Error {
    let text = message.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let error = |kind| Error::new(kind, lowercase(message.trim()));
    if has(&["toomanyrequests", "too many requests", "rate limit"]) {
        error(ErrorKind::RateLimited)
            .with_hint("wait, or sign in to the registry for a higher limit")
    } else if has(&[
        "unauthorized",
        "authentication required",
        "no basic auth credentials",
    ]) {
        error(ErrorKind::Unauthenticated)
            .with_hint("check the user name and the password of the registry")
    } else if has(&[
        "access to the resource is denied",
        "insufficient_scope",
        "denied:",
    ]) {
        error(ErrorKind::PermissionDenied)
            .with_hint("sign in to the registry with an account that may use this repository")
    } else if has(&["no space left on device"]) {
        error(ErrorKind::Unavailable)
            .with_retry(Retry::Never)
            .with_hint("free space on the engine's disk")
    } else if has(TEMPORARY) {
        error(ErrorKind::Unavailable)
    } else if has(&["manifest unknown", "name unknown", "not found", "no such"]) {
        error(ErrorKind::NotFound)
    } else {
        error(ErrorKind::Unexpected)
    }
}

/// What a network, a registry or an engine says that may be well again in a while.
pub(super) const TEMPORARY: &[&str] = &[
    "connection refused",
    "connection reset",
    "no such host",
    "temporary failure in name resolution",
    "i/o timeout",
    "handshake timeout",
    "deadline exceeded",
    "client.timeout exceeded",
    "server misbehaving",
    "unexpected eof",
    "bad gateway",
    "service unavailable",
    "gateway timeout",
    "no route to host",
    "network is unreachable",
    "the swarm does not have a leader",
    "context canceled",
];

/// The error of this crate that a connector or a stream had to pass on through foreign hands.
fn passed_on<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Error> {
    let mut next = Some(error);
    while let Some(cause) = next {
        // An I/O error is no source of itself: what it wraps has to be asked for.
        let wrapped = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .and_then(|inner| inner.downcast_ref::<Error>());
        if let Some(ours) = wrapped.or_else(|| cause.downcast_ref::<Error>()) {
            return Some(ours);
        }
        next = cause.source();
    }
    None
}

fn away(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    if let Some(ours) = passed_on(&error) {
        let again = Error::new(ours.kind(), ours.message()).with_retry(ours.retry());
        return match ours.hint() {
            Some(hint) => again.with_hint(hint),
            None => again,
        };
    }
    Error::new(ErrorKind::Unavailable, "the engine cannot be reached")
        .with_source(error)
        .with_hint("start the Docker engine, or check its address and who may use its socket")
}

/// The engine's sentences begin with a capital now and then.
fn lowercase(message: &str) -> String {
    let mut chars = message.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_classified_once() {
        for (status, message, kind, retryable) in [
            (404, "No such image: x", ErrorKind::NotFound, false),
            (409, "conflict: in use", ErrorKind::Conflict, false),
            (
                500,
                "rpc error: code = Unknown desc = update out of sequence",
                ErrorKind::Conflict,
                false,
            ),
            (
                500,
                "Get \"https://registry.example.com/v2/\": dial tcp: i/o timeout",
                ErrorKind::Unavailable,
                true,
            ),
            (
                500,
                "dial tcp: lookup registry.example.com: no such host",
                ErrorKind::Unavailable,
                true,
            ),
            (
                500,
                "unauthorized: authentication required",
                ErrorKind::Unauthenticated,
                false,
            ),
            (
                500,
                "denied: requested access to the resource is denied",
                ErrorKind::PermissionDenied,
                false,
            ),
            (
                500,
                "manifest unknown: manifest unknown",
                ErrorKind::NotFound,
                false,
            ),
            (
                500,
                "write /var/lib/docker/tmp/x: no space left on device",
                ErrorKind::Unavailable,
                false,
            ),
            (
                500,
                "toomanyrequests: pull rate limit",
                ErrorKind::RateLimited,
                true,
            ),
            (500, "something else", ErrorKind::Unexpected, false),
            (503, "Service Unavailable", ErrorKind::Unavailable, true),
        ] {
            let error = answered(status, message);
            assert_eq!(error.kind(), kind, "{message}");
            assert_eq!(error.is_retryable(), retryable, "{message}");
        }
    }

    #[test]
    fn an_engine_that_is_away_is_worth_a_retry_and_says_what_to_do() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let error = during("info")(refused.into());
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.is_retryable());
        assert!(error.hint().is_some());
        assert_eq!(error.operation(), Some("info"));
    }

    #[test]
    fn an_error_of_our_own_keeps_its_kind_on_its_way_through_foreign_hands() {
        let ours = Error::new(ErrorKind::SourceFailed, "the archive ends early");
        let error = during("build_image")(io::Error::other(ours).into());
        assert_eq!(error.kind(), ErrorKind::SourceFailed);
    }
}
