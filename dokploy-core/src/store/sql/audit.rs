//! The audit log in SQL.

use std::ops::{Deref, DerefMut};

use async_trait::async_trait;

use super::SqlStore;
use super::session::Session;
use super::statement::statements;
use super::value::Row;
use crate::error::Result;
use crate::model::{AuditEntry, AuditHead, AuditOutcome, AuditRecord};
use crate::store::audit::{AuditFilter, AuditStore, Pending};

statements! {
    columns = "seq, happened_at, actor, actor_name, action, resource, outcome, address, request_id, detail, previous,
        hash";

    LOCK_HEAD = ["SELECT seq, hash FROM audit_head WHERE id = 1" lock];
    HEAD = ["SELECT seq, hash FROM audit_head WHERE id = 1"];
    INSERT = [
        "INSERT INTO audit (" columns ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    ];
    MOVE_HEAD = ["UPDATE audit_head SET seq = $1, hash = $2 WHERE id = 1"];
    CHAIN = ["SELECT " columns " FROM audit WHERE seq > $1 ORDER BY seq LIMIT $2"];

    LIST = ["SELECT " columns " FROM audit WHERE seq < $1 ORDER BY seq DESC LIMIT $2"];
    LIST_OF_RESOURCE = [
        "SELECT " columns " FROM audit
         WHERE resource = $1 AND (actor = $2 OR $2 IS NULL) AND (action = $3 OR $3 IS NULL)
           AND (outcome = $4 OR $4 IS NULL) AND seq < $5
         ORDER BY seq DESC LIMIT $6"
    ];
    LIST_OF_ACTOR = [
        "SELECT " columns " FROM audit
         WHERE actor = $1 AND (action = $2 OR $2 IS NULL) AND (outcome = $3 OR $3 IS NULL) AND seq < $4
         ORDER BY seq DESC LIMIT $5"
    ];
    LIST_OF_ACTION = [
        "SELECT " columns " FROM audit
         WHERE action = $1 AND (outcome = $2 OR $2 IS NULL) AND seq < $3 ORDER BY seq DESC LIMIT $4"
    ];
    LIST_WITH_OUTCOME = [
        "SELECT " columns " FROM audit WHERE outcome = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3"
    ];
}

/// A transaction, and the record that it leaves when it is committed.
#[derive(Debug)]
pub(super) struct Change {
    session: Session,
    pending: Option<Pending>,
}

impl Change {
    pub(super) const fn new(session: Session, pending: Option<Pending>) -> Self {
        Self { session, pending }
    }

    /// Makes the change and its record durable. The head of the chain is locked last of all rows, and thus for no longer
    /// than the record takes, and never in a circle with another lock.
    pub(super) async fn commit(self) -> Result<()> {
        let Self {
            mut session,
            pending,
        } = self;
        if let Some(pending) = &pending {
            append(&mut session, pending.entry()).await?;
        }
        session.commit().await?;
        if let Some(pending) = pending {
            pending.committed();
        }
        Ok(())
    }

    /// Takes back what was written, and releases its locks, before it returns.
    pub(super) async fn roll_back(self) -> Result<()> {
        self.session.roll_back().await
    }

    /// Commits what changed something. What changed nothing leaves no record.
    pub(super) async fn commit_if(self, has_changed: bool) -> Result<()> {
        if has_changed {
            self.commit().await
        } else {
            Ok(())
        }
    }
}

impl Deref for Change {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl DerefMut for Change {
    fn deref_mut(&mut self) -> &mut Session {
        &mut self.session
    }
}

async fn append(transaction: &mut Session, entry: &AuditEntry) -> Result<AuditRecord> {
    let head = read_head(transaction.one(LOCK_HEAD.call()).await?)?;
    let record = head.next(entry.clone());
    let insert = INSERT
        .bind(record.seq)
        .bind(entry.at)
        .bind(entry.actor.as_str())
        .bind(entry.actor_name.as_str())
        .bind(entry.action.as_str())
        .bind(entry.resource.as_str())
        .bind(entry.outcome.as_str())
        .bind(entry.address.as_deref())
        .bind(entry.request_id.as_deref())
        .bind(entry.detail.as_deref())
        .bind(record.previous.as_str())
        .bind(record.hash.as_str());
    transaction.execute(insert).await?;
    let move_head = MOVE_HEAD.bind(record.seq).bind(record.hash.as_str());
    transaction.execute(move_head).await?;
    Ok(record)
}

fn read_head(mut row: Row) -> Result<AuditHead> {
    Ok(AuditHead {
        seq: row.take()?,
        hash: row.take()?,
    })
}

fn read(mut row: Row) -> Result<AuditRecord> {
    Ok(AuditRecord {
        seq: row.take()?,
        entry: AuditEntry {
            at: row.take()?,
            actor: row.take()?,
            actor_name: row.take()?,
            action: row.take()?,
            resource: row.take()?,
            outcome: row.take_name()?,
            address: row.take()?,
            request_id: row.take()?,
            detail: row.take()?,
        },
        previous: row.take()?,
        hash: row.take()?,
    })
}

#[async_trait]
impl AuditStore for SqlStore {
    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditRecord> {
        let mut transaction = self.begin().await?;
        let record = append(&mut transaction, entry).await?;
        transaction.commit().await?;
        Ok(record)
    }

    async fn list_audit(
        &self,
        filter: &AuditFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditRecord>> {
        let actor = filter.actor.as_deref();
        let action = filter.action.as_deref();
        let outcome = filter.outcome.map(AuditOutcome::as_str);
        // By the condition that leaves the fewest; the others are looked at in what it finds.
        let call = if let Some(resource) = filter.resource.as_deref() {
            LIST_OF_RESOURCE
                .bind(resource)
                .bind(actor)
                .bind(action)
                .bind(outcome)
        } else if let Some(actor) = actor {
            LIST_OF_ACTOR.bind(actor).bind(action).bind(outcome)
        } else if let Some(action) = action {
            LIST_OF_ACTION.bind(action).bind(outcome)
        } else if let Some(outcome) = outcome {
            LIST_WITH_OUTCOME.bind(outcome)
        } else {
            LIST.call()
        };
        let call = call.bind(before.unwrap_or(i64::MAX)).bind(limit);
        self.read().all(call).await?.into_iter().map(read).collect()
    }

    async fn audit_chain(&self, after: i64, limit: u32) -> Result<Vec<AuditRecord>> {
        let chain = CHAIN.bind(after).bind(limit);
        let rows = self.read().all(chain).await?;
        rows.into_iter().map(read).collect()
    }

    async fn audit_head(&self) -> Result<AuditHead> {
        read_head(self.read().one(HEAD.call()).await?)
    }
}
