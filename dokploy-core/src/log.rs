//! The log of a deployment: masked, bounded, numbered, and there again after a crash.
//!
//! Each deployment has one file of JSON lines. Whoever writes hands lines over and goes on; whoever reads reads the
//! file at his own pace, so that a slow reader holds up nobody and costs no memory.

use std::collections::HashMap;
use std::io::ErrorKind as IoErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use crate::clock::{Clock, SystemClock};
use crate::deployer::LogLine;
use crate::deployment::Step;
use crate::error::{Error, ErrorKind, Result};
use crate::id::DeploymentId;
use crate::secret::Redactor;

mod file;
mod line_buffer;
mod reader;
mod record;
mod writer;

use self::file::LogFile;
pub use self::line_buffer::LineBuffer;
pub use self::writer::LogWriter;

/// Bytes of a line that are kept; the rest of a longer one is cut off, with a mark.
pub const LINE_BYTES_MAX: usize = 16 * 1024;

/// How much of a log is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// Bytes of the file of one deployment, from its beginning.
    pub head_bytes: u64,
    /// Bytes that are kept of the end, once the beginning has reached its limit.
    pub tail_bytes: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self {
            head_bytes: 64 * 1024 * 1024,
            tail_bytes: 256 * 1024,
        }
    }
}

/// The directory that holds the logs of all deployments. One process at a time writes to it.
#[derive(Clone, Debug)]
pub struct LogStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    limits: LogLimits,
    clock: Arc<dyn Clock>,
    channels: Mutex<HashMap<DeploymentId, Weak<Channel>>>,
    writers: TaskTracker,
}

/// What the writers and the readers of one log share.
#[derive(Debug)]
struct Channel {
    /// Bytes that can be read; a change wakes up the readers.
    written: watch::Sender<u64>,
    /// The file, while somebody writes to it.
    file: Mutex<Weak<LogFile>>,
}

impl LogStore {
    /// Logs in the given directory, which is made when it is not there. Blocks for a short time.
    ///
    /// # Errors
    ///
    /// `unavailable` when the directory cannot be made.
    pub fn open(folder: impl Into<PathBuf>, limits: LogLimits) -> Result<Self> {
        Self::with_clock(folder, limits, Arc::new(SystemClock))
    }

    /// The same with another clock.
    ///
    /// # Errors
    ///
    /// `unavailable` when the directory cannot be made.
    pub fn with_clock(
        folder: impl Into<PathBuf>,
        limits: LogLimits,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let folder = folder.into();
        std::fs::create_dir_all(&folder).map_err(|error| failed("create", &folder, error))?;
        Ok(Self {
            shared: Arc::new(Shared {
                folder,
                limits,
                clock,
                channels: Mutex::default(),
                writers: TaskTracker::new(),
            }),
        })
    }

    /// A writer that goes on where the log ends. A line that a crash has torn is cut off first. All writers of one
    /// log write to the same sequence.
    ///
    /// # Errors
    ///
    /// `unavailable` when the file cannot be opened.
    pub async fn writer(
        &self,
        id: DeploymentId,
        step: Step,
        redactor: Redactor,
    ) -> Result<LogWriter> {
        let channel = self.channel(id);
        let path = self.path(id);
        let (limits, clock) = (self.shared.limits, Arc::clone(&self.shared.clock));
        let file = blocking(move || {
            let mut current = lock(&channel.file);
            if let Some(file) = current.upgrade() {
                return Ok(file);
            }
            let file = Arc::new(LogFile::open(path, limits, clock, Arc::clone(&channel))?);
            *current = Arc::downgrade(&file);
            Ok(file)
        })
        .await?;
        Ok(LogWriter::new(file, step, redactor, &self.shared.writers))
    }

    /// Lines after a number, those of the past first. With `until` it goes on with those to come; when that future
    /// is ready, what was written by then is delivered and the stream ends.
    ///
    /// A log that does not exist has no lines.
    pub fn read(
        &self,
        id: DeploymentId,
        after: u64,
        until: Option<BoxFuture<'static, ()>>,
    ) -> BoxStream<'static, Result<LogLine>> {
        reader::stream(self.path(id), self.channel(id), after, until)
    }

    /// Deletes a log. Deleting one that does not exist is Ok.
    ///
    /// # Errors
    ///
    /// `unavailable` when the file cannot be deleted.
    pub async fn delete(&self, id: DeploymentId) -> Result<()> {
        let path = self.path(id);
        blocking(move || match std::fs::remove_file(&path) {
            Err(error) if error.kind() != IoErrorKind::NotFound => {
                Err(failed("delete", &path, error))
            }
            _ => Ok(()),
        })
        .await
    }

    /// Waits until everything is written that writers have taken. All writers have to be dropped before.
    pub async fn close(&self) {
        self.shared.writers.close();
        self.shared.writers.wait().await;
    }

    fn path(&self, id: DeploymentId) -> PathBuf {
        self.shared.folder.join(format!("{id}.log"))
    }

    fn channel(&self, id: DeploymentId) -> Arc<Channel> {
        let mut channels = lock(&self.shared.channels);
        if let Some(channel) = channels.get(&id).and_then(Weak::upgrade) {
            return channel;
        }
        channels.retain(|_, channel| channel.strong_count() > 0);
        let channel = Arc::new(Channel {
            written: watch::Sender::new(0),
            file: Mutex::default(),
        });
        channels.insert(id, Arc::downgrade(&channel));
        channel
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| {
            let message = "work on a log file was given up";
            Err(Error::new(ErrorKind::Unexpected, message).with_source(error))
        })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(verb: &str, path: &Path, error: std::io::Error) -> Error {
    let message = format!("cannot {verb} the log {}", path.display());
    Error::new(ErrorKind::Unavailable, message).with_source(error)
}

#[cfg(test)]
mod tests;
