//! What a deployment says: all of it into its log, and the last lines at hand as evidence.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::deployment::Step;
use crate::error::Result;
use crate::id::DeploymentId;
use crate::log::{LINE_BYTES_MAX, LogStore, LogWriter};
use crate::runtime::{LogSink, LogStream};
use crate::secret::Redactor;

/// Lines that are kept at hand.
const RECENT_MAX: usize = 20;

/// Characters of such a line when it is shown.
const SHOWN_MAX: usize = 500;

/// The output of one deployment.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    log: LogWriter,
    redactor: Redactor,
    recent: Arc<Mutex<VecDeque<Vec<u8>>>>,
}

impl Output {
    /// Goes on where the log of the deployment ends.
    pub(crate) async fn open(
        logs: &LogStore,
        id: DeploymentId,
        redactor: Redactor,
    ) -> Result<Self> {
        let log = logs
            .writer(id, Step::ResolveSource, redactor.clone())
            .await?;
        Ok(Self {
            log,
            redactor,
            recent: Arc::default(),
        })
    }

    /// Takes the lines of a step. What earlier steps said is no evidence for this one.
    pub(crate) fn sink(&self, step: Step) -> Arc<dyn LogSink> {
        self.recent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        Arc::new(Self {
            log: self.log.at_step(step),
            ..self.clone()
        })
    }

    /// The last lines, masked.
    pub(crate) fn recent(&self) -> Vec<String> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Masked before it is cut: half a secret would not be found.
        let text = |line: &Vec<u8>| {
            let masked = self.redactor.redact(&String::from_utf8_lossy(line));
            masked.chars().take(SHOWN_MAX).collect()
        };
        recent.iter().map(text).collect()
    }

    /// Marks where the log of a worker before ends: what it said last died with its process.
    pub(crate) fn resume(&self) {
        self.log
            .say("[another worker goes on here; the last lines of the one before may be missing]");
    }

    /// Writes the last record and waits until the disk has everything. A log that cannot be written does not stop a
    /// deployment.
    pub(crate) async fn finish(&self, last_words: &str) {
        self.log.say(last_words);
        if let Err(error) = self.log.finish().await {
            tracing::warn!(error = ?error, "the log of a deployment is not complete");
        }
    }
}

impl LogSink for Output {
    fn line(&self, stream: LogStream, text: &[u8]) {
        self.log.line(stream, text);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == RECENT_MAX {
            recent.pop_front();
        }
        recent.push_back(text[..text.len().min(LINE_BYTES_MAX)].to_vec());
    }
}
