//! One task of a fake service.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::{LogStream, ObservedTask, Refusal, TaskHealth, TaskState};
use super::behavior::{FakeOutput, TaskChange};
use super::spec::Template;
use super::world::Epoch;

#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: Instant,
    pub(super) stream: LogStream,
    pub(super) text: String,
}

#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) id: String,
    pub(super) slot: u64,
    pub(super) node: String,
    pub(super) template: Arc<Template>,
    pub(super) has_health_check: bool,
    pub(super) state: TaskState,
    pub(super) wanted: bool,
    pub(super) forgotten: bool,
    pub(super) health: TaskHealth,
    pub(super) error: Option<String>,
    pub(super) exit_code: Option<i64>,
    pub(super) refusal: Option<Refusal>,
    pub(super) container: Option<String>,
    pub(super) created_at: Instant,
    pub(super) changed_at: Instant,
    pub(super) running_at: Option<Instant>,
    pub(super) plan: VecDeque<(Instant, TaskChange)>,
    pub(super) output: FakeOutput,
    pub(super) lines: Vec<Line>,
}

impl Task {
    pub(super) const fn has_ended(&self) -> bool {
        matches!(
            self.state,
            TaskState::Complete
                | TaskState::Shutdown
                | TaskState::Failed
                | TaskState::Rejected
                | TaskState::Orphaned
                | TaskState::Remove
        )
    }

    pub(super) fn is_running(&self) -> bool {
        self.state == TaskState::Running
    }

    /// Whether it failed in the time in which Swarm's own updater looks at a task: before it ran, or at most
    /// `monitor` after it began to.
    pub(super) fn failed_within(&self, monitor: Duration) -> bool {
        self.state.is_failure()
            && self
                .running_at
                .is_none_or(|running| self.changed_at - running <= monitor)
    }

    /// Tells it to stop, which takes `grace` once there is a container.
    pub(super) fn stop(&mut self, now: Instant, grace: Duration) {
        self.wanted = false;
        if self.has_ended() {
            return;
        }
        let at = if self.container.is_some() {
            now + grace
        } else {
            now
        };
        self.plan = VecDeque::from([(at, TaskChange::Stopped)]);
    }

    pub(super) fn say(&mut self, at: Instant, stream: LogStream, text: impl Into<String>) {
        self.lines.push(Line {
            at,
            stream,
            text: text.into(),
        });
    }

    pub(super) fn change(&mut self, at: Instant, change: &TaskChange) {
        if let Some(health) = change.health() {
            self.health = health;
        }
        let state = match change {
            TaskChange::Placed => TaskState::Preparing,
            TaskChange::Started => self.start(at),
            TaskChange::Healthy => TaskState::Running,
            TaskChange::Unhealthy => return,
            TaskChange::Writes(count) => return self.write_again(at, *count),
            TaskChange::Exited(code) => self.exit(*code),
            TaskChange::Killed => self.fail(
                137,
                "task: non-zero exit (137): dockerexec: unhealthy container",
            ),
            TaskChange::Rejected(refusal) => {
                self.error = Some(match refusal {
                    Refusal::Lasting => format!("No such image: {}", self.template.spec.image),
                    Refusal::Passing => "swarm is not active".to_owned(),
                });
                self.refusal = Some(*refusal);
                TaskState::Rejected
            }
            TaskChange::Stopped => {
                self.exit_code = self.container.as_ref().map(|_| 0);
                TaskState::Shutdown
            }
        };
        if state == TaskState::Running {
            self.running_at.get_or_insert(at);
        }
        self.enter(at, state);
    }

    pub(super) fn enter(&mut self, at: Instant, state: TaskState) {
        self.state = state;
        self.changed_at = at;
        if self.has_ended() {
            self.plan.clear();
        }
    }

    fn start(&mut self, at: Instant) -> TaskState {
        self.error = None;
        self.container = Some(format!("container-{}", self.id));
        for line in self.output.lines.clone() {
            self.say(at, LogStream::Stdout, line);
        }
        self.plan_to_write(at, 1);
        if self.has_health_check {
            self.health = TaskHealth::Starting;
            TaskState::Starting
        } else {
            TaskState::Running
        }
    }

    fn write_again(&mut self, at: Instant, count: u64) {
        if let Some((_, text)) = &self.output.repeated {
            let line = format!("{text} {count}");
            self.say(at, LogStream::Stdout, line);
            self.plan_to_write(at, count + 1);
        }
    }

    fn plan_to_write(&mut self, now: Instant, count: u64) {
        if let Some((every, _)) = self.output.repeated {
            let at = now + every.max(Duration::from_millis(1));
            let place = self.plan.partition_point(|(due, _)| *due <= at);
            self.plan.insert(place, (at, TaskChange::Writes(count)));
        }
    }

    fn exit(&mut self, code: i64) -> TaskState {
        if code == 0 {
            self.exit_code = Some(0);
            return TaskState::Complete;
        }
        self.fail(code, &format!("task: non-zero exit ({code})"))
    }

    pub(super) fn fail(&mut self, code: i64, error: &str) -> TaskState {
        self.exit_code = Some(code);
        self.error = Some(error.to_owned());
        TaskState::Failed
    }

    pub(super) fn observe(&self, epoch: Epoch, global: bool) -> ObservedTask {
        ObservedTask {
            id: self.id.clone(),
            slot: if global { 0 } else { self.slot },
            node: (self.state != TaskState::Pending).then(|| self.node.clone()),
            image: self.template.spec.image.clone(),
            labels: self.template.spec.container_labels.clone(),
            state: self.state,
            wanted: self.wanted,
            health: self.health,
            message: Some(self.message().to_owned()),
            error: self.error.clone(),
            exit_code: self.exit_code,
            refusal: self.refusal,
            forced: self.template.forced,
            container: self.container.clone(),
            created_at: Some(epoch.at(self.created_at)),
            changed_at: Some(epoch.at(self.changed_at)),
        }
    }

    const fn message(&self) -> &'static str {
        match self.state {
            TaskState::Pending => "pending task scheduling",
            TaskState::Preparing | TaskState::Rejected => "preparing",
            TaskState::Starting => "starting",
            TaskState::Running | TaskState::Failed => "started",
            TaskState::Complete => "finished",
            TaskState::Shutdown | TaskState::Orphaned | TaskState::Remove => "shutdown",
        }
    }
}
