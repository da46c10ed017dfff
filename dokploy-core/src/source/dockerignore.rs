//! `.dockerignore` as Docker understands it.
//!
//! Patterns are read top to bottom and the last one that matches a path *or one of its parents* decides; `!` makes a
//! pattern an exception.

mod pattern;

use self::pattern::Pattern;
use crate::error::{Error, ErrorKind, Result};

/// Most bytes of an ignore file.
pub(crate) const BYTES_MAX: u64 = 256 * 1024;
/// Most patterns of an ignore file; each costs time for every file of the context.
const PATTERNS_MAX: usize = 2_000;

/// The patterns of one ignore file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dockerignore {
    patterns: Vec<Pattern>,
}

/// Which patterns match a directory or one of its parents. What is below it inherits the answer.
#[derive(Clone, Debug)]
pub(crate) struct DirectoryMatch(Vec<bool>);

impl Dockerignore {
    /// Reads the text of an ignore file.
    ///
    /// # Errors
    ///
    /// `invalid_spec` names the line that is not a pattern.
    pub(crate) fn parse(text: &[u8]) -> Result<Self> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        // A comment begins in the first column; ` #x` is a pattern.
        let text = String::from_utf8_lossy(text);
        Self::of(
            text.lines()
                .map(|line| if line.starts_with('#') { "" } else { line }),
        )
    }

    /// Takes the patterns one by one; blank ones are left out.
    ///
    /// # Errors
    ///
    /// `invalid_spec` names the one that is none.
    pub(crate) fn of<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut patterns = Vec::new();
        for (index, line) in lines.into_iter().enumerate() {
            match Pattern::parse(line) {
                Ok(None) => {}
                Ok(Some(pattern)) => patterns.push(pattern),
                Err(reason) => return Err(wrong_line(index + 1, line, reason)),
            }
            if patterns.len() > PATTERNS_MAX {
                return Err(Error::new(
                    ErrorKind::InvalidSpec,
                    format!("there are more than {PATTERNS_MAX} patterns"),
                ));
            }
        }
        Ok(Self { patterns })
    }

    /// Whether the patterns match a path, relative to the root and with `/`: in a context it is left out then.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let mut parents = self.root();
        let slashes = path.match_indices('/').map(|(position, _)| position);
        for position in slashes {
            parents = self.enter(&parents, &path.as_bytes()[..position]);
        }
        self.ignores_below(&parents, path.as_bytes())
    }

    /// The root of the context, which no pattern matches.
    pub(crate) fn root(&self) -> DirectoryMatch {
        DirectoryMatch(vec![false; self.patterns.len()])
    }

    /// Matches a directory of which the parent's match is known.
    pub(crate) fn enter(&self, parent: &DirectoryMatch, path: &[u8]) -> DirectoryMatch {
        let mut matches = Vec::with_capacity(self.patterns.len());
        self.decide(parent, path, |matched| matches.push(matched));
        DirectoryMatch(matches)
    }

    /// Whether a path is ignored, of which the parent's match is known.
    pub(crate) fn ignores_below(&self, parent: &DirectoryMatch, path: &[u8]) -> bool {
        self.decide(parent, path, |_| {})
    }

    /// Applies the patterns in their order and tells of each whether it matched.
    ///
    /// A pattern that could change nothing at its place is not asked and counts as no match, below the path too: that
    /// is how Docker walks, and where the same pattern comes twice it makes a difference.
    fn decide(&self, parent: &DirectoryMatch, path: &[u8], mut tell: impl FnMut(bool)) -> bool {
        let path = String::from_utf8_lossy(path);
        let mut ignored = false;
        for (pattern, inherited) in self.patterns.iter().zip(&parent.0) {
            let relevant = pattern.is_exception() == ignored;
            let matched = *inherited || (relevant && pattern.matches(&path));
            if matched {
                ignored = !pattern.is_exception();
            }
            tell(matched);
        }
        ignored
    }

    /// Whether an exception could match something below a directory, so that an ignored one has to be walked all the
    /// same.
    pub(crate) fn excepts_below(&self, directory: &[u8]) -> bool {
        let directory = String::from_utf8_lossy(directory);
        self.patterns
            .iter()
            .any(|pattern| pattern.is_exception() && pattern.may_match_below(&directory))
    }
}

fn wrong_line(number: usize, line: &str, reason: &str) -> Error {
    Error::new(
        ErrorKind::InvalidSpec,
        format!("line {number} of the ignore file, {line:?}, is not a pattern: {reason}"),
    )
}

#[cfg(test)]
mod tests;
