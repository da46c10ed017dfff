//! Takes the lines of a deployment.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::file::LogFile;
use super::{blocking, record};
use crate::deployment::Step;
use crate::error::Result;
use crate::runtime::{LogSink, LogStream};
use crate::secret::Redactor;

/// How long the flusher waits before it tries again what could not be written.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Takes the lines of a deployment: masks, numbers and writes them.
///
/// A line costs its caller some copying; the file is written in the background. Only when lines come faster than
/// the disk takes them does the caller wait for the disk. When the last clone is dropped, everything is written.
#[derive(Clone)]
pub struct LogWriter {
    file: Arc<LogFile>,
    redactor: Redactor,
    step: Step,
    _open: Arc<DropGuard>,
}

impl LogWriter {
    pub(super) fn new(
        file: Arc<LogFile>,
        step: Step,
        redactor: Redactor,
        tasks: &TaskTracker,
    ) -> Self {
        let closed = CancellationToken::new();
        tasks.spawn(write_in_background(Arc::clone(&file), closed.clone()));
        Self {
            file,
            redactor,
            step,
            _open: Arc::new(closed.drop_guard()),
        }
    }

    /// The same log, for lines of another step.
    #[must_use]
    pub fn at_step(&self, step: Step) -> Self {
        Self {
            step,
            ..self.clone()
        }
    }

    /// Adds a line of the engine's own.
    pub fn say(&self, text: &str) {
        self.line(LogStream::System, text.as_bytes());
    }

    /// Writes everything that was taken, the kept end of a cut log included, and waits until the disk has it.
    /// Call it before the deployment's last event, so that a reader who sees that event finds the whole log.
    ///
    /// # Errors
    ///
    /// `unavailable` when it cannot be written; it stays in memory and is tried again.
    pub async fn finish(&self) -> Result<()> {
        let file = Arc::clone(&self.file);
        blocking(move || file.finish()).await
    }
}

impl LogSink for LogWriter {
    fn line(&self, stream: LogStream, text: &[u8]) {
        let text = record::mask(&self.redactor, text);
        self.file.append(self.step, stream, text);
    }
}

impl fmt::Debug for LogWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogWriter")
            .field("path", &self.file.path())
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}

async fn write_in_background(file: Arc<LogFile>, closed: CancellationToken) {
    let mut is_failing = false;
    loop {
        let something_to_write = async {
            if is_failing {
                tokio::time::sleep(RETRY_PAUSE).await;
            } else {
                file.wake.notified().await;
            }
        };
        tokio::select! {
            () = something_to_write => {}
            () = closed.cancelled() => break,
        }
        let batch = Arc::clone(&file);
        let flushed = blocking(move || batch.flush()).await;
        report(&flushed, is_failing);
        is_failing = flushed.is_err();
    }
    report(&blocking(move || file.finish()).await, is_failing);
}

/// A log that cannot be written must not stop a deployment, but somebody should know.
fn report(flushed: &Result<()>, is_known: bool) {
    match flushed {
        Err(error) if !is_known => {
            tracing::warn!(error = ?error, "a deployment's log cannot be written");
        }
        _ => {}
    }
}
