//! A cache that may forget anything at any time.

mod memory;
pub(crate) mod names;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

pub use self::memory::MemoryCache;
use crate::error::Result;

/// A cache. Everything works without it, only slower.
#[async_trait]
pub trait Cache: Send + Sync + Debug {
    /// The value, unless it was forgotten or its time has passed.
    async fn get(&self, key: &str) -> Result<Option<Bytes>>;

    /// Keeps a value for at most `ttl`.
    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<()>;

    /// Forgets exactly these keys. There are no patterns: whoever writes knows what it invalidates.
    async fn forget(&self, keys: &[String]) -> Result<()>;

    /// Adds one to a counter that starts at 0 and is forgotten `ttl` after its first increment; returns it.
    async fn increment(&self, key: &str, ttl: Duration) -> Result<u64>;
}
