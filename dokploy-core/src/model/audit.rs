//! The audit log: who did what, when and from where. Its records form a chain, in which nothing can be changed, left out
//! or put in without a trace.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::Timestamp;

/// Bound into every hash, so that a later encoding cannot be mistaken for this one.
const SCHEME: &str = "dokploy-audit-v1";

/// What became of what somebody tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// He may not do it.
    Denied,
    /// It failed.
    Failed,
}

impl AuditOutcome {
    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }
}

/// What a record says, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// When it happened.
    pub at: Timestamp,
    /// Who: the id of a user, `system` or `anonymous`.
    pub actor: String,
    /// His name at that time.
    pub actor_name: String,
    /// What, as in `application.deploy`.
    pub action: String,
    /// To what, as in `application:<id>`.
    pub resource: String,
    /// What became of it.
    pub outcome: AuditOutcome,
    /// Address that the request came from.
    #[serde(default)]
    pub address: Option<String>,
    /// Identifier of the request.
    #[serde(default)]
    pub request_id: Option<String>,
    /// One line more, for people. Never a secret.
    #[serde(default)]
    pub detail: Option<String>,
}

/// One record of the audit log. Records are never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Place in the chain: 1, 2, 3 …
    pub seq: i64,
    /// What it says.
    #[serde(flatten)]
    pub entry: AuditEntry,
    /// Hash of the record before it, in hexadecimal; of the first one 64 zeros.
    pub previous: String,
    /// SHA-256 over everything above, in hexadecimal.
    pub hash: String,
}

/// The end of the chain: what the next record continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Place of the last record, and 0 of an empty chain.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

impl AuditHead {
    /// The head of an empty chain.
    pub fn empty() -> Self {
        Self {
            seq: 0,
            hash: "0".repeat(64),
        }
    }

    /// Makes the record that comes next.
    #[must_use]
    pub fn next(&self, entry: AuditEntry) -> AuditRecord {
        let seq = self.seq + 1;
        let hash = hash(seq, &entry, &self.hash);
        AuditRecord {
            seq,
            entry,
            previous: self.hash.clone(),
            hash,
        }
    }
}

impl AuditRecord {
    /// The head of a chain that ends here.
    pub fn head(&self) -> AuditHead {
        AuditHead {
            seq: self.seq,
            hash: self.hash.clone(),
        }
    }
}

/// Checks that records continue a chain without a gap, oldest first, and returns the number of the first one that does
/// not. What was cut off at the end shows when the last record is not the [`AuditHead`] of the store.
///
/// # Errors
///
/// The place in the chain at which it is broken: where a record was changed, is missing or was put in.
pub fn verify<'a>(
    after: AuditHead,
    records: impl IntoIterator<Item = &'a AuditRecord>,
) -> Result<AuditHead, i64> {
    records.into_iter().try_fold(after, |head, record| {
        if head.next(record.entry.clone()) == *record {
            Ok(record.head())
        } else {
            Err(head.seq + 1)
        }
    })
}

/// Each part is preceded by its length, so that no two records share one encoding.
fn hash(seq: i64, entry: &AuditEntry, previous: &str) -> String {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    part(SCHEME.as_bytes());
    part(&seq.to_be_bytes());
    part(&entry.at.unix_micros().to_be_bytes());
    for text in [
        &entry.actor,
        &entry.actor_name,
        &entry.action,
        &entry.resource,
    ] {
        part(text.as_bytes());
    }
    part(entry.outcome.as_str().as_bytes());
    for optional in [&entry.address, &entry.request_id, &entry.detail] {
        // An absent value is not an empty one.
        part(&[u8::from(optional.is_some())]);
        part(optional.as_deref().unwrap_or_default().as_bytes());
    }
    part(previous.as_bytes());
    hex::encode(hasher.finalize())
}
