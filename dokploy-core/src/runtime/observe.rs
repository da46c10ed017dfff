//! What an engine says about what runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// What the engine is and can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RuntimeInfo {
    /// Version of the engine.
    pub version: String,
    /// Version of its API that is spoken.
    pub api_version: String,
    /// Whether it is in a swarm, as a manager.
    pub swarm_manager: bool,
    /// Nodes of the swarm that can run tasks.
    pub nodes: u32,
    /// Whether builds go through `BuildKit`.
    pub build_kit: bool,
    /// Bytes free where images are kept, where the engine says so.
    pub disk_free: Option<u64>,
}

/// A service with its tasks, as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedService {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// For compare-and-set. Changes also when the engine itself writes to the service.
    pub version: u64,
    /// Digest of the specification as the engine keeps it, without what the engine itself changes, the number of
    /// replicas, the restart counter and the epoch of the worker that wrote it. Two equal digests are equal
    /// specifications.
    pub spec_digest: String,
    /// Labels of the service.
    pub labels: BTreeMap<String, String>,
    /// Labels that the containers of the current specification get.
    pub container_labels: BTreeMap<String, String>,
    /// Image of the current specification.
    pub image: String,
    /// Whether it runs one task on each node.
    pub global: bool,
    /// How many tasks there should be; for a global service, one for each node that qualifies.
    pub replicas: u32,
    /// How often a replacement of all tasks was forced.
    pub forced: u64,
    /// What Swarm says about the update; informative only, never the authority.
    pub update_state: Option<String>,
    /// All tasks that the engine still knows, newest first.
    pub tasks: Vec<ObservedTask>,
}

/// One task.
#[derive(Clone, Debug, PartialEq)]
pub struct ObservedTask {
    /// Identifier.
    pub id: String,
    /// Slot, from 1; 0 for a task of a global service.
    pub slot: u64,
    /// Node that it is on.
    pub node: Option<String>,
    /// Image that it runs.
    pub image: String,
    /// Labels of its container.
    pub labels: BTreeMap<String, String>,
    /// State.
    pub state: TaskState,
    /// Whether the engine wants it to run; an old task that is being replaced is not wanted.
    pub wanted: bool,
    /// Health, as far as this engine can see the container.
    pub health: TaskHealth,
    /// What the engine says.
    pub message: Option<String>,
    /// What went wrong.
    pub error: Option<String>,
    /// Exit code.
    pub exit_code: Option<i64>,
    /// Why it never ran, where it ended before that.
    pub refusal: Option<Refusal>,
    /// How often a replacement of all tasks of its service had been forced when it was made.
    pub forced: u64,
    /// Container, once there is one.
    pub container: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When its state last changed.
    pub changed_at: Option<Timestamp>,
}

/// State of a task, in Swarm's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskState {
    /// It waits for a node.
    Pending,
    /// A node has it: image and container are being prepared.
    Preparing,
    /// Its container starts; with a health check it stays here until the first healthy probe.
    Starting,
    /// It runs.
    Running,
    /// It ended with exit code 0.
    Complete,
    /// It was stopped by the engine.
    Shutdown,
    /// It ended with an error.
    Failed,
    /// A node refused it.
    Rejected,
    /// Its node is lost.
    Orphaned,
    /// It is being removed.
    Remove,
}

impl TaskState {
    /// The engine's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Preparing => "preparing",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Shutdown => "shutdown",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Orphaned => "orphaned",
            Self::Remove => "remove",
        }
    }

    /// Whether the task has ended in a way that a healthy service never shows.
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Complete | Self::Failed | Self::Rejected)
    }
}

/// Why a task never ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// What it asks for cannot be had: its image, or something of its configuration. Another try ends as this one.
    Lasting,
    /// Anything else. Its node could not start it just then, and the swarm tries again.
    Passing,
}

/// Health of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TaskHealth {
    /// There is no health check, or the container is on another node: `Running` is all that is known.
    Unknown,
    /// Not yet healthy.
    Starting,
    /// Healthy.
    Healthy,
    /// Unhealthy.
    Unhealthy,
}

/// Use of resources of a service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceStats {
    /// Sum of `cpu` over the tasks.
    pub cpu: f64,
    /// Sum of `memory` over the tasks.
    pub memory: u64,
    /// Sum of `network_received` over the tasks.
    pub network_received: u64,
    /// Sum of `network_sent` over the tasks.
    pub network_sent: u64,
    /// Sum of `receive_rate` over the tasks.
    pub receive_rate: f64,
    /// Sum of `send_rate` over the tasks.
    pub send_rate: f64,
    /// Each task that runs on this engine.
    pub tasks: Vec<TaskStats>,
}

/// Use of resources of one task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct TaskStats {
    /// Identifier of the task.
    pub task: String,
    /// Cores in use: 1.0 is one core.
    pub cpu: f64,
    /// Bytes in use, page cache excluded.
    pub memory: u64,
    /// Limit in bytes; the machine's memory where there is none.
    pub memory_limit: u64,
    /// Bytes received since the task started.
    pub network_received: u64,
    /// Bytes sent since the task started.
    pub network_sent: u64,
    /// Bytes received in a second, just now.
    pub receive_rate: f64,
    /// Bytes sent in a second, just now.
    pub send_rate: f64,
}

impl ServiceStats {
    /// What the tasks use together.
    pub(super) fn of(tasks: Vec<TaskStats>) -> Self {
        let mut sum = Self::default();
        for one in &tasks {
            sum.cpu += one.cpu;
            sum.memory += one.memory;
            sum.network_received += one.network_received;
            sum.network_sent += one.network_sent;
            sum.receive_rate += one.receive_rate;
            sum.send_rate += one.send_rate;
        }
        Self { tasks, ..sum }
    }
}
