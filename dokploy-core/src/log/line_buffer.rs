//! Lines out of chunks.

use super::LINE_BYTES_MAX;
use crate::runtime::{LogSink, LogStream};

/// Bytes of a line that are handed on: more than is kept, so that a secret at the place of the cut is still whole.
const HANDED_BYTES_MAX: usize = 2 * LINE_BYTES_MAX;

/// Makes lines out of the chunks of an output. A line without end takes no more memory than a long one: what goes
/// beyond is thrown away, and the writer of the log marks it as cut.
#[derive(Debug)]
pub struct LineBuffer {
    stream: LogStream,
    line: Vec<u8>,
}

impl LineBuffer {
    /// For one output.
    pub fn new(stream: LogStream) -> Self {
        Self {
            stream,
            line: Vec::new(),
        }
    }

    /// Takes a chunk and hands on every line that it ends.
    pub fn push(&mut self, chunk: &[u8], sink: &dyn LogSink) {
        let mut parts = chunk.split(|byte| *byte == b'\n');
        let last = parts.next_back().unwrap_or_default();
        for part in parts {
            if self.line.is_empty() {
                sink.line(self.stream, without_return(part));
            } else {
                self.keep(part);
                self.hand_on(sink);
            }
        }
        self.keep(last);
    }

    /// Hands on what has no line end.
    pub fn finish(mut self, sink: &dyn LogSink) {
        if !self.line.is_empty() {
            self.hand_on(sink);
        }
    }

    fn keep(&mut self, part: &[u8]) {
        let room = HANDED_BYTES_MAX.saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn hand_on(&mut self, sink: &dyn LogSink) {
        sink.line(self.stream, without_return(&self.line));
        self.line.clear();
    }
}

fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}
