//! What a deployment would do.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::seconds;
use crate::model::UpdateOrder;

/// What a deployment would do, made without changing anything. Holds names of secrets, never values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Digest of everything that the plan rests on. Deploying with it fails with `conflict` when that has changed.
    pub digest: String,
    /// What happens to the service.
    pub action: PlanAction,
    /// Commit or tree that would be deployed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Image that would run.
    pub image: String,
    /// Whether it would be built, and with which builder; absent: it is there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
    /// What changes in the service.
    pub changes: Vec<Change>,
    /// How many tasks restart.
    pub restarts: u32,
    /// Which goes first.
    pub order: UpdateOrder,
    /// Why that order.
    pub order_reason: String,
    /// How long the application is expected not to answer.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub downtime: Duration,
    /// What cannot be undone: a release command, for example.
    pub irreversible: Vec<String>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// What happens to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlanAction {
    /// There is none yet.
    Create,
    /// It is updated in place.
    Update,
    /// Swarm refuses an update in place (mode or name): it is removed and created anew.
    Replace,
    /// Nothing changes.
    Nothing,
}

/// One thing that changes. Values of secrets are shown as `(secret)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// What, in the wire's names: `envVars.PORT`.
    pub field: String,
    /// Before; absent: there was nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// After; absent: it is taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Whether it makes tasks restart.
    pub restarts: bool,
}
