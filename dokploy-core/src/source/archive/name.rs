//! Names of archive entries: what is allowed, so that none can mean a place outside.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::error::Result;
use crate::source::tree::check_depth;

use super::refused;

/// Longest name of an entry, and longest target of a symbolic link.
pub(super) const BYTES_MAX: usize = 4096;

/// The path of an entry below the root of its archive: plain components, none of which is `.` or `..`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EntryName(PathBuf);

impl EntryName {
    /// Checks a name as it stands in the archive. `None` is the root itself, as in `./`.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for an absolute name, `..`, a backslash, a drive letter, a NUL or one that is too long. They are
    /// refused and not cleaned: two programs that clean differently would see two archives.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let no = |what: &str| Err(refused(format!("the entry {:?} {what}", shown(bytes))));
        if bytes.len() > BYTES_MAX {
            return no("has a name that is too long");
        }
        if bytes.first() == Some(&b'/') {
            return no("has an absolute name");
        }
        if bytes.contains(&0) || bytes.contains(&b'\\') {
            return no("has a NUL or a backslash in its name");
        }
        if matches!(bytes, [letter, b':', ..] if letter.is_ascii_alphabetic()) {
            return no("begins with a drive letter");
        }
        let mut path = PathBuf::new();
        for component in bytes.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => return no("climbs with \"..\""),
                other => path.push(OsStr::from_bytes(other)),
            }
        }
        check_depth(path.components().count(), bytes)?;
        Ok((!path.as_os_str().is_empty()).then_some(Self(path)))
    }

    /// The path, relative to the root.
    pub(super) fn as_path(&self) -> &Path {
        &self.0
    }

    /// The directories above it, nearest first, without the root.
    pub(super) fn parents(&self) -> impl Iterator<Item = Self> {
        self.0
            .ancestors()
            .skip(1)
            .filter(|path| !path.as_os_str().is_empty())
            .map(|path| Self(path.to_owned()))
    }

    /// Whether its first component is this one.
    pub(super) fn starts_with(&self, component: &str) -> bool {
        self.0.starts_with(component)
    }
}

/// The beginning of a name, for the reader of an error.
pub(super) fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..80).unwrap_or(bytes)).into_owned()
}
