//! Disks that are small enough to be filled.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// Fills what is left of a disk.
///
/// # Errors
///
/// When writing fails for another reason than that it is full.
pub fn fill(directory: &Path) -> Result<()> {
    let mut ballast = File::create(ballast(directory))?;
    // The last bytes too: a small file must not find room either.
    for size in [1 << 20, 1 << 12, 1] {
        let piece = vec![0; size];
        loop {
            match ballast.write_all(&piece) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// Makes room again.
///
/// # Errors
///
/// When it was not filled.
pub fn free(directory: &Path) -> Result<()> {
    fs::remove_file(ballast(directory)).context("nothing was filled")
}

fn ballast(directory: &Path) -> PathBuf {
    directory.join("ballast")
}

/// A disk of its own for the files of a process. It is taken away when it is dropped.
#[derive(Debug)]
pub struct SmallDisk {
    directory: tempfile::TempDir,
}

impl SmallDisk {
    /// An empty one.
    ///
    /// # Errors
    ///
    /// When it cannot be mounted.
    pub async fn new(mebibytes: u32) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(directory.path())
            .output()
            .await?;
        ensure!(
            mounted.status.success(),
            "{}",
            String::from_utf8_lossy(&mounted.stderr)
        );
        Ok(Self { directory })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

impl Drop for SmallDisk {
    #[expect(
        clippy::disallowed_methods,
        reason = "a destructor cannot wait for a future"
    )]
    fn drop(&mut self) {
        // Lazily, because a process that a failed test left may still have a file open on it.
        let _ = std::process::Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .output();
    }
}
