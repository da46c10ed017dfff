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

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(count: i64) -> Vec<AuditRecord> {
        let mut head = AuditHead::empty();
        let mut records = Vec::new();
        for number in 0..count {
            let record = head.next(AuditEntry {
                at: Timestamp::from_unix_micros(1_700_000_000_000_000 + number).unwrap(),
                actor: "system".to_owned(),
                actor_name: "cli".to_owned(),
                action: "application.deploy".to_owned(),
                resource: format!("application:{number}"),
                outcome: AuditOutcome::Done,
                address: Some("192.0.2.1".to_owned()),
                request_id: None,
                detail: None,
            });
            head = record.head();
            records.push(record);
        }
        records
    }

    fn broken_at(records: &[AuditRecord]) -> Option<i64> {
        verify(AuditHead::empty(), records).err()
    }

    #[test]
    fn an_untouched_chain_holds_from_any_place() {
        let records = chain(5);
        assert_eq!(broken_at(&records), None);
        let head = verify(records[1].head(), &records[2..]).unwrap();
        assert_eq!(head, records[4].head());
        assert_eq!(verify(AuditHead::empty(), &[]), Ok(AuditHead::empty()));
    }

    #[test]
    fn each_field_is_bound_into_the_chain() {
        let changes: [fn(&mut AuditRecord); 12] = [
            |record| record.seq = 9,
            |record| record.entry.at = record.entry.at.plus(std::time::Duration::from_micros(1)),
            |record| record.entry.actor.push('x'),
            |record| record.entry.actor_name.clear(),
            |record| record.entry.action = "application.delete".to_owned(),
            |record| record.entry.resource.push('0'),
            |record| record.entry.outcome = AuditOutcome::Denied,
            |record| record.entry.address = None,
            |record| record.entry.request_id = Some(String::new()),
            |record| record.entry.detail = Some("detail".to_owned()),
            |record| record.previous = "0".repeat(64),
            |record| record.hash.replace_range(..1, "x"),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let mut records = chain(5);
            change(&mut records[2]);
            assert_eq!(broken_at(&records), Some(3), "change {number}");
            // Nor does it help to give the record the hash that fits it.
            let head = AuditHead {
                seq: 2,
                hash: records[2].previous.clone(),
            };
            let forged = head.next(records[2].entry.clone());
            records[2].hash = forged.hash;
            let is_whole = broken_at(&records).is_none();
            assert_eq!(is_whole, records == chain(5), "change {number}");
        }
    }

    #[test]
    fn what_is_missing_doubled_or_out_of_order_is_found() {
        let mut missing = chain(5);
        missing.remove(1);
        assert_eq!(broken_at(&missing), Some(2));
        let mut headless = chain(5);
        headless.remove(0);
        assert_eq!(broken_at(&headless), Some(1));
        let mut doubled = chain(5);
        doubled.insert(3, doubled[2].clone());
        assert_eq!(broken_at(&doubled), Some(4));
        let mut swapped = chain(5);
        swapped.swap(1, 2);
        assert_eq!(broken_at(&swapped), Some(2));
        // What was cut off at the end shows at the head that the store keeps apart.
        let whole = chain(5);
        let head = verify(AuditHead::empty(), &whole[..4]).unwrap();
        assert_ne!(head, whole[4].head());
    }

    #[test]
    fn the_hash_of_a_record_never_changes() {
        let records = chain(1);
        assert_eq!(
            records[0].hash,
            "23686fb5d08a00da4aef836e36f82b4bb6d15ef85292d44b490bf482e69b2b64"
        );
    }
}
