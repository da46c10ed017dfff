//! Errors of the core as exceptions, and exceptions of parts written in Python as errors of the core.

use dokploy_core::error::{Error, ErrorKind, Retry};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use serde::Deserialize;

/// The exception of an error. Its classes are in `dokploy.errors`.
pub(crate) fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let violations: Vec<_> = error
        .violations()
        .iter()
        .map(|violation| (violation.field.as_str(), violation.message.as_str()))
        .collect();
    let retry_after = match error.retry() {
        Retry::After(after) => after.map(|after| after.as_secs_f64()),
        Retry::Never | Retry::Exhausted => None,
    };
    let made = MAKE.import(py, "dokploy.errors", "make").and_then(|make| {
        make.call1((
            error.code(),
            error.message(),
            error.hint(),
            error.operation(),
            error.is_retryable(),
            retry_after,
            violations,
            error.causes(),
        ))
    });
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

/// What is said of an exception of a part, by `dokploy._parts`.
#[derive(Debug, Deserialize)]
pub(crate) struct Raised {
    /// Stable code, where it was one of the package's own exceptions.
    code: Option<ErrorKind>,
    message: String,
    hint: Option<String>,
    retryable: Option<bool>,
    /// Type and place of the exception and of those that caused it.
    cause: String,
}

impl Raised {
    /// Reads what the package says of an exception.
    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|error| Self {
            code: None,
            message: "an exception cannot be read".to_owned(),
            hint: None,
            retryable: None,
            cause: error.to_string(),
        })
    }

    /// The error that it stands for; `otherwise` is its kind when the exception says none.
    pub(crate) fn into_error(self, otherwise: ErrorKind) -> Error {
        let mut error = Error::new(self.code.unwrap_or(otherwise), self.message)
            .with_source(std::io::Error::other(self.cause));
        if let Some(hint) = self.hint {
            error = error.with_hint(hint);
        }
        match self.retryable {
            Some(true) => error.with_retry(Retry::After(None)),
            Some(false) => error.with_retry(Retry::Never),
            None => error,
        }
    }
}
