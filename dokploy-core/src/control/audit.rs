//! The trail of what was done.

use super::ControlPlane;
use super::audited::About;
use super::reach::require;
use crate::access::{Action, Actor};
use crate::error::Result;
use crate::model::{AuditRecord, Page, PageRequest, audit};
use crate::store::AuditFilter;

/// Records that are read at once for a verification.
const BATCH: u32 = 1000;

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
    /// Records of the trail, newest first.
    pub async fn audit(
        &self,
        actor: &Actor,
        filter: &AuditFilter,
        page: PageRequest,
    ) -> Result<Page<AuditRecord>> {
        let work = async {
            require(actor, Action::AuditRead)?;
            self.store().list_audit(filter, page).await
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
        let mut head = audit::AuditHead::empty();
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
