//! The verdict on a rollout: counts the tasks of this rollout and owns the deadlines. Pure; what Swarm says about its
//! own update is not asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::deployment::TaskView;
use crate::error::ErrorKind;
use crate::model::UpdatePolicy;
use crate::runtime::{ObservedService, ObservedTask, TaskHealth, TaskState, label};

/// What an observation means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Not there yet.
    Waiting,
    /// All are healthy; they have to stay so for this long.
    Monitoring(Duration),
    /// All were healthy for the whole monitor period.
    Healthy,
    /// It will not become healthy, or took too long.
    Failed(Box<RolloutFailure>),
}

/// Why a rollout failed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RolloutFailure {
    pub(crate) kind: ErrorKind,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
    /// The task to look at.
    pub(crate) task: Option<String>,
}

/// Follows one rollout from observation to observation.
#[derive(Debug)]
pub(crate) struct Rollout {
    label: String,
    policy: UpdatePolicy,
    monitor: Duration,
    first_seen: BTreeMap<String, Instant>,
    /// Tasks that ended because the engine was away, which says nothing about them.
    excused: BTreeSet<String>,
    /// Tasks that were there when the engine came back, and until when their death is put down to its absence.
    survivors: BTreeSet<String>,
    survivors_until: Option<Instant>,
    healthy_most: usize,
    progress_at: Instant,
    healthy_since: Option<Instant>,
    healthy_tasks: BTreeSet<String>,
}

impl Rollout {
    /// Begins to follow the tasks that carry this value of the rollout label. `monitored` is whether they have to stay
    /// healthy for the monitor period of the policy.
    pub(crate) fn new(label: String, policy: &UpdatePolicy, monitored: bool, now: Instant) -> Self {
        Self {
            label,
            monitor: if monitored {
                policy.monitor
            } else {
                Duration::ZERO
            },
            policy: policy.clone(),
            first_seen: BTreeMap::new(),
            excused: BTreeSet::new(),
            survivors: BTreeSet::new(),
            survivors_until: None,
            healthy_most: 0,
            progress_at: now,
            healthy_since: None,
            healthy_tasks: BTreeSet::new(),
        }
    }

    /// Tasks that have ended by now say nothing about this rollout: it goes on with tasks of an earlier one.
    pub(crate) fn excuse_ended(&mut self, service: &ObservedService) {
        self.excuse(service, |_| true);
    }

    /// A worker was away: tasks that were killed meanwhile are no failures of this rollout, because the engine may
    /// have been restarted without anybody looking.
    pub(crate) fn excuse_killed(&mut self, service: &ObservedService) {
        self.excuse(service, was_killed);
    }

    /// The engine did not answer from `since` until now. That time does not count, and tasks that ended in it, or
    /// are found to have been killed shortly after it, were ended by what happened to the engine.
    pub(crate) fn excuse_outage(
        &mut self,
        service: &ObservedService,
        since: Instant,
        now: Instant,
    ) {
        self.excuse(service, |task| !was_rejected_or_unhealthy(task));
        let survivors = service.tasks.iter().filter(|task| self.is_mine(task));
        self.survivors = survivors.map(|task| task.id.clone()).collect();
        self.survivors_until = Some(now + AFTERMATH);
        let lasted = now - since;
        self.progress_at += lasted;
        self.first_seen
            .values_mut()
            .for_each(|seen| *seen += lasted);
        self.healthy_since = None;
    }

    fn excuse(&mut self, service: &ObservedService, which: impl Fn(&ObservedTask) -> bool) {
        let ended = service
            .tasks
            .iter()
            .filter(|task| self.is_mine(task) && task.state.is_failure());
        let excused: Vec<_> = ended
            .filter(|task| which(task))
            .map(|task| task.id.clone())
            .collect();
        self.excused.extend(excused);
    }

    /// Swarm says of some tasks only a while after the engine is back that they were killed.
    fn excuse_aftermath(&mut self, service: &ObservedService, now: Instant) {
        if self.survivors_until.is_some_and(|until| now <= until) {
            let survivors = std::mem::take(&mut self.survivors);
            self.excuse(service, |task| {
                was_killed(task) && survivors.contains(&task.id)
            });
            self.survivors = survivors;
        }
    }

    /// Judges one observation.
    pub(crate) fn judge(&mut self, service: &ObservedService, now: Instant) -> Verdict {
        self.excuse_aftermath(service, now);
        let mine: Vec<_> = service
            .tasks
            .iter()
            .filter(|task| self.is_mine(task))
            .collect();
        let failed = mine
            .iter()
            .find(|task| task.state.is_failure() && !self.excused.contains(&task.id));
        if let Some(task) = failed {
            return failure(ErrorKind::Unhealthy, ended(task), HINT_LOG, Some(task));
        }
        let healthy: BTreeSet<_> = mine
            .iter()
            .filter(|task| is_healthy(task))
            .map(|task| task.id.clone())
            .collect();
        if healthy.len() > self.healthy_most {
            self.healthy_most = healthy.len();
            self.progress_at = now;
        }
        // One that Swarm stops already may take as long as its grace to do so, or for ever on a node that is lost.
        let others = service
            .tasks
            .iter()
            .any(|task| !self.is_mine(task) && task.wanted && is_up(task));
        // A service on every node that has none to be on may just not have been looked at by Swarm yet.
        let is_placed = service.replicas > 0 || !service.global;
        if is_placed && healthy.len() >= service.replicas as usize && !others {
            return self.monitor(healthy, service.replicas, now);
        }
        self.healthy_since = None;
        self.overdue(&mine, now).unwrap_or(Verdict::Waiting)
    }

    fn monitor(&mut self, healthy: BTreeSet<String>, replicas: u32, now: Instant) -> Verdict {
        // Another task in the place of one that was healthy is a new beginning.
        if self.healthy_since.is_none() || healthy != self.healthy_tasks {
            self.healthy_since = Some(now);
            self.healthy_tasks = healthy;
        }
        let lasted = self
            .healthy_since
            .map_or(Duration::ZERO, |since| now - since);
        match self.monitor.checked_sub(lasted) {
            Some(left) if replicas > 0 && !left.is_zero() => Verdict::Monitoring(left),
            _ => Verdict::Healthy,
        }
    }

    fn overdue(&mut self, mine: &[&ObservedTask], now: Instant) -> Option<Verdict> {
        for task in mine.iter().filter(|task| task.wanted && !is_healthy(task)) {
            let first_seen = *self.first_seen.entry(task.id.clone()).or_insert(now);
            if now - first_seen > self.policy.healthy_deadline {
                let message = format!(
                    "{} was not healthy within {} s",
                    describe(task),
                    self.policy.healthy_deadline.as_secs_f64()
                );
                return Some(failure(
                    ErrorKind::TimedOut,
                    message,
                    hint_of(task),
                    Some(task),
                ));
            }
        }
        if now - self.progress_at > self.policy.progress_deadline {
            let message = format!(
                "no further task became healthy within {} s",
                self.policy.progress_deadline.as_secs_f64()
            );
            let task = mine
                .iter()
                .find(|task| task.wanted && !is_healthy(task))
                .copied();
            let hint = task.map_or(HINT_PLACEMENT, hint_of);
            return Some(failure(ErrorKind::TimedOut, message, hint, task));
        }
        None
    }

    fn is_mine(&self, task: &ObservedTask) -> bool {
        task.labels.get(label::ROLLOUT) == Some(&self.label)
    }

    /// The tasks for the live view: those that are up or just ended, new ones marked.
    pub(crate) fn views(&self, service: &ObservedService) -> Vec<TaskView> {
        let shown = service
            .tasks
            .iter()
            .filter(|task| self.is_mine(task) || is_up(task));
        let mut views: Vec<_> = shown.map(|task| self.view(task)).collect();
        views.sort_by(|a, b| (&a.slot, a.new, &a.id).cmp(&(&b.slot, b.new, &b.id)));
        views.truncate(TASK_VIEWS_MAX);
        views
    }

    fn view(&self, task: &ObservedTask) -> TaskView {
        let state = match (task.state, task.health) {
            (TaskState::Running, TaskHealth::Healthy) => "healthy",
            (TaskState::Running, TaskHealth::Unhealthy) => "unhealthy",
            (state, _) => state.as_str(),
        };
        TaskView {
            id: task.id.clone(),
            slot: match (task.slot, &task.node) {
                (0, Some(node)) => node.clone(),
                (slot, _) => slot.to_string(),
            },
            state: state.to_owned(),
            new: self.is_mine(task),
            message: task.error.clone().filter(|error| !error.is_empty()),
        }
    }

    /// How many tasks of the rollout are healthy.
    pub(crate) fn healthy_count(&self, service: &ObservedService) -> usize {
        service
            .tasks
            .iter()
            .filter(|task| self.is_mine(task) && is_healthy(task))
            .count()
    }
}

/// How long after an absence of the engine tasks may still turn out to have been killed by it.
const AFTERMATH: Duration = Duration::from_secs(15);

/// Most tasks of one event; more of them would make every event of a large service large.
const TASK_VIEWS_MAX: usize = 50;

const HINT_LOG: &str = "the last lines of the task are in the evidence; see its log for more";
const HINT_PLACEMENT: &str =
    "no node takes the task: look at constraints, reservations, published ports and free resources";
const HINT_HEALTH: &str =
    "the health check never passed: look at its command, port and start period";

fn hint_of(task: &ObservedTask) -> &'static str {
    match task.state {
        TaskState::Pending => HINT_PLACEMENT,
        TaskState::Preparing => {
            "the image could not be pulled in time, or a volume or network is missing"
        }
        TaskState::Starting | TaskState::Running => HINT_HEALTH,
        _ => HINT_LOG,
    }
}

fn failure(
    kind: ErrorKind,
    message: String,
    hint: &'static str,
    task: Option<&ObservedTask>,
) -> Verdict {
    let task = task.map(|task| task.id.clone());
    Verdict::Failed(Box::new(RolloutFailure {
        kind,
        message,
        hint,
        task,
    }))
}

fn is_up(task: &ObservedTask) -> bool {
    task.wanted && task.state <= TaskState::Running || task.state == TaskState::Running
}

/// Healthy as far as can be known: with a health check, Swarm shows `running` only after the first healthy probe.
pub(crate) fn is_healthy(task: &ObservedTask) -> bool {
    task.wanted
        && task.state == TaskState::Running
        && matches!(task.health, TaskHealth::Healthy | TaskHealth::Unknown)
}

/// Ended in the way in which an engine that stops or restarts ends its containers.
fn was_killed(task: &ObservedTask) -> bool {
    matches!(task.exit_code, None | Some(137)) && !was_rejected_or_unhealthy(task)
}

fn was_rejected_or_unhealthy(task: &ObservedTask) -> bool {
    task.state == TaskState::Rejected
        || task
            .error
            .as_deref()
            .is_some_and(|error| error.contains("unhealthy"))
}

fn describe(task: &ObservedTask) -> String {
    let name = match (task.slot, &task.node) {
        (0, Some(node)) => format!("the task on node {node}"),
        (slot, _) => format!("task {slot}"),
    };
    let detail = task
        .error
        .as_deref()
        .or(task.message.as_deref())
        .unwrap_or_default();
    match detail {
        "" => format!("{name} ({})", task.state.as_str()),
        detail => format!("{name} ({}: {detail})", task.state.as_str()),
    }
}

fn ended(task: &ObservedTask) -> String {
    let unhealthy = task
        .error
        .as_deref()
        .is_some_and(|error| error.contains("unhealthy"));
    match (task.state, task.exit_code) {
        (TaskState::Rejected, _) => format!("{} was rejected by its node", describe(task)),
        (_, _) if unhealthy => format!(
            "{} was stopped because its health check failed",
            describe(task)
        ),
        (_, Some(0)) => format!("{} ended although it should go on running", describe(task)),
        (_, Some(code)) => format!("{} ended with exit code {code}", describe(task)),
        (_, None) => format!("{} ended", describe(task)),
    }
}

#[cfg(test)]
mod tests;
