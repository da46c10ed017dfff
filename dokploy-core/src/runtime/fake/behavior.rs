//! What a fake container does, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use super::super::{Refusal, TaskHealth};

/// What the containers of an image do on a [`FakeRuntime`](super::FakeRuntime).
#[non_exhaustive]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FakeBehavior {
    /// It runs, and its health check passes for the first time after this long.
    Healthy {
        /// Time from the start of the container.
        after: Duration,
    },
    /// Its health check never passes. Without a health check it just runs.
    NeverHealthy {
        /// When the engine kills it for that; unset: it stays `starting`.
        killed_after: Option<Duration>,
    },
    /// It is healthy first and turns unhealthy later, whereupon the engine kills it.
    TurnsUnhealthy {
        /// Time from the start of the container.
        after: Duration,
    },
    /// It runs, healthy at once, and then ends with an error.
    Crashes {
        /// Time from the start of the container.
        after: Duration,
        /// Exit code, not 0.
        exit_code: i64,
    },
    /// It runs, healthy at once, and then ends with exit code 0.
    Exits {
        /// Time from the start of the container.
        after: Duration,
    },
    /// No node qualifies: it stays `pending`.
    CannotBePlaced,
    /// The node cannot get its image: it is `rejected`.
    ImageNotFound,
    /// The engine of the node cannot start it just then: it is `rejected`, for no reason of its own.
    NodeNotReady,
    /// Its image takes long to fetch.
    SlowPull {
        /// How long.
        pull: Duration,
        /// What it does then.
        then: Box<FakeBehavior>,
    },
}

impl FakeBehavior {
    /// Healthy after a tenth of a second: what an image does of which nothing else is said.
    pub const fn healthy() -> Self {
        Self::Healthy {
            after: Duration::from_millis(100),
        }
    }

    /// Ends with exit code 1 after the given time.
    pub const fn crashes_after(after: Duration) -> Self {
        Self::Crashes {
            after,
            exit_code: 1,
        }
    }

    /// Never healthy, and left alone by the engine.
    pub const fn never_healthy() -> Self {
        Self::NeverHealthy { killed_after: None }
    }
}

impl Default for FakeBehavior {
    fn default() -> Self {
        Self::healthy()
    }
}

/// What a fake container writes to its standard output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FakeOutput {
    pub(super) lines: Vec<String>,
    /// What it writes again and again, numbered from 1, and how often.
    pub(super) repeated: Option<(Duration, String)>,
}

/// One container that is about to start, for closures that choose its [`FakeBehavior`].
#[derive(Debug)]
pub struct FakeLaunch<'a> {
    /// Name of the service.
    pub service: &'a str,
    /// Image as the specification names it.
    pub image: &'a str,
    /// Labels of the image.
    pub image_labels: &'a BTreeMap<String, String>,
    /// Labels of the container.
    pub labels: &'a BTreeMap<String, String>,
    /// Arguments that replace the image's command.
    pub command: Option<&'a [String]>,
    /// Slot, from 1.
    pub slot: u64,
    /// How many tasks of this specification the slot has had before.
    pub attempt: u64,
}

/// How long the steps take that are the same for every container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FakeTimings {
    /// From `pending` to `preparing`.
    pub place: Duration,
    /// From `preparing` to `starting`.
    pub prepare: Duration,
    /// From being told to stop to `shutdown`.
    pub stop: Duration,
}

impl Default for FakeTimings {
    fn default() -> Self {
        Self {
            place: Duration::from_millis(10),
            prepare: Duration::from_millis(40),
            stop: Duration::from_millis(50),
        }
    }
}

/// Something that happens to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TaskChange {
    Placed,
    Started,
    Healthy,
    Unhealthy,
    Exited(i64),
    Killed,
    Rejected(Refusal),
    Stopped,
    Writes(u64),
}

impl TaskChange {
    pub(super) const fn health(&self) -> Option<TaskHealth> {
        match self {
            Self::Healthy => Some(TaskHealth::Healthy),
            Self::Unhealthy | Self::Killed => Some(TaskHealth::Unhealthy),
            _ => None,
        }
    }
}

/// The life of a container that nobody stops, as times from now on.
pub(super) fn schedule(
    behavior: &FakeBehavior,
    timings: FakeTimings,
    has_health_check: bool,
) -> Vec<(Duration, TaskChange)> {
    let mut changes = Vec::new();
    let mut prepared = timings.place + timings.prepare;
    let mut behavior = behavior;
    while let FakeBehavior::SlowPull { pull, then } = behavior {
        prepared += *pull;
        behavior = then;
    }
    if *behavior == FakeBehavior::CannotBePlaced {
        return changes;
    }
    changes.push((timings.place, TaskChange::Placed));
    let refusal = match behavior {
        FakeBehavior::ImageNotFound => Some(Refusal::Lasting),
        FakeBehavior::NodeNotReady => Some(Refusal::Passing),
        _ => None,
    };
    if let Some(refusal) = refusal {
        changes.push((prepared, TaskChange::Rejected(refusal)));
        return changes;
    }
    changes.push((prepared, TaskChange::Started));
    let mut later = |after: Duration, change| changes.push((prepared + after, change));
    let healthy_at_once = |later: &mut dyn FnMut(Duration, TaskChange)| {
        if has_health_check {
            later(Duration::ZERO, TaskChange::Healthy);
        }
    };
    match behavior {
        FakeBehavior::Healthy { after } if has_health_check => later(*after, TaskChange::Healthy),
        FakeBehavior::NeverHealthy {
            killed_after: Some(after),
        } if has_health_check => {
            later(*after, TaskChange::Unhealthy);
            later(*after, TaskChange::Killed);
        }
        FakeBehavior::TurnsUnhealthy { after } if has_health_check => {
            healthy_at_once(&mut later);
            later(*after, TaskChange::Unhealthy);
            later(*after, TaskChange::Killed);
        }
        FakeBehavior::Crashes { after, exit_code } => {
            healthy_at_once(&mut later);
            later(*after, TaskChange::Exited(*exit_code));
        }
        FakeBehavior::Exits { after } => {
            healthy_at_once(&mut later);
            later(*after, TaskChange::Exited(0));
        }
        _ => {}
    }
    changes
}
