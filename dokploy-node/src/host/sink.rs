//! An event sink that is written in JavaScript.

use std::sync::Arc;

use async_trait::async_trait;
use dokploy_core::deployment::Event;
use dokploy_core::{EventSink, Result};
use serde::de::IgnoredAny;

use super::Port;

/// Tells JavaScript each event.
#[derive(Debug)]
pub(crate) struct HostSink(pub(crate) Arc<Port>);

#[async_trait]
impl EventSink for HostSink {
    async fn event(&self, event: &Event) -> Result<()> {
        match self.0.ask::<_, IgnoredAny>(event).await {
            Some(Err(error)) => Err(error),
            // An event that nobody can be told any more is no failure.
            Some(Ok(_)) | None => Ok(()),
        }
    }
}
