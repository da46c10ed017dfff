//! A cache that several processes share, in Redis.

mod connection;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use self::connection::TTL_MAX;
pub use self::connection::{RedisConnection, RedisOptions};
use super::{Cache, MemoryCache, no_counter};
use crate::error::{ErrorKind, Result};

/// Adds one and sets the time of a counter that has none, in one step. Answers -1 for what is no counter.
const INCREMENT: &str = "
local kept = redis.call('GET', KEYS[1])
if kept and not string.match(kept, '^%d+$') then
    return {-1}
end
local count = redis.call('INCR', KEYS[1])
if redis.call('PTTL', KEYS[1]) < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return {count}
";

/// Keeps values in Redis. While Redis is away there is nothing in it, what is put is dropped at once, and counters
/// count in the memory of this process. Only forgetting fails then: see [`Cache::forget`].
#[derive(Debug)]
pub struct RedisCache {
    connection: Arc<RedisConnection>,
    /// What this process counted, for the time when Redis cannot: an outage must not give anybody new attempts.
    counted_here: MemoryCache,
    /// Names that could not be forgotten yet. They are, before anything else is asked for.
    to_forget: Mutex<HashSet<String>>,
}

impl RedisCache {
    /// How many names are remembered that could not be forgotten while Redis was away.
    const TO_FORGET_MAX: usize = 10_000;

    /// A cache on a connection that others may use as well.
    pub fn new(connection: Arc<RedisConnection>) -> Self {
        Self {
            connection,
            counted_here: MemoryCache::default(),
            to_forget: Mutex::default(),
        }
    }

    fn name(&self, key: &str) -> String {
        self.connection.name("cache", key)
    }

    fn to_forget(&self) -> MutexGuard<'_, HashSet<String>> {
        self.to_forget
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what could not be forgotten before. Fails while Redis is still away.
    async fn catch_up(&self) -> Result<()> {
        let names: Vec<_> = self.to_forget().iter().cloned().collect();
        if names.is_empty() {
            return Ok(());
        }
        self.connection.delete(&names).await?;
        let mut to_forget = self.to_forget();
        for name in &names {
            to_forget.remove(name);
        }
        Ok(())
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>> {
        self.catch_up().await?;
        self.connection.get(&self.name(key)).await
    }

    async fn write(&self, key: &str, value: Bytes, ttl: Duration) -> Result<()> {
        self.catch_up().await?;
        self.connection.set(&self.name(key), value, ttl).await
    }

    async fn count(&self, key: &str, ttl: Duration) -> Result<u64> {
        self.catch_up().await?;
        let ttl = i64::try_from(ttl.min(TTL_MAX).as_millis()).unwrap_or(i64::MAX);
        let answer = self
            .connection
            .run(INCREMENT, &self.name(key), &[ttl])
            .await?;
        let count = answer.first().copied().unwrap_or_default();
        u64::try_from(count).map_err(|_| no_counter(key))
    }
}

/// The answer, or `None` where Redis is away. The connection has said so in the log.
fn unless_away<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::Unavailable => Ok(None),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        match unless_away(self.read(key).await)? {
            Some(found) => Ok(found),
            None => self.counted_here.get(key).await,
        }
    }

    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<()> {
        if ttl.is_zero() {
            return self.forget(&[key.to_owned()]).await;
        }
        self.counted_here.forget(&[key.to_owned()]).await?;
        unless_away(self.write(key, value, ttl).await).map(|_| ())
    }

    async fn forget(&self, keys: &[String]) -> Result<()> {
        self.counted_here.forget(keys).await?;
        let names: Vec<_> = keys.iter().map(|key| self.name(key)).collect();
        let forgotten = self.connection.delete(&names).await;
        if forgotten.is_err() {
            let mut to_forget = self.to_forget();
            if to_forget.len() + names.len() <= Self::TO_FORGET_MAX {
                to_forget.extend(names);
            }
        }
        forgotten
    }

    async fn increment(&self, key: &str, ttl: Duration) -> Result<u64> {
        let here = self.counted_here.increment(key, ttl).await?;
        Ok(unless_away(self.count(key, ttl).await)?.unwrap_or(here))
    }

    async fn ping(&self) -> Result<()> {
        self.connection.ping().await
    }
}
