//! What makes repeated requests harmless: answers that are given again.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;

/// How long a request may run before another one with its key may take its place: whoever ran it has died.
pub(super) const RUNNING_MAX: Duration = Duration::from_mins(2);

/// An answer that was given once and is given again.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// HTTP status.
    pub status: u16,
    /// Body, as it was sent. It is stored as it is: who stores one that shows a secret seals it first.
    pub body: String,
}

impl Debug for StoredResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredResponse")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What is known of a request with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing: the caller runs it, and nobody else does.
    New,
    /// It was answered.
    Done(StoredResponse),
    /// Somebody is running it.
    Running,
    /// The key was used for another request.
    Mismatch,
}

/// Requests with an idempotency key.
#[async_trait]
pub trait IdempotencyStore: Send + Sync + Debug {
    /// Begins a request of an actor with a key. `digest` tells one request from another.
    ///
    /// # Behavior
    ///
    /// - Of many calls that race, one gets [`Idempotency::New`].
    /// - A record is forgotten `ttl` after it was begun, and [`Idempotency::Running`] also when it was begun more than
    ///   two minutes ago: whoever ran it has died.
    async fn begin_idempotent(
        &self,
        actor: &str,
        key: &str,
        digest: &str,
        at: Timestamp,
        ttl: Duration,
    ) -> Result<Idempotency>;

    /// Stores the answer to a request that was begun. The first answer stays; a record that is gone is no error.
    async fn finish_idempotent(
        &self,
        actor: &str,
        key: &str,
        response: &StoredResponse,
    ) -> Result<()>;

    /// Forgets a request that was begun and not finished, so that it can be tried again.
    async fn abandon_idempotent(&self, actor: &str, key: &str) -> Result<()>;

    /// Forgets records that ended before a time, and returns how many there were.
    async fn purge_idempotent(&self, before: Timestamp) -> Result<u64>;
}
