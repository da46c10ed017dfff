//! The audit trail.

use dokploy_core::clock::Timestamp;
use dokploy_core::control::Verification;
use dokploy_core::model::{AuditOutcome, AuditRecord};
use serde::Serialize;
use utoipa::ToSchema;

/// A record of the audit trail as clients see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditRecord)]
#[serde(rename_all = "camelCase")]
pub struct AuditShape {
    /// Its place in the chain.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Who: the id of a user, `system` or `anonymous`.
    pub actor: String,
    /// The name at that time.
    pub actor_name: String,
    /// What, as in `application.deploy`.
    pub action: String,
    /// To what, as in `application:<id>`.
    pub resource: String,
    /// What became of it.
    pub outcome: AuditOutcome,
    /// The address that the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// More about it, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Hash of the record before it, in hexadecimal.
    pub previous: String,
    /// Hash over everything above, in hexadecimal.
    pub hash: String,
}

impl AuditShape {
    /// Makes it of what is stored.
    pub fn of(record: AuditRecord) -> Self {
        let entry = record.entry;
        Self {
            seq: record.seq,
            at: entry.at,
            actor: entry.actor,
            actor_name: entry.actor_name,
            action: entry.action,
            resource: entry.resource,
            outcome: entry.outcome,
            address: entry.address,
            request_id: entry.request_id,
            detail: entry.detail,
            previous: record.previous,
            hash: record.hash,
        }
    }
}

/// What a verification of the audit trail found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditVerification)]
#[serde(rename_all = "camelCase")]
pub struct VerificationShape {
    /// Whether every record follows from those before it.
    pub intact: bool,
    /// How many records were looked at.
    pub records: u64,
    /// The first place in the chain at which something was changed, removed or put in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<i64>,
}

impl VerificationShape {
    /// Makes it of what the core found.
    pub fn of(verification: Verification) -> Self {
        Self {
            intact: verification.broken_at.is_none(),
            records: verification.records,
            broken_at: verification.broken_at,
        }
    }
}
