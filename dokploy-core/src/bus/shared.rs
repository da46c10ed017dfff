//! A bus between processes, over anything that carries messages between them.

use std::fmt;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{EventBus, MemoryBus, Signal};
use crate::error::Result;
use crate::id::ProcessId;

/// Carries messages to the other processes, and may lose some.
#[async_trait]
pub(crate) trait Outlet: Send + Sync + 'static {
    /// Sends a message, within a bounded time.
    async fn send(&self, message: Vec<u8>) -> Result<()>;
}

/// Gets the messages of all processes.
#[async_trait]
pub(crate) trait Inlet: Send + 'static {
    /// Waits for the next message, also while there is no connection: it is made again meanwhile. `None`: there will
    /// be no more.
    async fn receive(&mut self) -> Option<Vec<u8>>;
}

/// A signal on its way, with the process that sent it: its own listeners have it already.
#[derive(Serialize, Deserialize)]
struct Message {
    from: ProcessId,
    signal: Signal,
}

/// Passes signals on to the listeners of this process at once, and to those of all others as soon as the connection
/// allows. While it does not, the others get nothing, and nobody waits.
pub struct SharedBus {
    here: MemoryBus,
    outgoing: mpsc::Sender<Signal>,
    _tasks: JoinSet<()>,
}

impl SharedBus {
    /// How many signals may wait to be sent. Further ones are dropped.
    pub const OUTGOING_MAX: usize = 1024;

    pub(crate) fn over(outlet: impl Outlet, inlet: impl Inlet) -> Self {
        let here = MemoryBus::default();
        let process = ProcessId::new();
        let (outgoing, waiting) = mpsc::channel(Self::OUTGOING_MAX);
        let mut tasks = JoinSet::new();
        tasks.spawn(send(outlet, process, waiting));
        tasks.spawn(receive(inlet, process, here.clone()));
        Self {
            here,
            outgoing,
            _tasks: tasks,
        }
    }
}

#[async_trait]
impl EventBus for SharedBus {
    async fn publish(&self, signal: &Signal) -> Result<()> {
        if self.outgoing.try_send(signal.clone()).is_err() {
            tracing::debug!("too many signals wait for the other processes; one was dropped");
        }
        self.here.publish(signal).await
    }

    fn subscribe(&self) -> BoxStream<'static, Signal> {
        self.here.subscribe()
    }
}

impl fmt::Debug for SharedBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedBus").finish_non_exhaustive()
    }
}

async fn send(outlet: impl Outlet, from: ProcessId, mut waiting: mpsc::Receiver<Signal>) {
    while let Some(signal) = waiting.recv().await {
        let Ok(message) = serde_json::to_vec(&Message { from, signal }) else {
            continue;
        };
        if let Err(error) = outlet.send(message).await {
            tracing::debug!(error = %error, "a signal did not reach the other processes");
        }
    }
}

async fn receive(mut inlet: impl Inlet, process: ProcessId, here: MemoryBus) {
    while let Some(message) = inlet.receive().await {
        match serde_json::from_slice::<Message>(&message) {
            Ok(message) if message.from == process => {}
            Ok(message) => {
                // A bus in memory cannot fail.
                let _ = here.publish(&message.signal).await;
            }
            Err(error) => {
                tracing::debug!(error = %error, "a signal of another version was not understood");
            }
        }
    }
}
