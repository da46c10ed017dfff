//! What a process uses, as the kernel sees it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// A process that runs.
#[derive(Debug)]
pub struct Process {
    folder: PathBuf,
}

impl Process {
    /// The process with this id.
    pub fn of(pid: u32) -> Self {
        Self {
            folder: PathBuf::from(format!("/proc/{pid}")),
        }
    }

    /// Bytes of memory that it uses.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn memory(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// The most that it has ever used.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn memory_most(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    /// Files and connections that it has open, by what they are: a path, or a kind and a number.
    ///
    /// # Errors
    ///
    /// When it has ended.
    pub fn open_files(&self) -> Result<Vec<String>> {
        let mut open = Vec::new();
        for entry in fs::read_dir(self.folder.join("fd"))? {
            // One that was closed meanwhile is not open.
            if let Ok(target) = fs::read_link(entry?.path()) {
                open.push(target.display().to_string());
            }
        }
        Ok(open)
    }

    fn status(&self, field: &str) -> Result<u64> {
        let status = fs::read_to_string(self.folder.join("status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.context("a process has memory")?.trim().parse()?;
        Ok(kibibytes << 10)
    }
}
