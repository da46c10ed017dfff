//! The state of a fake engine, moved forward by the clock of tokio.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::super::constraint;
use super::behavior::FakeTimings;
use super::fault::Faults;
use super::image::{Images, Scripts};
use super::journal::FakeEffect;
use super::one_off::OneOffs;
use super::service::{Service, host_ports};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// Which moment of the calendar an instant is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epoch {
    instant: Instant,
    timestamp: Timestamp,
}

impl Epoch {
    pub(super) fn new(timestamp: Timestamp) -> Self {
        Self {
            instant: Instant::now(),
            timestamp,
        }
    }

    pub(super) fn at(self, instant: Instant) -> Timestamp {
        self.timestamp
            .plus(instant.saturating_duration_since(self.instant))
    }
}

/// What services share.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) timings: FakeTimings,
    pub(super) nodes: Vec<Node>,
    pub(super) images: Images,
    pub(super) behaviors: Scripts,
    /// Ports of nodes that are taken, by node and port, with the task that has them.
    pub(super) ports: BTreeMap<(String, u16), String>,
    next_id: u64,
    version: u64,
}

impl Surroundings {
    pub(super) fn new_id(&mut self, kind: &str) -> String {
        self.next_id += 1;
        format!("{kind}-{:06}", self.next_id)
    }

    pub(super) fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    /// Nodes that may run a task with these constraints.
    pub(super) fn nodes_for(&self, constraints: &[String]) -> Vec<&Node> {
        let meets = |node: &&Node| {
            let meets = |text: &String| constraint::meets(text, |key| node.attribute(key));
            constraints.iter().all(meets)
        };
        self.nodes.iter().filter(meets).collect()
    }

    /// The node of a slot, if one qualifies.
    pub(super) fn node_for(&self, slot: u64, constraints: &[String]) -> Option<String> {
        let nodes = self.nodes_for(constraints);
        let index = usize::try_from(slot.saturating_sub(1)).unwrap_or_default();
        let node = nodes.get(index.checked_rem(nodes.len())?)?;
        Some(node.name.clone())
    }
}

/// A node of the swarm.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
}

impl Node {
    pub(super) fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            labels: BTreeMap::new(),
        }
    }

    fn attribute(&self, key: &str) -> Option<&str> {
        match key {
            "node.id" | "node.hostname" => Some(&self.name),
            "node.role" => Some("manager"),
            "node.platform.os" => Some("linux"),
            _ => self
                .labels
                .get(key.strip_prefix("node.labels.")?)
                .map(String::as_str),
        }
    }
}

/// A named thing with labels.
#[derive(Clone, Debug)]
pub(super) struct Labelled {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: Option<Secret>,
}

/// The state of a fake engine.
#[derive(Debug)]
pub(super) struct World {
    pub(super) epoch: Epoch,
    pub(super) around: Surroundings,
    pub(super) services: BTreeMap<String, Service>,
    pub(super) one_offs: OneOffs,
    pub(super) networks: BTreeMap<String, Labelled>,
    pub(super) volumes: BTreeMap<String, Labelled>,
    pub(super) secrets: BTreeMap<String, Labelled>,
    pub(super) faults: Faults,
    pub(super) journal: Vec<FakeEffect>,
    pub(super) in_swarm: bool,
    pub(super) usage: (f64, u64),
    /// Grows with every change of the service of that name; removed services keep theirs.
    pub(super) revisions: BTreeMap<String, u64>,
    now: Instant,
}

impl World {
    pub(super) fn new(start: Timestamp) -> Self {
        Self {
            epoch: Epoch::new(start),
            around: Surroundings {
                timings: FakeTimings::default(),
                nodes: vec![Node::named("node-1")],
                images: Images::default(),
                behaviors: Scripts::default(),
                ports: BTreeMap::new(),
                next_id: 0,
                version: 0,
            },
            services: BTreeMap::new(),
            one_offs: OneOffs::default(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            secrets: BTreeMap::new(),
            faults: Faults::default(),
            journal: Vec::new(),
            in_swarm: true,
            usage: (0.25, 32 << 20),
            revisions: BTreeMap::new(),
            now: Instant::now(),
        }
    }

    pub(super) const fn now(&self) -> Instant {
        self.now
    }

    /// Lets everything happen that is due by now, in the order in which it is due.
    pub(super) fn catch_up(&mut self) {
        let target = Instant::now().max(self.now);
        loop {
            self.settle();
            match self.next_due() {
                Some(due) if due <= target => self.now = due.max(self.now),
                _ => break,
            }
        }
        self.now = target;
    }

    /// When something happens next.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.services.values().filter_map(Service::next_due).min()
    }

    /// Repeats until nothing more happens at this moment.
    fn settle(&mut self) {
        let mut happened = true;
        while happened {
            happened = false;
            self.around.ports = self.taken_ports();
            for (name, service) in &mut self.services {
                if service.reconcile(self.now, &mut self.around) {
                    *self.revisions.entry(name.clone()).or_default() += 1;
                    happened = true;
                }
            }
            self.services.retain(|_, service| {
                !(service.removed && service.tasks.iter().all(super::task::Task::has_ended))
            });
        }
    }

    fn taken_ports(&self) -> BTreeMap<(String, u16), String> {
        let mut taken = BTreeMap::new();
        for task in self.services.values().flat_map(|service| &service.tasks) {
            let is_placed = task.state != super::super::TaskState::Pending && !task.has_ended();
            if is_placed {
                for port in host_ports(&task.template.spec) {
                    taken.insert((task.node.clone(), port), task.id.clone());
                }
            }
        }
        taken
    }

    pub(super) fn touch(&mut self, name: &str) {
        *self.revisions.entry(name.to_owned()).or_default() += 1;
    }

    pub(super) fn revision(&self, name: &str) -> u64 {
        self.revisions.get(name).copied().unwrap_or_default()
    }

    pub(super) fn service_mut(&mut self, name: &str) -> Result<&mut Service> {
        self.services
            .get_mut(name)
            .filter(|service| !service.removed)
            .ok_or_else(|| Error::not_found("service", name))
    }

    /// Takes every task away from a node, as its loss does; Swarm starts others elsewhere.
    pub(super) fn lose_node(&mut self, node: &str) {
        let now = self.now;
        self.around.nodes.retain(|present| present.name != node);
        for (name, service) in &mut self.services {
            for task in &mut service.tasks {
                if task.node == node && !task.has_ended() {
                    task.enter(now, super::super::TaskState::Orphaned);
                    *self.revisions.entry(name.clone()).or_default() += 1;
                }
            }
        }
    }

    /// Ends every container with exit code 137, and forgets a running update as if it were complete: what a real
    /// engine was seen to do when it is killed in the middle of one.
    pub(super) fn restart_engine(&mut self) {
        let now = self.now;
        for (name, service) in &mut self.services {
            for task in service
                .tasks
                .iter_mut()
                .filter(|task| task.container.is_some())
            {
                if !task.has_ended() {
                    let state = task.fail(137, "task: non-zero exit (137)");
                    task.enter(now, state);
                }
            }
            if service.rollout.take().is_some() {
                service.update_state = Some("completed");
                service.previous = None;
                service.version = self.around.next_version();
            }
            *self.revisions.entry(name.clone()).or_default() += 1;
        }
    }

    /// How long until something happens, at most `most`.
    pub(super) fn wait_for_next(&self, most: Duration) -> Instant {
        let latest = self.now + most;
        self.next_due().map_or(latest, |due| due.min(latest))
    }
}

pub(super) fn conflict(name: &str, why: &str) -> Error {
    Error::new(ErrorKind::Conflict, format!("service {name} {why}"))
        .with_hint("somebody else changed it: read it again and decide anew")
}
