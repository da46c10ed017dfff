//! A deployment and the deployer that knows it.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;

use super::{Deployer, LogLine};
use crate::deployment::Event;
use crate::error::{Error, ErrorKind, Result};
use crate::id::DeploymentId;
use crate::model::{ActorRef, Deployment};

/// A deployment and the deployer that knows it. Dropping it stops nothing.
#[derive(Clone, Debug)]
pub struct DeploymentHandle {
    deployer: Arc<dyn Deployer>,
    id: DeploymentId,
}

impl DeploymentHandle {
    /// A handle of a deployment that was accepted before.
    pub fn new(deployer: Arc<dyn Deployer>, id: DeploymentId) -> Self {
        Self { deployer, id }
    }

    /// Its id.
    pub fn id(&self) -> DeploymentId {
        self.id
    }

    /// Where it stands.
    pub async fn get(&self) -> Result<Deployment> {
        let found = self.deployer.find(self.id).await?;
        found.ok_or_else(|| Error::not_found("deployment", self.id))
    }

    /// Its events after a number, until the terminal one. See [`Deployer::watch`].
    pub fn events(&self, after: u64) -> BoxStream<'static, Result<Event>> {
        self.deployer.watch(self.id, after)
    }

    /// Its log. See [`Deployer::logs`].
    pub fn logs(&self, after: u64, follow: bool) -> BoxStream<'static, Result<LogLine>> {
        self.deployer.logs(self.id, after, follow)
    }

    /// Asks to cancel it.
    pub async fn cancel(&self, actor: Option<ActorRef>) -> Result<Deployment> {
        self.deployer.cancel(self.id, actor).await
    }

    /// Waits until it is terminal.
    ///
    /// # Errors
    ///
    /// `timed_out` when it is not by then; the deployment goes on.
    pub async fn wait(&self, deadline: Duration) -> Result<Deployment> {
        let end = async {
            let mut events = self.events(0);
            while let Some(event) = events.next().await {
                event?;
            }
            self.get().await
        };
        tokio::time::timeout(deadline, end)
            .await
            .unwrap_or_else(|_| {
                let message = format!(
                    "deployment {} has not ended within {} s",
                    self.id,
                    deadline.as_secs_f64()
                );
                Err(Error::new(ErrorKind::TimedOut, message).with_hint("it goes on; wait again"))
            })
    }
}
