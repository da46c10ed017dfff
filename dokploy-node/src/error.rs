//! Errors on their way to JavaScript. Only the message of an error survives an asynchronous call, so that all of it
//! goes into the message as JSON, and `lib/errors.ts` rebuilds it.

use dokploy_core::error::Violation;
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
/// `invalid_spec` that names the field. What a field holds is not repeated: it may be a secret.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let message = without_value(&error.inner().to_string());
        match path.as_str() {
            "." => Error::new(ErrorKind::InvalidSpec, message),
            path => Error::invalid_field(path, message),
        }
    })
}

/// `invalid type: string "…", expected a number at line 1 column 9` without what was found and where.
fn without_value(message: &str) -> String {
    let message = message
        .rsplit_once(" at line ")
        .map_or(message, |(before, _)| before);
    match (message.split_once(": "), message.rsplit_once(", expected ")) {
        (Some((what, _)), Some((_, expected))) if what.starts_with("invalid ") => {
            let expected = match expected {
                "f64" => "a number",
                "i64" | "u16" | "u32" | "u64" | "usize" => "a whole number, zero or more",
                other => other,
            };
            format!("{what}, expected {expected}")
        }
        _ => message.to_owned(),
    }
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
