//! How a new release takes over, and how long each phase may take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::seconds;

/// Which goes first when a task is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum UpdateOrder {
    /// The new task runs and is healthy before the old one stops: no gap.
    StartFirst,
    /// The old task stops before the new one starts: what a host port or a writable volume needs.
    StopFirst,
}

/// What happens when a rollout fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailureAction {
    /// The last stable release is restored and checked.
    #[default]
    Rollback,
    /// The service is left as it is, for a person to look at.
    Pause,
}

/// How a new release takes over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct UpdatePolicy {
    /// Unset: start-first, unless a host port or a writable volume forbids it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<UpdateOrder>,
    /// Tasks replaced at once; at least 1.
    pub parallelism: u32,
    /// Pause between two batches, when there is more than one replica.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub delay: Duration,
    /// How long all tasks have to stay healthy before the deployment counts as a success.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub monitor: Duration,
    /// What happens when it fails.
    pub on_failure: FailureAction,
    /// How long the rollout may go without a task becoming healthy.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub progress_deadline: Duration,
    /// How long one task may take to become healthy.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub healthy_deadline: Duration,
}

impl Default for UpdatePolicy {
    fn default() -> Self {
        Self {
            order: None,
            parallelism: 1,
            delay: Duration::from_secs(10),
            monitor: Duration::from_secs(30),
            on_failure: FailureAction::Rollback,
            progress_deadline: Duration::from_mins(10),
            healthy_deadline: Duration::from_mins(5),
        }
    }
}

/// How long each phase of a deployment may take. Nothing waits for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Deadlines {
    /// Resolving and fetching the source.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub fetch: Duration,
    /// Building the image.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub build: Duration,
    /// Pushing it.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub push: Duration,
    /// The release command.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub release_command: Duration,
    /// The whole deployment, from its first start to its end; restoring the previous release comes on top.
    #[serde(with = "seconds")]
    #[cfg_attr(feature = "openapi", schema(value_type = f64, minimum = 0.0))]
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            fetch: Duration::from_mins(10),
            build: Duration::from_mins(20),
            push: Duration::from_mins(10),
            release_command: Duration::from_mins(5),
            total: Duration::from_mins(30),
        }
    }
}
