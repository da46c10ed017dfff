//! Persisted errors: what is written down and sent, where [`crate::Error`] is only returned.

use serde::{Deserialize, Serialize};

use super::status::Step;
use crate::error::{Error, ErrorKind};

/// The code of a failure: an error kind, by its stable name.
pub type FailureCode = ErrorKind;

/// What failed, on which step, why, what was seen, and what to do next. Holds no secret: every text in it went
/// through the masker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The step; absent when it failed between steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// Stable code.
    pub code: FailureCode,
    /// One sentence for people.
    pub message: String,
    /// The cause chain, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The last log lines of the failing task, its exit code or its last probe output; the last lines of the build.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// The next action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Failure {
    /// Most lines of evidence that are kept.
    pub const EVIDENCE_MAX: usize = 50;

    /// Writes an error down.
    pub fn from_error(step: Option<Step>, error: &Error) -> Self {
        Self {
            step,
            code: error.kind(),
            message: error.message().to_owned(),
            causes: error.causes(),
            evidence: Vec::new(),
            hint: error.hint().map(str::to_owned),
        }
    }

    /// Adds what was seen; only the last [`Self::EVIDENCE_MAX`] lines are kept.
    #[must_use]
    pub fn with_evidence(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.evidence.extend(lines);
        let surplus = self.evidence.len().saturating_sub(Self::EVIDENCE_MAX);
        self.evidence.drain(..surplus);
        self
    }
}
