//! Masks secrets in bytes, also where they were encoded and where a chunk ends in the middle of one.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, StartKind};

use super::Secret;

mod forms;

/// Up to so many bytes of patterns the fastest automaton is built, which takes some hundred times as much memory.
const FAST_PATTERN_BYTES_MAX: usize = 16 * 1024;

/// Finds a set of secrets in bytes, and masks them with [`Redactor::MASK`].
///
/// A secret is found as it is, line by line when it has several, and in these encodings: base64 (standard and
/// URL-safe, padded or not, wrapped or not, at any position within what was encoded), percent-encoding and JSON
/// escapes. Where it is in the middle of what was encoded as base64, the two characters at its ends that it shares
/// with its neighbours remain; they say at most four bits about it.
#[derive(Clone, Default)]
pub struct Redactor {
    /// `None`: there is nothing to be masked.
    finder: Option<Arc<AhoCorasick>>,
    /// Length of the longest pattern.
    longest: usize,
}

impl Redactor {
    /// What stands where a secret was.
    pub const MASK: &'static str = "[secret]";
    /// Values, and lines of values, shorter than this many bytes are not masked: they would hide half the log.
    pub const SECRET_BYTES_MIN: usize = 4;

    /// A redactor for these values.
    pub fn new<'a>(values: impl IntoIterator<Item = &'a Secret>) -> Self {
        let mut patterns = BTreeSet::new();
        for value in values {
            forms::add(value.expose(), &mut patterns);
        }
        patterns.retain(|pattern| pattern.len() >= Self::SECRET_BYTES_MIN);
        let Some(longest) = patterns.iter().map(Vec::len).max() else {
            return Self::default();
        };
        let size: usize = patterns.iter().map(Vec::len).sum();
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .start_kind(StartKind::Unanchored)
            .kind((size <= FAST_PATTERN_BYTES_MAX).then_some(AhoCorasickKind::DFA))
            .build(&patterns)
            .expect("an automaton has room for two thousand million states");
        Self {
            finder: Some(Arc::new(finder)),
            longest,
        }
    }

    /// A whole text, masked.
    pub fn redact(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.redact_bytes(text.as_bytes())).into_owned()
    }

    /// Whole bytes, masked; borrowed when there was nothing to mask.
    pub fn redact_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(finder) = &self.finder else {
            return Cow::Borrowed(bytes);
        };
        let mut masked = Vec::new();
        let mut copied = 0;
        for found in finder.find_iter(bytes) {
            masked.extend_from_slice(&bytes[copied..found.start()]);
            masked.extend_from_slice(Self::MASK.as_bytes());
            copied = found.end();
        }
        if copied == 0 {
            return Cow::Borrowed(bytes);
        }
        masked.extend_from_slice(&bytes[copied..]);
        Cow::Owned(masked)
    }

    /// Masks a stream whose chunks may cut a secret anywhere.
    pub fn stream(&self) -> RedactorStream {
        RedactorStream {
            redactor: self.clone(),
            held: Vec::new(),
        }
    }

    /// Bytes at the end of a text that was cut off, which may be the beginning of a secret.
    pub(crate) fn held_max(&self) -> usize {
        self.longest.saturating_sub(1)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The automaton would show the secrets.
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// Masks a stream; see [`Redactor::stream`]. What it lets through, together, equals the masked whole.
pub struct RedactorStream {
    redactor: Redactor,
    /// What may be the beginning of a secret.
    held: Vec<u8>,
}

impl RedactorStream {
    /// Takes a chunk and returns what can be let through by now, masked. At most as much is held back as the
    /// longest secret is long.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        let Some(finder) = &self.redactor.finder else {
            return chunk.to_vec();
        };
        self.held.extend_from_slice(chunk);
        // A secret that begins before this place is here as a whole, so that what is found there is final.
        let decided = self.held.len().saturating_sub(self.redactor.held_max());
        let mut masked = Vec::new();
        let mut copied = 0;
        for found in finder.find_iter(&self.held) {
            if found.start() >= decided {
                break;
            }
            masked.extend_from_slice(&self.held[copied..found.start()]);
            masked.extend_from_slice(Redactor::MASK.as_bytes());
            copied = found.end();
        }
        let end = decided.max(copied);
        masked.extend_from_slice(&self.held[copied..end]);
        self.held.drain(..end);
        masked
    }

    /// Lets the rest through, masked: nothing follows.
    pub fn finish(self) -> Vec<u8> {
        self.redactor.redact_bytes(&self.held).into_owned()
    }
}

impl fmt::Debug for RedactorStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What is held back may be half a secret.
        f.debug_struct("RedactorStream").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
