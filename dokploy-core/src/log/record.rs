//! One line of a log as it stands in the file: JSON, ended by a line feed.

use serde::Serialize;

use super::LINE_BYTES_MAX;
use crate::clock::Timestamp;
use crate::deployer::LogLine;
use crate::deployment::Step;
use crate::runtime::LogStream;
use crate::secret::Redactor;

/// Stands at the end of a line that was cut off.
const CUT_MARK: &str = " [line cut]";

/// A line before it has a number.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) step: Step,
    pub(super) stream: LogStream,
    pub(super) text: String,
}

impl Entry {
    /// Bytes that the line takes in memory and, about, in the file.
    pub(super) fn len(&self) -> usize {
        self.text.len() + 128
    }
}

/// [`LogLine`] with a borrowed text. The number comes first, so that it is found without reading the rest.
#[derive(Serialize)]
struct Record<'a> {
    seq: u64,
    at: Timestamp,
    step: Step,
    stream: LogStream,
    text: &'a str,
}

/// Appends a line to a buffer.
pub(super) fn encode(buffer: &mut Vec<u8>, seq: u64, entry: &Entry) {
    let record = Record {
        seq,
        at: entry.at,
        step: entry.step,
        stream: entry.stream,
        text: &entry.text,
    };
    serde_json::to_writer(&mut *buffer, &record).expect("a vector takes any bytes");
    buffer.push(b'\n');
}

/// Reads a line, given without its line feed.
pub(super) fn decode(line: &[u8]) -> Option<LogLine> {
    serde_json::from_slice(line).ok()
}

/// The number of a line, from its beginning alone.
pub(super) fn seq_of(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(b"{\"seq\":")?;
    let end = digits.iter().position(|byte| *byte == b',')?;
    std::str::from_utf8(&digits[..end]).ok()?.parse().ok()
}

/// The text of a line as it is kept: masked, and cut off where it is too long. Never looks at more of it than is
/// kept.
pub(super) fn mask(redactor: &Redactor, text: &[u8]) -> String {
    if text.len() <= LINE_BYTES_MAX {
        return into_text(redactor.redact_bytes(text).into_owned());
    }
    // What a stream holds back at the end may be the first half of a secret whose second half was cut off.
    let end = text.len().min(LINE_BYTES_MAX + redactor.held_max());
    let mut kept = redactor.stream().push(&text[..end]);
    kept.truncate(LINE_BYTES_MAX);
    let mut kept = into_text(kept);
    kept.push_str(CUT_MARK);
    kept
}

fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
