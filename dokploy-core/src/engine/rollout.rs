//! The verdict on a rollout: counts the tasks of this rollout and owns the deadlines. Pure; what Swarm says about its
//! own update is not asked.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::deployment::TaskView;
use crate::error::ErrorKind;
use crate::model::UpdatePolicy;
use crate::runtime::{ObservedService, ObservedTask, Refusal, TaskHealth, TaskState, label};

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
    /// Since when what was tried could not be started.
    refused_since: Option<Instant>,
    was_refused: bool,
    stuck_since: Option<Instant>,
    repeated_at: Option<Instant>,
    repeats_left: u32,
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
            refused_since: None,
            was_refused: false,
            stuck_since: None,
            repeated_at: None,
            repeats_left: REPEATS_MAX,
        }
    }

    /// Follows a rollout that nobody here has begun, so that nobody here repeats it.
    pub(crate) fn without_repeats(mut self) -> Self {
        self.repeats_left = 0;
        self
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
        let survivors = self.mine(service).into_iter();
        self.survivors = survivors.map(|task| task.id.clone()).collect();
        self.survivors_until = Some(now + AFTERMATH);
        let lasted = now - since;
        self.progress_at += lasted;
        self.first_seen
            .values_mut()
            .for_each(|seen| *seen += lasted);
        self.refused_since = self.refused_since.map(|since| since + lasted);
        self.stuck_since = None;
        self.healthy_since = None;
    }

    fn excuse(&mut self, service: &ObservedService, which: impl Fn(&ObservedTask) -> bool) {
        let mine = self.mine(service).into_iter();
        let excused: Vec<_> = mine
            .filter(|task| task.state.is_failure() && which(task))
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
        let mine = self.mine(service);
        if let Some(task) = mine.iter().find(|task| self.has_failed(task)) {
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
            self.refused_since = None;
        }
        // One that Swarm stops already may take as long as its grace to do so, or for ever on a node that is lost.
        let others = service
            .tasks
            .iter()
            .any(|task| !self.is_mine(service, task) && task.wanted && is_up(task));
        // A service on every node that has none to be on may just not have been looked at by Swarm yet.
        let is_placed = service.replicas > 0 || !service.global;
        let is_doubled = self.repeats_left > 0 && is_doubled(&mine);
        if is_placed && healthy.len() >= service.replicas as usize && !others && !is_doubled {
            return self.monitor(healthy, service.replicas, now);
        }
        self.healthy_since = None;
        let failed = self
            .overdue(&mine, now)
            .or_else(|| self.refused(&mine, now));
        failed.unwrap_or(Verdict::Waiting)
    }

    /// Whether a task ended in a way that says something about the release.
    fn has_failed(&self, task: &ObservedTask) -> bool {
        task.state.is_failure()
            && task.refusal != Some(Refusal::Passing)
            && !self.excused.contains(&task.id)
    }

    /// A task that never ran, for a reason that may pass, is tried again by Swarm: for a while only.
    fn refused(&mut self, mine: &[&ObservedTask], now: Instant) -> Option<Verdict> {
        let Some(task) = refused_now(mine) else {
            // One that has started is judged by itself from here on.
            if mine.iter().any(|task| task.wanted && !is_on_its_way(task)) {
                self.refused_since = None;
            }
            return None;
        };
        self.was_refused = true;
        let since = *self.refused_since.get_or_insert(now);
        let patience = REFUSALS_LAST.min(self.policy.healthy_deadline);
        (now - since > patience).then(|| {
            let message = format!(
                "{} could not be started, and was tried again for {} s",
                describe(task),
                patience.as_secs_f64()
            );
            failure(ErrorKind::Unhealthy, message, HINT_REFUSED, Some(task))
        })
    }

    /// Whether something ended that says nothing about the release: Swarm cannot tell, and may have gone back for it.
    pub(crate) fn was_disturbed(&self) -> bool {
        self.was_refused || !self.excused.is_empty()
    }

    /// Whether Swarm has lost its way, so that the same has to be asked of it once more. `went_back` is whether it has
    /// gone back to the specification before although nothing has failed.
    ///
    /// Its updater waits for ever for a task that it gave to a node just before that was lost, and the task that is
    /// made in the place of an old one on that node may be a second one in its slot. What could not be started is tried
    /// again only as often as the restart policy of the application says.
    pub(crate) fn is_stuck(
        &mut self,
        service: &ObservedService,
        went_back: bool,
        now: Instant,
    ) -> bool {
        let mine = self.mine(service);
        let is_lost = mine.iter().any(|task| task.state == TaskState::Orphaned);
        let is_astray = went_back || is_lost || is_doubled(&mine) || is_given_up(&mine);
        if self.repeats_left == 0 || !is_astray {
            self.stuck_since = None;
            return false;
        }
        // What Swarm does about it by itself comes first, and so does its pause between two batches.
        let since = *self.stuck_since.get_or_insert(now);
        now - since.max(self.progress_at()) >= STUCK_AFTER + self.policy.delay
    }

    /// The same was asked of Swarm once more: from here on, all tasks are to be newer ones.
    pub(crate) fn repeated(&mut self, now: Instant) {
        self.repeats_left = self.repeats_left.saturating_sub(1);
        self.stuck_since = None;
        self.healthy_since = None;
        self.healthy_most = 0;
        self.repeated_at = Some(now);
    }

    /// Since when nothing has become better. A repetition begins anew.
    fn progress_at(&self) -> Instant {
        self.repeated_at
            .map_or(self.progress_at, |at| at.max(self.progress_at))
    }

    /// Whether it may be asked once more.
    pub(crate) fn may_repeat(&self) -> bool {
        self.repeats_left > 0
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
        if now - self.progress_at() > self.policy.progress_deadline {
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

    /// Tasks of before a replacement of all tasks was forced carry the same label.
    fn is_mine(&self, service: &ObservedService, task: &ObservedTask) -> bool {
        task.labels.get(label::ROLLOUT) == Some(&self.label) && task.forced >= service.forced
    }

    fn mine<'a>(&self, service: &'a ObservedService) -> Vec<&'a ObservedTask> {
        let tasks = service.tasks.iter();
        tasks.filter(|task| self.is_mine(service, task)).collect()
    }

    /// The tasks for the live view: those that are up or just ended, new ones marked.
    pub(crate) fn views(&self, service: &ObservedService) -> Vec<TaskView> {
        let shown = service
            .tasks
            .iter()
            .filter(|task| self.is_mine(service, task) || is_up(task));
        let mut views: Vec<_> = shown.map(|task| self.view(service, task)).collect();
        views.sort_by(|a, b| (&a.slot, a.new, &a.id).cmp(&(&b.slot, b.new, &b.id)));
        views.truncate(TASK_VIEWS_MAX);
        views
    }

    fn view(&self, service: &ObservedService, task: &ObservedTask) -> TaskView {
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
            new: self.is_mine(service, task),
            message: task.error.clone().filter(|error| !error.is_empty()),
        }
    }

    /// How many tasks of the rollout are healthy.
    pub(crate) fn healthy_count(&self, service: &ObservedService) -> usize {
        let mine = self.mine(service);
        mine.iter().filter(|task| is_healthy(task)).count()
    }
}

/// How long what cannot be started is tried again without any progress: an engine that was killed is back in the swarm
/// within seconds.
const REFUSALS_LAST: Duration = Duration::from_mins(1);

/// How long Swarm may look for its way by itself.
const STUCK_AFTER: Duration = Duration::from_secs(10);

/// How often the same is asked of Swarm once more.
const REPEATS_MAX: u32 = 5;

/// How long after an absence of the engine tasks may still turn out to have been killed by it.
const AFTERMATH: Duration = Duration::from_secs(15);

/// Most tasks of one event; more of them would make every event of a large service large.
const TASK_VIEWS_MAX: usize = 50;

const HINT_LOG: &str = "the last lines of the task are in the evidence; see its log for more";
const HINT_REFUSED: &str = "look at the log of the engine of that node, and deploy again";
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

/// A task that could not be started, in a slot in which nothing has come further since.
fn refused_now<'a>(mine: &[&'a ObservedTask]) -> Option<&'a ObservedTask> {
    let mut decided = BTreeSet::new();
    mine.iter().copied().find(|task| {
        !is_on_its_way(task)
            && decided.insert(place(task))
            && task.refusal == Some(Refusal::Passing)
    })
}

/// A task that could not be started, in a slot in which nothing is tried any more.
fn is_given_up(mine: &[&ObservedTask]) -> bool {
    let wanted = mine.iter().filter(|task| task.wanted);
    let wanted: BTreeSet<_> = wanted.map(|task| place(task)).collect();
    refused_now(mine).is_some_and(|task| !wanted.contains(&place(task)))
}

fn is_on_its_way(task: &ObservedTask) -> bool {
    matches!(task.state, TaskState::Pending | TaskState::Preparing)
}

/// Whether two tasks are wanted in one place.
fn is_doubled(mine: &[&ObservedTask]) -> bool {
    let mut places = BTreeSet::new();
    let mut wanted = mine
        .iter()
        .filter(|task| task.wanted && !task.state.is_failure());
    wanted.any(|task| !places.insert(place(task)))
}

/// Its slot, or for a global service its node.
fn place(task: &ObservedTask) -> (u64, Option<&str>) {
    let is_global = task.slot == 0;
    (task.slot, task.node.as_deref().filter(|_| is_global))
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
