//! A cache that may forget anything at any time.

mod memory;
pub(crate) mod names;
#[cfg(feature = "redis")]
mod redis;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use self::memory::MemoryCache;
#[cfg(feature = "redis")]
pub use self::redis::{RedisCache, RedisConnection, RedisOptions};
use crate::error::{Error, Result};

/// A cache. Everything works without it, only slower.
///
/// # Behavior
///
/// - A cache that is away knows no value and keeps none, and says neither as an error; it goes on counting, within
///   this process.
/// - No call takes longer than a second.
#[async_trait]
pub trait Cache: Send + Sync + Debug {
    /// The value, unless it was forgotten or its time has passed.
    async fn get(&self, key: &str) -> Result<Option<Bytes>>;

    /// Keeps a value for at most `ttl`.
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<()>;

    /// Forgets exactly these keys. There are no patterns: whoever writes knows what it invalidates.
    ///
    /// # Errors
    ///
    /// `unavailable` when a cache that others share may serve the values until their `ttl` has passed. This process
    /// does not see them again, once the cache is back.
    async fn forget(&self, keys: &[String]) -> Result<()>;

    /// Adds one to a counter that starts at 0 and is forgotten `ttl` after its first increment; returns it.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when the key holds a value that is no counter.
    async fn increment(&self, key: &str, ttl: Duration) -> Result<u64>;

    /// Whether the cache answers.
    ///
    /// # Errors
    ///
    /// `unavailable` when it is away.
    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}

fn no_counter(key: &str) -> Error {
    Error::invalid_field(key, "holds a value that is no counter")
}
