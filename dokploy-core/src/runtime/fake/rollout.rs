//! A rolling update the way Swarm does it, automatic rollback included.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::super::TaskState;
use super::service::Service;
use super::task::Task;
use super::world::Surroundings;
use crate::model::UpdateOrder;

#[derive(Debug)]
pub(super) struct Rollout {
    is_rollback: bool,
    waiting: VecDeque<u64>,
    active: Vec<(u64, Phase)>,
    started_at: Instant,
    monitored_until: Option<Instant>,
}

#[derive(Clone, Debug)]
enum Phase {
    StoppingOld,
    StartingNew(String),
    Pausing(Instant),
}

impl Rollout {
    fn new(is_rollback: bool, slots: VecDeque<u64>, now: Instant) -> Self {
        Self {
            is_rollback,
            waiting: slots,
            active: Vec::new(),
            started_at: now,
            monitored_until: None,
        }
    }

    pub(super) fn next_due(&self) -> Option<Instant> {
        let pauses = self.active.iter().filter_map(|(_, phase)| match phase {
            Phase::Pausing(until) => Some(*until),
            _ => None,
        });
        pauses.chain(self.monitored_until).min()
    }
}

impl Service {
    /// Goes on with the update, or begins one when a slot has to change.
    pub(super) fn roll_out(&mut self, now: Instant, around: &mut Surroundings) -> bool {
        let Some(mut rollout) = self.rollout.take() else {
            return self.begin_rollout(false, "updating", now, around);
        };
        if !rollout.is_rollback && self.has_failed(&rollout) {
            self.roll_back(now, around);
            return true;
        }
        let mut happened = false;
        for (slot, phase) in std::mem::take(&mut rollout.active) {
            let next = self.advance_slot(slot, phase.clone(), now, around);
            happened |= next.as_ref().is_none_or(|next| !same_phase(next, &phase));
            rollout.active.extend(next.map(|next| (slot, next)));
        }
        let parallelism = match self.spec().parallelism {
            0 => usize::MAX,
            limit => limit as usize,
        };
        while rollout.active.len() < parallelism {
            let Some(slot) = rollout.waiting.pop_front() else {
                break;
            };
            happened = true;
            if self.is_dirty(slot) {
                let phase = self.begin_slot(slot, now, around);
                rollout.active.push((slot, phase));
            }
        }
        if rollout.active.is_empty() && rollout.waiting.is_empty() {
            return self.finish(rollout, now, around) || happened;
        }
        self.rollout = Some(rollout);
        happened
    }

    fn begin_rollout(
        &mut self,
        is_rollback: bool,
        state: &'static str,
        now: Instant,
        around: &mut Surroundings,
    ) -> bool {
        let slots: VecDeque<u64> = (1..=self.slot_count(around))
            .filter(|slot| self.is_dirty(*slot))
            .collect();
        if slots.is_empty() && !is_rollback {
            return false;
        }
        self.update_state = Some(state);
        self.version = around.next_version();
        self.rollout = Some(Rollout::new(is_rollback, slots, now));
        true
    }

    fn has_failed(&self, rollout: &Rollout) -> bool {
        let monitor = self.spec().monitor;
        self.tasks.iter().any(|task| {
            task.created_at >= rollout.started_at
                && task.template.task_digest == self.template.task_digest
                && task.failed_within(monitor)
        })
    }

    fn roll_back(&mut self, now: Instant, around: &mut Surroundings) {
        let Some(previous) = self.previous.take() else {
            self.update_state = Some("paused");
            self.version = around.next_version();
            return;
        };
        self.template = previous;
        self.begin_rollout(true, "rollback_started", now, around);
    }

    fn begin_slot(&mut self, slot: u64, now: Instant, around: &mut Surroundings) -> Phase {
        if self.spec().order == UpdateOrder::StopFirst {
            self.stop_old(slot, now, around);
            return Phase::StoppingOld;
        }
        Phase::StartingNew(self.launch(slot, now, Duration::ZERO, around))
    }

    fn advance_slot(
        &mut self,
        slot: u64,
        phase: Phase,
        now: Instant,
        around: &mut Surroundings,
    ) -> Option<Phase> {
        match phase {
            Phase::StoppingOld => {
                let is_stopping = |task: &Task| !task.wanted && !task.has_ended();
                if self.tasks_of(slot).any(is_stopping) {
                    return Some(Phase::StoppingOld);
                }
                // One of the current specification may wait there since an update before.
                let present = self.tasks_of(slot).find(|task| task.wanted);
                let present = present.map(|task| task.id.clone());
                let id = present.unwrap_or_else(|| self.launch(slot, now, Duration::ZERO, around));
                Some(Phase::StartingNew(id))
            }
            Phase::StartingNew(id) => {
                // Swarm waits for the very task that it has made, also when the node of that one is lost.
                let arrived = self
                    .tasks_of(slot)
                    .find(|task| task.id == id)
                    .is_none_or(|task| {
                        task.is_running() || task.has_ended() && task.state != TaskState::Orphaned
                    });
                if !arrived {
                    return Some(Phase::StartingNew(id));
                }
                self.stop_old(slot, now, around);
                let delay = self.spec().delay;
                (!delay.is_zero()).then(|| Phase::Pausing(now + delay))
            }
            Phase::Pausing(until) => (until > now).then_some(Phase::Pausing(until)),
        }
    }

    fn stop_old(&mut self, slot: u64, now: Instant, around: &Surroundings) {
        let current = self.template.task_digest.clone();
        for task in &mut self.tasks {
            if task.slot == slot && task.wanted && task.template.task_digest != current {
                task.stop(now, around.timings.stop);
            }
        }
    }

    fn finish(&mut self, mut rollout: Rollout, now: Instant, around: &mut Surroundings) -> bool {
        let until = *rollout
            .monitored_until
            .get_or_insert(now + self.spec().monitor);
        if now < until {
            self.rollout = Some(rollout);
            return false;
        }
        self.update_state = Some(if rollout.is_rollback {
            "rollback_completed"
        } else {
            "completed"
        });
        self.version = around.next_version();
        true
    }
}

fn same_phase(left: &Phase, right: &Phase) -> bool {
    std::mem::discriminant(left) == std::mem::discriminant(right)
}
