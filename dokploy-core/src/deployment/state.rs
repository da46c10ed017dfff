//! The state that the events add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::StepOutput;
use super::failure::Failure;
use super::status::{Reason, Status, Step};
use crate::clock::Timestamp;
use crate::id::{DeploymentId, ReleaseId};

/// Where a deployment stands: a function of its events and of nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentState {
    /// Number of the last event.
    pub seq: u64,
    /// Status.
    pub status: Status,
    /// Why, for programs.
    pub reason: Reason,
    /// Why, for people.
    pub message: String,
    /// 0 to 100; never falls.
    pub progress: u8,
    /// What failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// How many workers have tried.
    pub attempt: u32,
    /// Epoch of the last worker.
    pub epoch: u64,
    /// Whether somebody asked to cancel it.
    pub cancel_requested: bool,
    /// The steps that were begun.
    pub steps: BTreeMap<Step, StepRecord>,
    /// The release that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_id: Option<ReleaseId>,
    /// The deployment that replaced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<DeploymentId>,
    /// Whether the watch after the deployment has reported too few healthy replicas.
    #[serde(default)]
    pub degraded: bool,
    /// Whether the watch has reported an outside change.
    #[serde(default)]
    pub drifted: bool,
    /// When a worker first took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it became terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
}

/// One step of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepRecord {
    /// Where it stands.
    pub status: StepStatus,
    /// When it began, the first time.
    pub started_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// What it found or made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<StepOutput>,
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// It runs, or its worker was lost.
    Running,
    /// It is done.
    Finished,
    /// Nothing had to be done.
    Skipped,
    /// It failed.
    Failed,
}

impl DeploymentState {
    /// The output of a finished step.
    pub fn output(&self, step: Step) -> Option<&StepOutput> {
        self.steps
            .get(&step)
            .and_then(|record| record.output.as_ref())
    }

    /// Whether a step is done or was skipped, so that a resumed deployment goes on after it.
    pub fn is_finished(&self, step: Step) -> bool {
        self.output(step).is_some()
    }

    /// Whether the service may have been touched: from then on a failure has to restore.
    pub fn touched_service(&self) -> bool {
        self.steps.contains_key(&Step::ApplyService)
    }
}
