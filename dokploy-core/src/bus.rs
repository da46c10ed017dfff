//! Wakes up whoever waits for something to change. Messages may be lost: whoever needs them all also polls.

mod memory;
#[cfg(feature = "redis")]
mod redis;
#[cfg(any(feature = "redis", feature = "postgres"))]
mod shared;

use std::fmt::Debug;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

pub use self::memory::MemoryBus;
#[cfg(any(feature = "redis", feature = "postgres"))]
pub use self::shared::SharedBus;
#[cfg(feature = "postgres")]
pub(crate) use self::shared::{Inlet, Outlet};
use crate::error::Result;
use crate::id::{ApplicationId, DeploymentId, ProjectId, UserId};

/// What changed. It carries ids only; the truth is read from the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Signal {
    /// A deployment waits in the queue.
    Queued,
    /// A deployment has new events.
    Deployment {
        /// Which.
        deployment: DeploymentId,
        /// Its application.
        application: ApplicationId,
        /// Its project.
        project: ProjectId,
        /// Number of its last event.
        seq: u64,
    },
    /// An application was changed or deleted.
    Application {
        /// Which.
        application: ApplicationId,
        /// Its project.
        project: ProjectId,
    },
    /// What somebody may do changed: his sessions, tokens, role or teams. Open streams look again.
    Access {
        /// Who.
        user: UserId,
    },
    /// Who reaches a project changed, or it was deleted.
    Project {
        /// Which.
        project: ProjectId,
    },
}

/// Passes signals on, within a process or between several.
///
/// # Behavior
///
/// - Every listener gets what is published while it listens, in the order of publication, also by the publisher
///   itself, and each signal once.
/// - What was published before is not delivered.
/// - A listener that does not read, or another process that is away, holds nobody up.
/// - A bus between processes that is away still serves the listeners of its own process, and comes back by itself.
#[async_trait]
pub trait EventBus: Send + Sync + Debug {
    /// Sends a signal to everybody who listens now.
    async fn publish(&self, signal: &Signal) -> Result<()>;

    /// Signals from now on. A slow listener misses some, and nobody waits for it.
    fn subscribe(&self) -> BoxStream<'static, Signal>;
}
