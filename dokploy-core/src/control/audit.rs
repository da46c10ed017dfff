//! The trail of what was done.

use super::ControlPlane;
use super::audited::About;
use super::reach::require;
use crate::access::{Action, Actor};
use crate::error::Result;
use crate::model::{AuditHead, AuditRecord, PageRequest, audit};
use crate::store::AuditFilter;

/// Records that are read at once for a verification.
const BATCH: u32 = 1000;

/// One part of the trail, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    /// The records.
    pub records: Vec<AuditRecord>,
    /// Where the next part starts; absent on the last one.
    pub next: Option<i64>,
}

/// What a verification of the trail found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// How many records were looked at.
    pub records: u64,
    /// The first record that does not follow from those before it: it, or what stood there, was changed, removed or
    /// put in between.
    pub broken_at: Option<i64>,
}

impl ControlPlane {
    /// Records of the trail before a place in it, or the latest ones, newest first.
    pub async fn audit(
        &self,
        actor: &Actor,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<AuditPage> {
        let limit = limit.clamp(1, PageRequest::LIMIT_MAX);
        let work = async {
            require(actor, Action::AuditRead)?;
            // One more than asked for says whether there are more.
            let mut records = self.store().list_audit(filter, before, limit + 1).await?;
            let is_last = records.len() <= limit as usize;
            records.truncate(limit as usize);
            let next = records.last().map(|record| record.seq);
            Ok(AuditPage {
                records,
                next: next.filter(|_| !is_last),
            })
        };
        let about = About::thing("audit", "all");
        self.read(actor, Action::AuditRead, about, work).await
    }

    /// Recomputes the hash of every record, from the first one on.
    pub async fn verify_audit(&self, actor: &Actor) -> Result<Verification> {
        let work = async {
            require(actor, Action::AuditRead)?;
            self.verified_chain().await
        };
        let about = About::thing("audit", "all");
        self.read(actor, Action::AuditRead, about, work).await
    }

    async fn verified_chain(&self) -> Result<Verification> {
        let mut head = AuditHead::empty();
        let mut records = 0;
        loop {
            let batch = self.store().audit_chain(head.seq, BATCH).await?;
            if batch.is_empty() {
                break;
            }
            records += batch.len() as u64;
            match audit::verify(head, &batch) {
                Ok(next) => head = next,
                Err(seq) => {
                    return Ok(Verification {
                        records,
                        broken_at: Some(seq),
                    });
                }
            }
        }
        // What was cut off at the end leaves a chain that is right, and a head that it does not reach.
        let stored = self.store().audit_head().await?;
        let is_cut = stored.seq > head.seq || (stored.seq == head.seq && stored != head);
        Ok(Verification {
            records,
            broken_at: is_cut.then_some(head.seq + 1),
        })
    }
}
