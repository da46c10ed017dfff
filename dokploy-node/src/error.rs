//! Errors on their way to JavaScript. Only the message of an error survives an asynchronous call, so that all of it
//! goes into the message as JSON, and `lib/errors.ts` rebuilds it.

use dokploy_core::error::{Violation, read_input};
use dokploy_core::{Error, ErrorKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// An error as it crosses the border, in both directions.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireError {
    code: ErrorKind,
    message: String,
    #[serde(default)]
    retryable: bool,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    hint: Option<String>,
    #[serde(default)]
    violations: Vec<Violation>,
    /// The messages of the cause chain, outermost first.
    #[serde(default)]
    causes: Vec<String>,
}

impl From<&Error> for WireError {
    fn from(error: &Error) -> Self {
        Self {
            code: error.kind(),
            message: error.message().to_owned(),
            retryable: error.is_retryable(),
            operation: error.operation().map(str::to_owned),
            hint: error.hint().map(str::to_owned),
            violations: error.violations().to_vec(),
            causes: error.causes(),
        }
    }
}

impl From<WireError> for Error {
    fn from(wire: WireError) -> Self {
        let mut error = Self::new(wire.code, wire.message).with_retry(if wire.retryable {
            dokploy_core::Retry::After(None)
        } else {
            dokploy_core::Retry::Never
        });
        if let Some(hint) = wire.hint {
            error = error.with_hint(hint);
        }
        match wire.causes.into_iter().next() {
            Some(cause) => error.with_source(cause),
            None => error,
        }
    }
}

/// What JavaScript catches.
pub(crate) fn thrown(error: &Error) -> napi::Error {
    let text = serde_json::to_string(&WireError::from(error));
    napi::Error::from_reason(text.unwrap_or_else(|_| error.to_string()))
}

/// Reads what came from JavaScript.
///
/// # Errors
///
/// As [`read_input`].
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    read_input("", text)
}

/// What goes to JavaScript.
///
/// # Errors
///
/// `unexpected` for what cannot be written as JSON, which nothing is that the core stores or serves.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| {
        Error::new(ErrorKind::Unexpected, "an answer cannot be written as JSON").with_source(error)
    })
}
