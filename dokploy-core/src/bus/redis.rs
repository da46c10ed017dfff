//! Signals over a channel of Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use fred::types::Message;
use fred::types::config::Server;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::shared::{Inlet, Outlet, SharedBus};
use crate::cache::{RedisConnection, RedisOptions};
use crate::error::Result;

/// How often a connection that only listens is asked whether it still lives.
const PING_INTERVAL: Duration = Duration::from_secs(2);

impl SharedBus {
    /// A bus that sends on a connection that others may use as well, and listens on one of its own. A server that is
    /// away is no error: it may come back.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a URL that cannot be used.
    pub async fn over_redis(
        connection: Arc<RedisConnection>,
        options: &RedisOptions,
    ) -> Result<Self> {
        let channel = connection.name("bus", "signals");
        let listening = RedisConnection::open(options).await?;
        let mut inlet = Subscription {
            channel: channel.clone(),
            messages: listening.messages(),
            reconnections: listening.reconnections(),
            connection: listening,
            is_subscribed: false,
        };
        inlet.ensure_subscribed().await;
        let outlet = Channel {
            connection,
            channel,
        };
        Ok(Self::over(outlet, inlet))
    }
}

struct Channel {
    connection: Arc<RedisConnection>,
    channel: String,
}

#[async_trait]
impl Outlet for Channel {
    async fn send(&self, message: Vec<u8>) -> Result<()> {
        self.connection.publish(&self.channel, message).await
    }
}

struct Subscription {
    connection: RedisConnection,
    channel: String,
    messages: Receiver<Message>,
    reconnections: Receiver<Server>,
    is_subscribed: bool,
}

impl Subscription {
    /// A connection that only listens does not notice that the other end has gone: it is asked.
    async fn ensure_subscribed(&mut self) {
        let asked = if self.is_subscribed {
            self.connection.ping().await
        } else {
            self.connection.subscribe(&self.channel).await
        };
        self.is_subscribed = asked.is_ok();
    }
}

#[async_trait]
impl Inlet for Subscription {
    async fn receive(&mut self) -> Option<Vec<u8>> {
        loop {
            tokio::select! {
                message = self.messages.recv() => match message {
                    Ok(message) => return Some(message.value.as_bytes().unwrap_or_default().to_vec()),
                    // Some were missed, and whoever needs them all also polls.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                },
                // A new connection knows nothing of the subscriptions of the one before.
                _ = self.reconnections.recv() => {
                    self.is_subscribed = false;
                    self.ensure_subscribed().await;
                }
                () = tokio::time::sleep(PING_INTERVAL) => self.ensure_subscribed().await,
            }
        }
    }
}
