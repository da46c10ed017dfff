//! One-off tasks of a fake engine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::{TaskOutcome, TaskSpec};
use super::verbs::cancelled;
use crate::error::{Error, ErrorKind, Result};

/// How many lines of a task's output an outcome holds.
const TAIL: usize = 20;

/// What a one-off task on a [`FakeRuntime`](super::FakeRuntime) says and how it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeTask {
    /// Lines of output, all written when it starts.
    pub lines: Vec<String>,
    /// How long it runs.
    pub duration: Duration,
    /// Exit code.
    pub exit_code: i64,
}

impl Default for FakeTask {
    fn default() -> Self {
        Self {
            lines: vec!["ran".to_owned()],
            duration: Duration::from_millis(100),
            exit_code: 0,
        }
    }
}

type ChooseTask = dyn Fn(&TaskSpec) -> Option<FakeTask> + Send + Sync;

/// One-off tasks that were started and not yet removed.
#[derive(Default)]
pub(super) struct OneOffs {
    scripts: Vec<Arc<ChooseTask>>,
    started: BTreeMap<String, OneOff>,
}

/// Why a one-off task was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Cancelled,
    TimedOut,
}

impl Stop {
    fn error(self, name: &str) -> Error {
        match self {
            Self::Cancelled => cancelled("task", name),
            Self::TimedOut => {
                let message = format!("task {name} did not end in time");
                Error::new(ErrorKind::TimedOut, message)
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct OneOff {
    pub(super) script: FakeTask,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) ends_at: Instant,
    /// The image, when it could not be found.
    missing: Option<String>,
    stopped: Option<Stop>,
}

impl OneOff {
    /// Its outcome, once it has ended.
    fn outcome(&self, name: &str, now: Instant) -> Option<Result<TaskOutcome>> {
        if let Some(stop) = self.stopped {
            return Some(Err(stop.error(name)));
        }
        if let Some(image) = &self.missing {
            return Some(Ok(TaskOutcome {
                exit_code: None,
                message: Some(format!("No such image: {image}")),
                tail: Vec::new(),
            }));
        }
        let code = self.script.exit_code;
        let from = self.script.lines.len().saturating_sub(TAIL);
        (now >= self.ends_at).then(|| {
            Ok(TaskOutcome {
                exit_code: Some(code),
                message: (code != 0).then(|| format!("task: non-zero exit ({code})")),
                tail: self.script.lines[from..].to_vec(),
            })
        })
    }

    /// What it has written.
    pub(super) fn lines(&self) -> &[String] {
        if self.missing.is_some() {
            return &[];
        }
        &self.script.lines
    }
}

impl fmt::Debug for OneOffs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OneOffs")
            .field("started", &self.started)
            .finish_non_exhaustive()
    }
}

impl OneOffs {
    pub(super) fn push_script(&mut self, choose: Arc<ChooseTask>) {
        self.scripts.push(choose);
    }

    pub(super) fn find(&self, name: &str) -> Option<&OneOff> {
        self.started.get(name)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &OneOff)> {
        self.started.iter()
    }

    /// The outcome of a task, once it has ended; `not_found` when it was removed.
    pub(super) fn outcome(&self, name: &str, now: Instant) -> Option<Result<TaskOutcome>> {
        match self.started.get(name) {
            Some(one_off) => one_off.outcome(name, now),
            None => Some(Err(Error::not_found("task", name))),
        }
    }

    pub(super) fn start(
        &mut self,
        spec: &TaskSpec,
        has_image: bool,
        labels: BTreeMap<String, String>,
        now: Instant,
    ) {
        let chosen = self.scripts.iter().rev().find_map(|choose| choose(spec));
        let script = chosen.unwrap_or_default();
        let one_off = OneOff {
            ends_at: now + script.duration,
            script,
            labels,
            missing: (!has_image).then(|| spec.image.clone()),
            stopped: None,
        };
        self.started.insert(spec.name.clone(), one_off);
    }

    /// Stops a task, and returns whether it was still running.
    pub(super) fn stop(&mut self, name: &str, now: Instant, why: Stop) -> bool {
        match self.started.get_mut(name) {
            Some(one_off) if one_off.outcome(name, now).is_none() => {
                one_off.stopped = Some(why);
                true
            }
            _ => false,
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.started.remove(name).is_some()
    }
}
