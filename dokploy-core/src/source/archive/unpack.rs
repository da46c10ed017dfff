//! Writes the entries of an archive below one directory, and nowhere else.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, symlink};
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::name::{self, EntryName};
use super::{ArchiveLimits, damaged, refused, too_large};
use crate::error::{Error, ErrorKind, Result};
use crate::source::work::check_cancelled;

/// Writes entries into a private directory.
///
/// Symbolic links are made last of all: while files are written there is none, so that nothing can be written through
/// one. An entry never replaces another.
#[derive(Debug)]
pub(super) struct Unpacker<'a> {
    root: &'a Path,
    limits: ArchiveLimits,
    cancel: &'a CancellationToken,
    entries: BTreeMap<EntryName, Kind>,
    bytes: u64,
    names_the_root: bool,
    buffer: Vec<u8>,
}

#[derive(Debug)]
enum Kind {
    Directory,
    File,
    Symlink(Vec<u8>),
}

impl<'a> Unpacker<'a> {
    /// Writes into `root`, which has to be empty and out of everybody else's reach.
    pub(super) fn new(
        root: &'a Path,
        limits: ArchiveLimits,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self {
            root,
            limits,
            cancel,
            entries: BTreeMap::new(),
            bytes: 0,
            names_the_root: false,
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Makes a directory; one that exists already is fine.
    pub(super) fn directory(&mut self, name: &[u8]) -> Result<()> {
        let Some(name) = EntryName::parse(name)? else {
            self.names_the_root = true;
            return Ok(());
        };
        self.parents(&name)?;
        self.make_directory(&name)
    }

    /// Writes a file. `size` is what the archive says; it is checked, not believed.
    pub(super) fn file(
        &mut self,
        name: &[u8],
        executable: bool,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<()> {
        let name = self.new_entry(name, Kind::File)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(if executable { 0o700 } else { 0o600 })
            .open(self.root.join(name.as_path()))
            .map_err(|error| write_failed(&name, error))?;
        let mut written = 0;
        loop {
            check_cancelled(self.cancel)?;
            let read = match content.read(&mut self.buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(damaged(error)),
            };
            written += read as u64;
            self.bytes += read as u64;
            if self.bytes > self.limits.bytes_max {
                return Err(too_large(&self.limits));
            }
            file.write_all(&self.buffer[..read])
                .map_err(|error| write_failed(&name, error))?;
        }
        if written != size {
            return Err(damaged(io::Error::other(format!(
                "{} has {written} bytes instead of {size}",
                name.as_path().display()
            ))));
        }
        Ok(())
    }

    /// Remembers a symbolic link. Where it points is kept as it is: it is sent as a link and never followed.
    pub(super) fn symlink(&mut self, name: &[u8], target: &[u8]) -> Result<()> {
        if target.is_empty() || target.len() > name::BYTES_MAX || target.contains(&0) {
            return Err(refused(format!(
                "the symbolic link {:?} has no usable target",
                name::shown(name)
            )));
        }
        self.new_entry(name, Kind::Symlink(target.to_vec()))
            .map(drop)
    }

    /// Makes a second name of a file that the archive had before.
    pub(super) fn hard_link(&mut self, name: &[u8], target: &[u8]) -> Result<()> {
        let target = EntryName::parse(target)?
            .filter(|target| matches!(self.entries.get(target), Some(Kind::File)));
        let Some(target) = target else {
            return Err(refused(format!(
                "the hard link {:?} names no file that comes before it in the archive",
                name::shown(name)
            )));
        };
        let name = self.new_entry(name, Kind::File)?;
        fs::hard_link(
            self.root.join(target.as_path()),
            self.root.join(name.as_path()),
        )
        .map_err(|error| write_failed(&name, error))
    }

    /// Makes the symbolic links. Returns whether the archive named its own root, as `tar -c .` does.
    pub(super) fn finish(self) -> Result<bool> {
        if self.entries.is_empty() {
            return Err(refused("it is empty"));
        }
        for (name, kind) in &self.entries {
            if let Kind::Symlink(target) = kind {
                let target: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(target);
                symlink(target, self.root.join(name.as_path()))
                    .map_err(|error| write_failed(name, error))?;
            }
        }
        Ok(self.names_the_root)
    }

    fn new_entry(&mut self, name: &[u8], kind: Kind) -> Result<EntryName> {
        let Some(entry) = EntryName::parse(name)? else {
            return Err(refused("its root is not a directory"));
        };
        self.parents(&entry)?;
        if self.entries.contains_key(&entry) {
            return Err(refused(format!(
                "it has two entries {:?}",
                name::shown(name)
            )));
        }
        self.insert(entry.clone(), kind)?;
        Ok(entry)
    }

    fn parents(&mut self, name: &EntryName) -> Result<()> {
        let parents: Vec<_> = name.parents().collect();
        parents
            .iter()
            .rev()
            .try_for_each(|parent| self.make_directory(parent))
    }

    fn make_directory(&mut self, name: &EntryName) -> Result<()> {
        match self.entries.get(name) {
            Some(Kind::Directory) => return Ok(()),
            Some(_) => {
                return Err(refused(format!(
                    "{} is a directory and something else",
                    name.as_path().display()
                )));
            }
            None => {}
        }
        self.insert(name.clone(), Kind::Directory)?;
        fs::DirBuilder::new()
            .mode(0o700)
            .create(self.root.join(name.as_path()))
            .map_err(|error| write_failed(name, error))
    }

    fn insert(&mut self, name: EntryName, kind: Kind) -> Result<()> {
        check_cancelled(self.cancel)?;
        if self.entries.len() >= self.limits.entries_max {
            return Err(refused(format!(
                "it has more than {} entries",
                self.limits.entries_max
            )));
        }
        self.entries.insert(name, kind);
        Ok(())
    }
}

fn write_failed(name: &EntryName, error: io::Error) -> Error {
    let message = format!("{} could not be unpacked", name.as_path().display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Error::new(ErrorKind::Unavailable, message)
                .with_hint("free space in the data directory")
        }
        io::ErrorKind::InvalidFilename => Error::new(ErrorKind::InvalidSpec, message),
        _ => Error::new(ErrorKind::Unexpected, message),
    }
    .with_source(error)
}
