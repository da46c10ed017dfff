//! What goes over a socket or a stream.

use dokploy_core::Error;
use dokploy_core::control::Progress;
use dokploy_core::deployer::LogLine;
use dokploy_core::runtime::ServiceLogLine;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::shape::ProgressShape;

/// What a client says.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub(super) enum Request {
    /// Watch these, from after a number on; unset: from the beginning.
    Subscribe {
        topics: Vec<String>,
        #[serde(default)]
        after: u64,
    },
    /// Do not watch these any more.
    Unsubscribe { topics: Vec<String> },
}

/// What a server says.
#[derive(Debug, Serialize)]
pub(super) struct Message<'a> {
    pub(super) event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) topic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<Value>,
}

impl Message<'_> {
    pub(super) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Something that was watched has happened.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) event: &'static str,
    /// Where to go on after this one, where the subject has numbers.
    pub(super) seq: Option<u64>,
    pub(super) data: Value,
}

impl From<Progress> for Item {
    fn from(progress: Progress) -> Self {
        Self {
            event: "deployment.status",
            seq: Some(progress.state.seq),
            data: json(&ProgressShape::from(progress)),
        }
    }
}

impl From<LogLine> for Item {
    fn from(line: LogLine) -> Self {
        Self {
            event: "log",
            seq: Some(line.seq),
            data: json(&line),
        }
    }
}

impl From<ServiceLogLine> for Item {
    fn from(line: ServiceLogLine) -> Self {
        Self {
            event: "log",
            seq: None,
            data: json(&line),
        }
    }
}

/// What of an error a client may see, as in a problem.
pub(super) fn failure(error: &Error) -> Value {
    let message = match error.kind() {
        dokploy_core::ErrorKind::Unexpected => {
            tracing::error!(error = ?error, "a stream ended unexpectedly");
            "something went wrong that should not; the log of the server names it"
        }
        _ => error.message(),
    };
    serde_json::json!({ "code": error.code(), "message": message })
}

fn json(shape: &impl Serialize) -> Value {
    serde_json::to_value(shape).unwrap_or_default()
}
