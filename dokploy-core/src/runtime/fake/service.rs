//! One service of a fake swarm: how many tasks there are, and which are restarted.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::super::{ObservedService, ServiceSpec, TaskHealth, TaskState};
use super::behavior::{FakeBehavior, FakeLaunch, schedule};
use super::rollout::Rollout;
use super::spec::{Template, kept_digest};
use super::task::Task;
use super::world::{Epoch, Surroundings};
use crate::model::{PortMode, RestartCondition, ServiceMode};

/// How many tasks that ended Swarm remembers for each slot.
const HISTORY: usize = 5;
/// How soon a task without a node looks for one again.
const PLACE_AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Service {
    pub(super) id: String,
    pub(super) template: Arc<Template>,
    pub(super) previous: Option<Arc<Template>>,
    pub(super) forced: u64,
    pub(super) version: u64,
    pub(super) rollout: Option<Rollout>,
    pub(super) update_state: Option<&'static str>,
    pub(super) tasks: Vec<Task>,
    pub(super) removed: bool,
    restarts: BTreeMap<u64, Vec<Instant>>,
}

impl Service {
    pub(super) fn new(id: String, spec: ServiceSpec, version: u64) -> Self {
        Self {
            id,
            template: Arc::new(Template::new(spec, 0)),
            previous: None,
            forced: 0,
            version,
            rollout: None,
            update_state: None,
            tasks: Vec::new(),
            removed: false,
            restarts: BTreeMap::new(),
        }
    }

    pub(super) fn spec(&self) -> &ServiceSpec {
        &self.template.spec
    }

    /// Writes a specification as the manager does: the one before is kept, a running update is cancelled, and the
    /// state of the update is unknown until a slot has to change.
    pub(super) fn write(&mut self, spec: ServiceSpec, version: u64) {
        let template = Arc::new(Template::new(spec, self.forced));
        self.previous = Some(std::mem::replace(&mut self.template, template));
        self.rollout = None;
        self.update_state = None;
        self.version = version;
    }

    pub(super) fn is_global(&self) -> bool {
        self.spec().mode == ServiceMode::Global
    }

    pub(super) fn slot_count(&self, around: &Surroundings) -> u64 {
        if self.is_global() {
            around.nodes_for(&self.spec().constraints).len() as u64
        } else {
            u64::from(self.spec().replicas)
        }
    }

    /// Does what is due, and returns whether anything happened.
    pub(super) fn reconcile(&mut self, now: Instant, around: &mut Surroundings) -> bool {
        let mut happened = self.fire(now, around);
        if self.removed {
            for task in self.tasks.iter_mut().filter(|task| task.wanted) {
                task.stop(now, around.timings.stop);
                happened = true;
            }
            return happened;
        }
        happened |= self.restart_ended(now, around);
        happened |= self.match_count(now, around);
        happened |= self.roll_out(now, around);
        self.forget();
        happened
    }

    /// When something is due next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let tasks = self
            .tasks
            .iter()
            .filter_map(|task| Some(task.plan.front()?.0));
        let rollout = self.rollout.as_ref().and_then(Rollout::next_due);
        tasks.chain(rollout).min()
    }

    fn fire(&mut self, now: Instant, around: &Surroundings) -> bool {
        let mut happened = false;
        for task in &mut self.tasks {
            while let Some((at, change)) = task.plan.front().cloned() {
                if at > now {
                    break;
                }
                happened = true;
                if task.state == TaskState::Pending && task.wanted && !has_port(task, around) {
                    task.error = Some(
                        "no suitable node (host-mode port already in use on 1 node)".to_owned(),
                    );
                    for (due, _) in &mut task.plan {
                        *due += PLACE_AGAIN;
                    }
                    continue;
                }
                task.plan.pop_front();
                task.change(at, &change);
            }
        }
        happened
    }

    fn restart_ended(&mut self, now: Instant, around: &mut Surroundings) -> bool {
        let ended: Vec<usize> = (0..self.tasks.len())
            .filter(|&index| self.tasks[index].wanted && self.tasks[index].has_ended())
            .collect();
        for &index in &ended {
            self.tasks[index].wanted = false;
            let slot = self.tasks[index].slot;
            if slot > self.slot_count(around) || self.tasks_of(slot).any(|task| task.wanted) {
                continue;
            }
            if self.may_restart(&self.tasks[index].clone(), now) {
                self.restarts.entry(slot).or_default().push(now);
                let delay = self.spec().restart.delay.max(Duration::from_millis(1));
                self.launch(slot, now, delay, around);
            }
        }
        !ended.is_empty()
    }

    fn may_restart(&mut self, task: &Task, now: Instant) -> bool {
        let policy = &self.template.spec.restart;
        let by_condition = match policy.condition {
            RestartCondition::None => false,
            RestartCondition::OnFailure => task.state != TaskState::Complete,
            RestartCondition::Any => true,
        };
        let window = policy.window;
        let attempts = self.restarts.entry(task.slot).or_default();
        if task.template.task_digest != self.template.task_digest {
            attempts.clear();
        }
        if !window.is_zero() {
            attempts.retain(|at| now - *at < window);
        }
        let count = attempts.len() as u64;
        by_condition
            && policy
                .max_attempts
                .is_none_or(|max| max == 0 || count < max)
    }

    fn match_count(&mut self, now: Instant, around: &mut Surroundings) -> bool {
        let count = self.slot_count(around);
        let mut happened = false;
        for task in &mut self.tasks {
            if task.slot > count && !task.forgotten {
                task.stop(now, around.timings.stop);
                task.forgotten = true;
                happened = true;
            }
        }
        for slot in 1..=count {
            if self.tasks_of(slot).next().is_none() {
                self.launch(slot, now, Duration::ZERO, around);
                happened = true;
            }
        }
        happened
    }

    pub(super) fn tasks_of(&self, slot: u64) -> impl Iterator<Item = &Task> {
        self.tasks
            .iter()
            .filter(move |task| task.slot == slot && !task.forgotten)
    }

    /// Whether a slot still has to change to the current specification.
    pub(super) fn is_dirty(&self, slot: u64) -> bool {
        let current = &self.template.task_digest;
        let mut wanted = self.tasks_of(slot).filter(|task| task.wanted).peekable();
        if wanted.peek().is_some() {
            return wanted.any(|task| task.template.task_digest != *current);
        }
        let newest = self.tasks_of(slot).last();
        newest.is_some_and(|task| task.template.task_digest != *current)
    }

    /// Makes a task of the current specification and returns its identifier.
    pub(super) fn launch(
        &mut self,
        slot: u64,
        now: Instant,
        delay: Duration,
        around: &mut Surroundings,
    ) -> String {
        let template = Arc::clone(&self.template);
        let image = around.images.find(&template.spec.image);
        let attempt = self
            .tasks_of(slot)
            .filter(|task| task.template.task_digest == template.task_digest)
            .count() as u64;
        let has_health_check = template.spec.health.is_some()
            || image.is_some_and(|image| image.image.has_health_check);
        let behavior = match image {
            None => FakeBehavior::ImageNotFound,
            Some(image) => around.behaviors.choose(
                &FakeLaunch {
                    service: &template.spec.name,
                    image: &template.spec.image,
                    image_labels: &image.image.labels,
                    labels: &template.spec.container_labels,
                    command: template.spec.command.as_deref(),
                    slot,
                    attempt,
                },
                image,
            ),
        };
        let node = around.node_for(slot, &template.spec.constraints);
        let behavior = match node {
            Some(_) => behavior,
            None => FakeBehavior::CannotBePlaced,
        };
        let start = now + delay;
        let plan: VecDeque<_> = schedule(&behavior, around.timings, has_health_check)
            .into_iter()
            .map(|(after, change)| (start + after, change))
            .collect();
        let error = plan.is_empty().then(|| {
            "no suitable node (scheduling constraints not satisfied on 1 node)".to_owned()
        });
        let id = around.new_id("task");
        let output = around.behaviors.output(&template.spec.image);
        self.tasks.push(Task {
            id: id.clone(),
            slot,
            node: node.unwrap_or_default(),
            template,
            has_health_check,
            state: TaskState::Pending,
            wanted: true,
            forgotten: false,
            health: TaskHealth::Unknown,
            error,
            exit_code: None,
            refusal: None,
            container: None,
            created_at: now,
            changed_at: now,
            running_at: None,
            plan,
            output,
            lines: Vec::new(),
        });
        id
    }

    fn forget(&mut self) {
        self.tasks
            .retain(|task| !(task.forgotten && task.has_ended()));
        let mut kept: BTreeMap<u64, usize> = BTreeMap::new();
        for task in self.tasks.iter().filter(|task| task.has_ended()) {
            *kept.entry(task.slot).or_default() += 1;
        }
        self.tasks.retain(|task| {
            let count = kept.get_mut(&task.slot);
            match count {
                Some(count) if task.has_ended() && *count > HISTORY => {
                    *count -= 1;
                    false
                }
                _ => true,
            }
        });
    }

    pub(super) fn observe(
        &self,
        name: &str,
        epoch: Epoch,
        around: &Surroundings,
    ) -> ObservedService {
        let spec = self.spec();
        ObservedService {
            id: self.id.clone(),
            name: name.to_owned(),
            version: self.version,
            spec_digest: kept_digest(spec),
            labels: spec.labels.clone(),
            container_labels: spec.container_labels.clone(),
            image: spec.image.clone(),
            global: self.is_global(),
            replicas: u32::try_from(self.slot_count(around)).unwrap_or(u32::MAX),
            forced: self.template.forced,
            update_state: self.update_state.map(str::to_owned),
            tasks: self
                .tasks
                .iter()
                .rev()
                .map(|task| task.observe(epoch, self.is_global()))
                .collect(),
        }
    }
}

/// Ports that a task takes on its node.
pub(super) fn host_ports(spec: &ServiceSpec) -> impl Iterator<Item = u16> {
    spec.ports
        .iter()
        .filter(|port| port.mode == PortMode::Host)
        .filter_map(|port| port.published)
}

fn has_port(task: &Task, around: &Surroundings) -> bool {
    host_ports(&task.template.spec).all(|port| {
        around
            .ports
            .get(&(task.node.clone(), port))
            .is_none_or(|owner| *owner == task.id)
    })
}
