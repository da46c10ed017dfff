//! Clocks that a test may set.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The wall clock of a process, which runs as the machine's does, ahead or behind. How long something lasts is not
/// measured by it.
#[derive(Debug)]
pub struct WallClock {
    directory: tempfile::TempDir,
    library: PathBuf,
}

impl WallClock {
    /// A clock that is right.
    ///
    /// # Errors
    ///
    /// When the library that stands between a process and its clock is not installed.
    pub fn new() -> Result<Self> {
        let mut folders = fs::read_dir("/usr/lib")?.filter_map(Result::ok);
        let library = folders
            .find_map(|folder| {
                let library = folder.path().join("faketime/libfaketimeMT.so.1");
                library.exists().then_some(library)
            })
            .context("libfaketime is not installed")?;
        let clock = Self {
            directory: tempfile::tempdir()?,
            library,
        };
        clock.set(0)?;
        Ok(clock)
    }

    /// Sets it this many seconds ahead of the machine's.
    ///
    /// # Errors
    ///
    /// When the file that says so cannot be written.
    pub fn set(&self, ahead: i64) -> Result<()> {
        // At once: a process must never read half of it.
        let next = self.directory.path().join("next");
        fs::write(&next, format!("{ahead:+}"))?;
        Ok(fs::rename(next, self.file())?)
    }

    /// What a process has to have in its environment.
    pub(crate) fn variables(&self) -> Vec<(&'static str, PathBuf)> {
        let yes = || Path::new("1").to_owned();
        vec![
            ("LD_PRELOAD", self.library.clone()),
            ("FAKETIME_TIMESTAMP_FILE", self.file()),
            ("FAKETIME_NO_CACHE", yes()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", yes()),
            ("DONT_FAKE_MONOTONIC", yes()),
        ]
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("ahead")
    }
}
