//! One-off tasks of a fake engine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::{TaskOutcome, TaskSpec};

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

#[derive(Clone, Debug)]
pub(super) struct OneOff {
    pub(super) script: FakeTask,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) ends_at: Instant,
    stopped: bool,
}

impl OneOff {
    /// Its outcome, once it has ended.
    pub(super) fn outcome(&self, now: Instant) -> Option<TaskOutcome> {
        if !self.stopped && now < self.ends_at {
            return None;
        }
        let from = self.script.lines.len().saturating_sub(TAIL);
        let exit_code = if self.stopped {
            137
        } else {
            self.script.exit_code
        };
        Some(TaskOutcome {
            exit_code: Some(exit_code),
            message: (exit_code != 0).then(|| format!("task: non-zero exit ({exit_code})")),
            tail: self.script.lines[from..].to_vec(),
        })
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

    pub(super) fn start(
        &mut self,
        spec: &TaskSpec,
        labels: BTreeMap<String, String>,
        now: Instant,
    ) {
        let chosen = self.scripts.iter().rev().find_map(|choose| choose(spec));
        let script = chosen.unwrap_or_default();
        let ends_at = now + script.duration;
        let one_off = OneOff {
            script,
            labels,
            ends_at,
            stopped: false,
        };
        self.started.insert(spec.name.clone(), one_off);
    }

    /// Stops a task, and returns whether it was still running.
    pub(super) fn stop(&mut self, name: &str, now: Instant) -> bool {
        match self.started.get_mut(name) {
            Some(one_off) if one_off.outcome(now).is_none() => {
                one_off.stopped = true;
                true
            }
            _ => false,
        }
    }

    pub(super) fn remove(&mut self, name: &str) -> bool {
        self.started.remove(name).is_some()
    }
}
