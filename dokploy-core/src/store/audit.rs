//! The audit log: a change and its record are one transaction.

use std::cell::RefCell;
use std::fmt::Debug;

use async_trait::async_trait;

use crate::error::Result;
use crate::model::{AuditEntry, AuditHead, AuditOutcome, AuditRecord};

/// Which records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of one actor: the id of a user, `system` or `anonymous`.
    pub actor: Option<String>,
    /// Of one action, as in `application.deploy`.
    pub action: Option<String>,
    /// About one resource, as in `application:<id>`.
    pub resource: Option<String>,
    /// With one outcome.
    pub outcome: Option<AuditOutcome>,
}

/// The audit log. Records are appended, and neither changed nor deleted.
#[async_trait]
pub trait AuditStore: Send + Sync + Debug {
    /// Appends a record on its own: what was denied, what failed, and what changed nothing in the store.
    ///
    /// # Behavior
    ///
    /// - The records of all callers form one chain without gaps, also when they race.
    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditRecord>;

    /// Records before a place in the chain, or the latest ones, newest first, at most `limit` of them.
    async fn list_audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>>;

    /// Records after a place in the chain, oldest first, at most `limit` of them: what
    /// [`verify`](crate::model::audit::verify) asks for.
    async fn audit_chain(&self, after: i64, limit: u32) -> Result<Vec<AuditRecord>>;

    /// The end of the chain, kept apart from the records, so that it shows when the last ones are missing.
    async fn audit_head(&self) -> Result<AuditHead>;
}

tokio::task_local! {
    static PENDING: RefCell<Option<AuditEntry>>;
}

/// Runs a change with the record that it leaves. The first change that the store commits inside `change` appends
/// `entry` in its own transaction: both are there or neither is. Later ones append nothing, so that there is one record
/// for each scope.
///
/// Returns what `change` returns, and the entry if nothing was committed: the change was refused, or had nothing left to
/// do. Who called decides whether that is worth a record of its own.
///
/// A scope belongs to the task that awaits it. What `change` spawns is outside.
pub async fn scope<F: Future>(entry: AuditEntry, change: F) -> (F::Output, Option<AuditEntry>) {
    let change = async {
        let output = change.await;
        (output, PENDING.with(RefCell::take))
    };
    PENDING.scope(RefCell::new(Some(entry)), change).await
}

/// Takes the entry that the change at hand has to append, if it is inside a scope that still has one.
///
/// A store calls it once for each change, appends the entry in the change's own transaction, and says
/// [`Pending::committed`] when that is durable. Dropped without it, the entry goes back: the next change appends it.
pub fn take() -> Option<Pending> {
    let taken = PENDING.try_with(RefCell::take).ok().flatten();
    taken.map(|entry| Pending {
        entry,
        is_committed: false,
    })
}

/// An entry on its way into the audit log.
#[derive(Debug)]
pub struct Pending {
    entry: AuditEntry,
    is_committed: bool,
}

impl Pending {
    /// What to append.
    pub const fn entry(&self) -> &AuditEntry {
        &self.entry
    }

    /// Says that the entry is in the log.
    pub fn committed(mut self) {
        self.is_committed = true;
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_committed {
            // Outside of its scope nobody waits for it any more.
            let _ = PENDING.try_with(|pending| pending.replace(Some(self.entry.clone())));
        }
    }
}
