//! The one error of the crate: a flat kind with a stable code, a sentence for the reader, and whether a retry can help.

mod input;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::input::read_input;

/// Result of everything that can fail in this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong. Flat and stable: every front end maps these codes and nothing else.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// The thing does not exist, or the caller may not know that it does.
    NotFound,
    /// A thing with this name or key exists already.
    AlreadyExists,
    /// Somebody else changed the thing since the caller read it.
    Conflict,
    /// The input is well-formed but breaks a rule; see [`Error::violations`].
    InvalidSpec,
    /// Nobody is signed in.
    Unauthenticated,
    /// Somebody is signed in who may not do this.
    PermissionDenied,
    /// The backend, or this build of the crate, cannot do it.
    Unsupported,
    /// Too many requests.
    RateLimited,
    /// A backend is away or busy.
    Unavailable,
    /// A deadline passed.
    TimedOut,
    /// The source could not be resolved or fetched.
    SourceFailed,
    /// The build, or the push of its image, failed.
    BuildFailed,
    /// The new version did not become or stay healthy.
    Unhealthy,
    /// The work was cancelled.
    Cancelled,
    /// This worker no longer owns the deployment; another one does.
    LeaseLost,
    /// A bug or a broken invariant.
    Unexpected,
}

impl ErrorKind {
    /// Every kind, in declaration order; what tests iterate to prove that each front end maps all of them.
    pub const ALL: [Self; 16] = [
        Self::NotFound,
        Self::AlreadyExists,
        Self::Conflict,
        Self::InvalidSpec,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::Unsupported,
        Self::RateLimited,
        Self::Unavailable,
        Self::TimedOut,
        Self::SourceFailed,
        Self::BuildFailed,
        Self::Unhealthy,
        Self::Cancelled,
        Self::LeaseLost,
        Self::Unexpected,
    ];

    /// The stable code of this kind, the same on every surface.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Conflict => "conflict",
            Self::InvalidSpec => "invalid_spec",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::Unsupported => "unsupported",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::TimedOut => "timed_out",
            Self::SourceFailed => "source_failed",
            Self::BuildFailed => "build_failed",
            Self::Unhealthy => "unhealthy",
            Self::Cancelled => "cancelled",
            Self::LeaseLost => "lease_lost",
            Self::Unexpected => "unexpected",
        }
    }

    /// Whether an error of this kind is worth a retry when nothing more is known.
    const fn default_retry(self) -> Retry {
        match self {
            Self::RateLimited | Self::Unavailable => Retry::After(None),
            _ => Retry::Never,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Whether the same call may succeed later. Decided once, where a backend's error is converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same call fails the same way.
    Never,
    /// The same call may succeed later, after the given time when the backend named one.
    After(Option<Duration>),
    /// It was worth a retry, and the retries are used up.
    Exhausted,
}

/// One field of an input that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Violation {
    /// Path of the field, in the wire's names: `ports[1].target`.
    pub field: String,
    /// What is wrong with it and what is expected.
    pub message: String,
}

/// What failed, why, and what to do next.
///
/// `Display` is one line for the person who called; the cause chain is reached through
/// [`std::error::Error::source`] and printed by `Debug`.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    operation: Option<&'static str>,
    hint: Option<String>,
    violations: Vec<Violation>,
    retry: Retry,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Creates an error. `message` is lowercase, names the thing and has no full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            hint: None,
            violations: Vec::new(),
            retry: kind.default_retry(),
            source: None,
        }))
    }

    /// A thing of the given type that does not exist.
    pub fn not_found(what: &str, id: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, format!("{what} {id} does not exist"))
    }

    /// Input that breaks rules; `violations` must not be empty.
    pub fn invalid(violations: Vec<Violation>) -> Self {
        let message = violations
            .iter()
            .map(|violation| format!("{}: {}", violation.field, violation.message))
            .collect::<Vec<_>>()
            .join("; ");
        let mut error = Self::new(ErrorKind::InvalidSpec, message);
        error.0.violations = violations;
        error
    }

    /// Input with one broken field.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![Violation {
            field: field.into(),
            message: message.into(),
        }])
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the operation that failed, as in `build_image`.
    #[must_use]
    pub fn with_operation(mut self, operation: &'static str) -> Self {
        self.0.operation = Some(operation);
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Overrides whether a retry can help.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// The kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code of the kind.
    pub fn code(&self) -> &'static str {
        self.0.kind.code()
    }

    /// The message without operation and hint.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operation that failed, where it is known.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// What to do next, where it is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    /// The broken fields of an [`ErrorKind::InvalidSpec`].
    pub fn violations(&self) -> &[Violation] {
        &self.0.violations
    }

    /// Whether a retry can help.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }

    /// Whether the same call may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.retry, Retry::After(_))
    }

    /// The messages of the cause chain, outermost first, without this error's own.
    pub fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut next = self.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        causes
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.0.message, self.code())?;
        if let Some(operation) = self.0.operation {
            write!(f, " in {operation}")?;
        }
        for cause in self.causes() {
            write!(f, "\n  because {cause}")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_kind_has_its_own_code_and_serialises_as_it() {
        let codes: HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        assert_eq!(codes.len(), ErrorKind::ALL.len());
        for kind in ErrorKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
        }
    }

    #[test]
    fn debug_shows_the_cause_chain_and_the_hint() {
        let error = Error::new(ErrorKind::Unavailable, "the engine does not answer")
            .with_source(std::io::Error::other("connection refused"))
            .with_hint("start it");
        let text = format!("{error:?}");
        assert!(text.contains("because connection refused"), "{text}");
        assert!(text.contains("hint: start it"), "{text}");
        assert!(error.is_retryable());
    }
}
