//! Where archives are unpacked, and how it stays clean after a crash.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::runtime::Handle;

use crate::error::{Error, ErrorKind, Result};

/// The directory below which archives are unpacked.
///
/// Every process that uses it holds a shared lock; one that finds itself alone removes what killed ones left behind.
#[derive(Debug)]
pub(super) struct Workspace {
    path: PathBuf,
    /// Held for as long as the workspace is used.
    _lock: File,
}

impl Workspace {
    pub(super) fn open(path: PathBuf) -> Result<Self> {
        let lock = Self::lock(&path).map_err(|error| {
            Error::new(
                ErrorKind::Unexpected,
                format!("{} cannot be used to unpack archives", path.display()),
            )
            .with_source(error)
        })?;
        Ok(Self { path, _lock: lock })
    }

    fn lock(path: &Path) -> io::Result<File> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join(".lock"))?;
        if lock.try_lock().is_ok() {
            for entry in fs::read_dir(path)? {
                let entry = entry?;
                if entry.file_type()?.is_dir() {
                    fs::remove_dir_all(entry.path())?;
                }
            }
            lock.unlock()?;
        }
        lock.lock_shared()?;
        Ok(lock)
    }

    /// Makes an empty directory that removes itself.
    pub(super) fn directory(&self) -> Result<Unpacked> {
        TempDir::with_prefix_in("", &self.path)
            .map(|directory| Unpacked(Some(directory)))
            .map_err(|error| {
                let kind = match error.kind() {
                    io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                        ErrorKind::Unavailable
                    }
                    _ => ErrorKind::Unexpected,
                };
                Error::new(
                    kind,
                    format!("nothing can be unpacked below {}", self.path.display()),
                )
                .with_source(error)
            })
    }
}

/// A directory that is removed with its last user, off the runtime's threads.
#[derive(Debug)]
pub(super) struct Unpacked(Option<TempDir>);

impl Unpacked {
    pub(super) fn path(&self) -> &Path {
        self.0.as_ref().map_or(Path::new(""), TempDir::path)
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        let directory = self.0.take();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || drop(directory));
        }
    }
}
