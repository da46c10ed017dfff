//! What every front end calls.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::deployment::{Event, Step};
use crate::error::Result;
use crate::id::{ApplicationId, DeploymentId, ReleaseId};
use crate::model::{ActorRef, Deployment, DeploymentRequest};
use crate::runtime::LogStream;

mod handle;
mod plan;

pub use self::handle::DeploymentHandle;
pub use self::plan::{Change, Plan, PlanAction};

/// A deployment to be accepted.
#[derive(Clone, Debug)]
pub struct DeployRequest {
    /// Which application.
    pub application: ApplicationId,
    /// What exactly.
    pub request: DeploymentRequest,
    /// The same key gives the same deployment.
    pub idempotency_key: Option<String>,
    /// Digest of a [`Plan`] that was looked at: `conflict` when the world has moved since.
    pub plan_digest: Option<String>,
}

impl DeployRequest {
    /// Deploys the head of the application's branch.
    pub fn of(application: ApplicationId) -> Self {
        Self {
            application,
            request: DeploymentRequest::default(),
            idempotency_key: None,
            plan_digest: None,
        }
    }
}

/// A manual rollback.
#[derive(Clone, Debug)]
pub struct RollbackRequest {
    /// Which application.
    pub application: ApplicationId,
    /// To which release; unset: the stable one before the current one.
    pub release: Option<ReleaseId>,
    /// Who asked.
    pub actor: Option<ActorRef>,
    /// The same key gives the same deployment.
    pub idempotency_key: Option<String>,
}

/// One line of a deployment's own log, masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Number of the line, from 1, without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// During which step.
    pub step: Step,
    /// Which output.
    pub stream: LogStream,
    /// The line.
    pub text: String,
}

/// Deploys. Dropping anything that it returns never stops a deployment.
#[async_trait]
pub trait Deployer: Send + Sync + Debug {
    /// Accepts a deployment.
    ///
    /// # Behavior
    ///
    /// - Durable when it returns: it will end in a terminal status whatever happens to this process.
    /// - The same idempotency key gives the same deployment.
    ///
    /// # Errors
    ///
    /// `not_found`, `invalid_spec`, `rate_limited` when the queue is full, `conflict` when a plan is out of date.
    async fn deploy(&self, request: DeployRequest) -> Result<DeploymentHandle>;

    /// Accepts a rollback to a retained release, as it was, environment included, without a rebuild.
    ///
    /// # Errors
    ///
    /// `not_found` when there is no such release, `conflict` when it was retired or is the current one.
    async fn roll_back(&self, request: RollbackRequest) -> Result<DeploymentHandle>;

    /// Asks to cancel a deployment; it becomes `cancelled` after the work has really stopped. Asking again, or for
    /// one that is terminal, is Ok and changes nothing.
    async fn cancel(&self, id: DeploymentId, actor: Option<ActorRef>) -> Result<Deployment>;

    /// The deployment, or `None`.
    async fn find(&self, id: DeploymentId) -> Result<Option<Deployment>>;

    /// Events after a number, those of the past first and then those to come, without a gap, until the terminal one.
    fn watch(&self, id: DeploymentId, after: u64) -> BoxStream<'static, Result<Event>>;

    /// Lines of its log after a number, those of the past first; with `follow`, until it is terminal.
    fn logs(
        &self,
        id: DeploymentId,
        after: u64,
        follow: bool,
    ) -> BoxStream<'static, Result<LogLine>>;

    /// What a deployment would do, without doing any of it.
    async fn plan(&self, request: DeployRequest) -> Result<Plan>;
}

/// Waits for the terminal event of a deployment; `timed_out` after `deadline`.
pub async fn wait(
    deployer: &Arc<dyn Deployer>,
    id: DeploymentId,
    deadline: Duration,
) -> Result<Deployment> {
    DeploymentHandle::new(Arc::clone(deployer), id)
        .wait(deadline)
        .await
}
