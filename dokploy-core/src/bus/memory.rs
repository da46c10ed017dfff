//! A bus within this process.

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;

use super::{EventBus, Signal};
use crate::error::Result;

/// Passes signals on within this process.
#[derive(Clone, Debug)]
pub struct MemoryBus {
    sender: broadcast::Sender<Signal>,
}

impl MemoryBus {
    /// How many signals a slow listener may be behind before it misses some.
    pub const BACKLOG_MAX: usize = 1024;
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self {
            sender: broadcast::Sender::new(Self::BACKLOG_MAX),
        }
    }
}

#[async_trait]
impl EventBus for MemoryBus {
    async fn publish(&self, signal: &Signal) -> Result<()> {
        // It fails when nobody listens, and then nobody misses it.
        let _ = self.sender.send(signal.clone());
        Ok(())
    }

    fn subscribe(&self) -> BoxStream<'static, Signal> {
        BroadcastStream::new(self.sender.subscribe())
            .filter_map(|received| std::future::ready(received.ok()))
            .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ApplicationId, ProjectId};

    #[tokio::test]
    async fn every_listener_gets_what_is_sent_from_now_on() {
        let bus = MemoryBus::default();
        bus.publish(&Signal::Queued).await.unwrap();
        let (mut first, mut second) = (bus.subscribe(), bus.subscribe());
        let signal = Signal::Application {
            application: ApplicationId::new(),
            project: ProjectId::new(),
        };
        bus.publish(&signal).await.unwrap();
        assert_eq!(first.next().await.unwrap(), signal);
        assert_eq!(second.next().await.unwrap(), signal);
        drop(bus);
        assert_eq!(first.next().await, None);
    }

    #[tokio::test]
    async fn a_slow_listener_misses_the_oldest_and_holds_nobody_up() {
        let bus = MemoryBus::default();
        let mut slow = bus.subscribe();
        for _ in 0..MemoryBus::BACKLOG_MAX * 2 {
            bus.publish(&Signal::Queued).await.unwrap();
        }
        drop(bus);
        let mut received = 0;
        while slow.next().await.is_some() {
            received += 1;
        }
        assert_eq!(received, MemoryBus::BACKLOG_MAX);
    }
}
