//! The stream of messages in which the engine tells how a build, a push or a pull goes on.

use bytes::BytesMut;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde::Deserialize;

/// A longer message is left out, so that memory stays bounded.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// One message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    /// Output of a build.
    pub(super) stream: Option<String>,
    /// What is being done.
    pub(super) status: Option<String>,
    /// To what: a layer, for example.
    pub(super) id: Option<String>,
    /// A picture of how far it is.
    pub(super) progress: Option<String>,
    /// What only a program wants to know: the id of an image, for example.
    pub(super) aux: Option<serde_json::Value>,
    /// Why it failed, in short.
    pub(super) error: Option<String>,
    /// Why it failed.
    #[serde(rename = "errorDetail")]
    pub(super) detail: Option<Detail>,
}

/// Why something failed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Detail {
    /// Exit code, of a step of the classic builder.
    pub(super) code: Option<i64>,
    /// What happened.
    pub(super) message: String,
}

impl Message {
    /// The failure that ends the stream: its code and its text.
    pub(super) fn failure(&self) -> Option<(Option<i64>, &str)> {
        match (&self.detail, &self.error) {
            (Some(detail), _) if !detail.message.is_empty() => Some((detail.code, &detail.message)),
            (detail, Some(error)) => Some((detail.as_ref().and_then(|detail| detail.code), error)),
            _ => None,
        }
    }

    /// A line that says what is being done. Absent where only a bar moved on.
    pub(super) fn status_line(&self) -> Option<String> {
        let status = self.status.as_deref()?;
        if self.progress.as_deref().is_some_and(|bar| !bar.is_empty()) {
            return None;
        }
        Some(match self.id.as_deref() {
            Some(id) if !id.is_empty() => format!("{id}: {status}"),
            _ => status.to_owned(),
        })
    }
}

/// Reads messages. Dropping it closes the connection, by which the engine knows that nobody waits any more.
#[derive(Debug)]
pub(super) struct Messages {
    body: Incoming,
    buffer: BytesMut,
    /// How much of the buffer is known to hold no end of a line.
    searched: usize,
    /// Whether the rest of a message that is too long is being left out.
    skipping: bool,
}

impl Messages {
    /// Reads an answer's body.
    pub(super) fn new(body: Incoming) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            searched: 0,
            skipping: false,
        }
    }

    /// The next message; `None` at the end. Can be dropped and called again.
    pub(super) async fn next(&mut self) -> Result<Option<Message>, bollard::errors::Error> {
        loop {
            if let Some(line) = self.take_line() {
                let line = line.trim_ascii();
                if !line.is_empty() {
                    return Ok(Some(serde_json::from_slice(line)?));
                }
            } else if self.buffer.len() > MESSAGE_BYTES_MAX {
                self.buffer.clear();
                self.searched = 0;
                if !std::mem::replace(&mut self.skipping, true) {
                    return Ok(Some(left_out()));
                }
            } else {
                match self.body.frame().await {
                    Some(frame) => {
                        if let Ok(data) = frame?.into_data() {
                            self.buffer.extend_from_slice(&data);
                        }
                    }
                    None if self.buffer.trim_ascii().is_empty() => return Ok(None),
                    // The last message may lack the end of its line.
                    None => self.buffer.extend_from_slice(b"\n"),
                }
            }
        }
    }

    fn take_line(&mut self) -> Option<BytesMut> {
        loop {
            let Some(at) = self.buffer[self.searched..]
                .iter()
                .position(|byte| *byte == b'\n')
            else {
                self.searched = self.buffer.len();
                return None;
            };
            let line = self.buffer.split_to(self.searched + at + 1);
            self.searched = 0;
            if !std::mem::take(&mut self.skipping) {
                return Some(line);
            }
        }
    }
}

fn left_out() -> Message {
    Message {
        status: Some(format!(
            "a message of more than {} MiB was left out",
            MESSAGE_BYTES_MAX / 1024 / 1024
        )),
        ..Message::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> Message {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_failure_is_found_in_both_of_its_forms() {
        let both = message(r#"{"errorDetail":{"code":3,"message":"exit 3"},"error":"exit"}"#);
        assert_eq!(both.failure(), Some((Some(3), "exit 3")));
        assert_eq!(
            message(r#"{"error":"denied"}"#).failure(),
            Some((None, "denied"))
        );
        assert_eq!(message(r#"{"stream":"error"}"#).failure(), None);
    }

    #[test]
    fn a_bar_that_moves_is_no_line() {
        let moves = message(
            r#"{"status":"Pushing","progressDetail":{"current":1},"progress":"[>  ]","id":"5f70"}"#,
        );
        assert_eq!(moves.status_line(), None);
        let done = message(r#"{"status":"Pushed","progressDetail":{},"id":"5f70"}"#);
        assert_eq!(done.status_line().unwrap(), "5f70: Pushed");
    }
}
