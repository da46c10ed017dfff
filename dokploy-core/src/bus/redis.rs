//! A bus between processes, over the channels of Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{EventBus, MemoryBus, Signal};
use crate::cache::{RedisConnection, RedisOptions};
use crate::error::Result;
use crate::id::ProcessId;

/// How often a connection that only listens is asked whether it still lives.
const PING_INTERVAL: Duration = Duration::from_secs(2);

/// A signal on its way, with the process that sent it: its own listeners have it already.
#[derive(Serialize, Deserialize)]
struct Message {
    from: ProcessId,
    signal: Signal,
}

/// Passes signals on to the listeners of this process at once, and to those of all others over Redis. While Redis is
/// away the others get nothing, and nobody waits.
#[derive(Debug)]
pub struct RedisBus {
    here: MemoryBus,
    outgoing: mpsc::Sender<Signal>,
    _tasks: JoinSet<()>,
}

impl RedisBus {
    /// How many signals may wait to be sent. Further ones are dropped.
    pub const OUTGOING_MAX: usize = 1024;

    /// A bus that sends on a connection that others may use as well, and listens on one of its own.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a URL that cannot be used.
    pub async fn open(connection: Arc<RedisConnection>, options: &RedisOptions) -> Result<Self> {
        let listening = RedisConnection::open(options).await?;
        let here = MemoryBus::default();
        let process = ProcessId::new();
        let channel = connection.name("bus", "signals");
        let (outgoing, waiting) = mpsc::channel(Self::OUTGOING_MAX);
        let mut tasks = JoinSet::new();
        tasks.spawn(send(connection, channel.clone(), process, waiting));
        let listener = Listener {
            connection: listening,
            channel,
            process,
            here: here.clone(),
            is_subscribed: false,
        };
        tasks.spawn(listener.run());
        Ok(Self {
            here,
            outgoing,
            _tasks: tasks,
        })
    }
}

#[async_trait]
impl EventBus for RedisBus {
    async fn publish(&self, signal: &Signal) -> Result<()> {
        if self.outgoing.try_send(signal.clone()).is_err() {
            tracing::debug!("too many signals wait for redis; one was dropped");
        }
        self.here.publish(signal).await
    }

    fn subscribe(&self) -> BoxStream<'static, Signal> {
        self.here.subscribe()
    }
}

async fn send(
    connection: Arc<RedisConnection>,
    channel: String,
    from: ProcessId,
    mut waiting: mpsc::Receiver<Signal>,
) {
    while let Some(signal) = waiting.recv().await {
        let message = Message { from, signal };
        let Ok(message) = serde_json::to_vec(&message) else {
            continue;
        };
        if let Err(error) = connection.publish(&channel, message).await {
            tracing::debug!(error = %error, "a signal did not reach the other processes");
        }
    }
}

/// Hands what other processes send to the listeners of this one.
struct Listener {
    connection: RedisConnection,
    channel: String,
    process: ProcessId,
    here: MemoryBus,
    is_subscribed: bool,
}

impl Listener {
    async fn run(mut self) {
        let mut messages = self.connection.messages();
        let mut reconnections = self.connection.reconnections();
        self.ensure_subscribed().await;
        loop {
            tokio::select! {
                message = messages.recv() => match message {
                    Ok(message) => self.receive(message.value.as_bytes().unwrap_or_default()).await,
                    // Some were missed, and whoever needs them all also polls.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                },
                // A new connection knows nothing of the subscriptions of the one before.
                _ = reconnections.recv() => {
                    self.is_subscribed = false;
                    self.ensure_subscribed().await;
                }
                () = tokio::time::sleep(PING_INTERVAL) => self.ensure_subscribed().await,
            }
        }
    }

    /// A connection that only listens does not notice that the other end has gone: it is asked.
    async fn ensure_subscribed(&mut self) {
        let asked = if self.is_subscribed {
            self.connection.ping().await
        } else {
            self.connection.subscribe(&self.channel).await
        };
        self.is_subscribed = asked.is_ok();
    }

    async fn receive(&self, message: &[u8]) {
        match serde_json::from_slice::<Message>(message) {
            Ok(message) if message.from == self.process => {}
            Ok(message) => {
                // A bus in memory cannot fail.
                let _ = self.here.publish(&message.signal).await;
            }
            Err(error) => {
                tracing::debug!(error = %error, "a signal of another version was not understood");
            }
        }
    }
}
