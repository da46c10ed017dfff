//! The audit log in memory.

use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;

use async_trait::async_trait;

use super::{MemoryStore, Tables};
use crate::error::Result;
use crate::model::{AuditEntry, AuditHead, AuditRecord};
use crate::store::audit::{self, AuditFilter, AuditStore, Pending};

/// A change, and the record that it leaves when it is committed.
pub(super) struct Change<'a> {
    tables: MutexGuard<'a, Tables>,
    pending: Option<Pending>,
}

impl<'a> Change<'a> {
    pub(super) fn new(tables: MutexGuard<'a, Tables>) -> Self {
        Self {
            tables,
            pending: audit::take(),
        }
    }

    /// Everything was changed: the record follows under the same lock.
    pub(super) fn commit(mut self) {
        if let Some(pending) = self.pending.take() {
            self.tables.record(pending.entry());
            pending.committed();
        }
    }
}

impl Deref for Change<'_> {
    type Target = Tables;

    fn deref(&self) -> &Tables {
        &self.tables
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut Tables {
        &mut self.tables
    }
}

impl Tables {
    fn head(&self) -> AuditHead {
        self.audit
            .last()
            .map_or_else(AuditHead::empty, AuditRecord::head)
    }

    fn record(&mut self, entry: &AuditEntry) -> AuditRecord {
        let record = self.head().next(entry.clone());
        self.audit.push(record.clone());
        record
    }
}

impl AuditFilter {
    fn accepts(&self, entry: &AuditEntry) -> bool {
        let is = |asked: &Option<String>, value: &str| {
            asked.as_deref().is_none_or(|asked| asked == value)
        };
        is(&self.actor, &entry.actor)
            && is(&self.action, &entry.action)
            && is(&self.resource, &entry.resource)
            && self.outcome.is_none_or(|asked| asked == entry.outcome)
    }
}

#[async_trait]
impl AuditStore for MemoryStore {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditRecord> {
        Ok(self.lock().record(entry))
    }

    async fn list_audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>> {
        let tables = self.lock();
        let asked = tables.audit.iter().rev().filter(|record| {
            before.is_none_or(|before| record.seq < before) && filter.accepts(&record.entry)
        });
        Ok(asked.take(limit as usize).cloned().collect())
    }

    async fn audit_chain(&self, after: i64, limit: u32) -> Result<Vec<AuditRecord>> {
        let tables = self.lock();
        let later = tables.audit.iter().filter(|record| record.seq > after);
        Ok(later.take(limit as usize).cloned().collect())
    }

    async fn audit_head(&self) -> Result<AuditHead> {
        Ok(self.lock().head())
    }
}
