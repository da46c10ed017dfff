//! What a directory looks like from outside: enough to see that it changed without reading its files.

use std::os::fd::OwnedFd;

use rustix::fs::Stat;
use sha2::{Digest, Sha256};

use super::reader::DirectoryReader;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::source::tree::{self, EntryKind, TreeReader};

/// Names, sizes, inodes and times of every entry, in one digest.
///
/// The change time of a file moves with every write and cannot be set back, but only as finely as the kernel ticks: a
/// stamp is trusted for later comparison only when the newest change lies some time before it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    digest: [u8; 32],
    newest_micros: i64,
}

/// How far back the newest change has to lie. Some network file systems count whole seconds.
const SETTLED_MICROS: i64 = 2_000_000;

impl Stamp {
    /// Looks at every entry of a directory.
    pub(super) fn take(reader: &mut DirectoryReader) -> Result<Self> {
        let root = reader.root()?;
        let mut walk = StampWalk {
            reader,
            digest: Sha256::new(),
            newest_micros: i64::MIN,
        };
        walk.directory(&root, 0)?;
        Ok(Self {
            digest: walk.digest.finalize().into(),
            newest_micros: walk.newest_micros,
        })
    }

    /// Whether a change after `now` is sure to give another stamp.
    pub(super) fn is_settled(&self, now: Timestamp) -> bool {
        self.newest_micros < now.unix_micros() - SETTLED_MICROS
    }
}

struct StampWalk<'a> {
    reader: &'a mut DirectoryReader,
    digest: Sha256,
    newest_micros: i64,
}

impl StampWalk<'_> {
    fn directory(&mut self, directory: &OwnedFd, depth: usize) -> Result<()> {
        for entry in tree::sorted_entries(self.reader, directory)? {
            let stat = DirectoryReader::stat(directory, &entry.name)?;
            self.add(&entry.name, &stat);
            if entry.kind == EntryKind::Directory {
                tree::check_depth(depth + 1, &entry.name)?;
                let below = self.reader.open_directory(directory, &entry)?;
                self.directory(&below, depth + 1)?;
            }
        }
        // No name is empty: this ends the directory, so that `a/b` and `a`, `b` differ.
        self.digest.update([0]);
        Ok(())
    }

    fn add(&mut self, name: &[u8], stat: &Stat) {
        let changed = i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec);
        let modified = i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec);
        self.digest.update(name);
        self.digest.update([0]);
        self.digest.update(u64::from(stat.st_mode).to_le_bytes());
        for number in [
            i128::from(stat.st_ino),
            i128::from(stat.st_size),
            modified,
            changed,
        ] {
            self.digest.update(number.to_le_bytes());
        }
        let micros = i64::try_from(changed / 1000).unwrap_or(i64::MAX);
        self.newest_micros = self.newest_micros.max(micros);
    }
}
