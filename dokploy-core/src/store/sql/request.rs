//! Repeated requests in SQL.

use std::time::Duration;

use async_trait::async_trait;

use super::SqlStore;
use super::statement::statements;
use super::value::micros;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::store::request::RUNNING_MAX;
use crate::store::{Idempotency, IdempotencyStore, StoredResponse};

statements! {
    columns = "digest, status, body";

    /// One row for each actor and name: whoever gets it back runs the request.
    BEGIN = [
        "INSERT INTO requests (actor, name, digest, begun_at, ends_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (actor, name) DO UPDATE
         SET digest = excluded.digest, begun_at = excluded.begun_at, ends_at = excluded.ends_at,
            status = NULL, body = NULL
         WHERE requests.ends_at <= excluded.begun_at
            OR (requests.status IS NULL AND requests.begun_at + $6 <= excluded.begun_at)
         RETURNING name"
    ];
    FIND = ["SELECT " columns " FROM requests WHERE actor = $1 AND name = $2"];
    FINISH = ["UPDATE requests SET status = $3, body = $4 WHERE actor = $1 AND name = $2 AND status IS NULL"];
    ABANDON = ["DELETE FROM requests WHERE actor = $1 AND name = $2 AND status IS NULL"];
    PURGE = ["DELETE FROM requests WHERE ends_at < $1 RETURNING name"];
}

#[async_trait]
impl IdempotencyStore for SqlStore {
    async fn begin_idempotent(
        &self,
        actor: &str,
        key: &str,
        digest: &str,
        at: Timestamp,
        ttl: Duration,
    ) -> Result<Idempotency> {
        let begin = BEGIN
            .bind(actor)
            .bind(key)
            .bind(digest)
            .bind(at)
            .bind(at.plus(ttl))
            .bind(micros(RUNNING_MAX));
        if self.write().optional(begin).await?.is_some() {
            return Ok(Idempotency::New);
        }
        let find = FIND.bind(actor).bind(key);
        let Some(mut row) = self.read().optional(find).await? else {
            // It was given up at this moment: whoever asks again gets it.
            return Ok(Idempotency::Running);
        };
        let stored: String = row.take()?;
        let (status, body) = (row.take()?, row.take::<Option<String>>()?);
        Ok(match (status, body) {
            _ if stored != digest => Idempotency::Mismatch,
            (Some(status), Some(body)) => Idempotency::Done(StoredResponse { status, body }),
            _ => Idempotency::Running,
        })
    }

    async fn finish_idempotent(
        &self,
        actor: &str,
        key: &str,
        response: &StoredResponse,
    ) -> Result<()> {
        let finish = FINISH
            .bind(actor)
            .bind(key)
            .bind(u32::from(response.status))
            .bind(response.body.as_str());
        self.write().execute(finish).await
    }

    async fn abandon_idempotent(&self, actor: &str, key: &str) -> Result<()> {
        self.write().execute(ABANDON.bind(actor).bind(key)).await
    }

    async fn purge_idempotent(&self, before: Timestamp) -> Result<u64> {
        let purged = self.write().all(PURGE.bind(before)).await?;
        Ok(purged.len() as u64)
    }
}
