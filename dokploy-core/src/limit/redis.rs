//! Buckets that several processes share, in Redis.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{MemoryLimiter, Rate, RateLimiter, Verdict};
use crate::cache::RedisConnection;
use crate::error::Result;

/// Takes a token in one step, on the clock of Redis, so that it does not matter whose process asks. What is kept of a
/// bucket is the microsecond at which it is full, and it is forgotten then. A clock that was set back does not close a
/// bucket for longer than it takes to fill. Arguments: the time for one token and for a full bucket.
const TAKE: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, full = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_at = tonumber(redis.call('GET', KEYS[1]) or now) or now
local missing = math.min(math.max(full_at - now, 0), full)
if missing + interval > full then
    return {0, missing}
end
missing = missing + interval
redis.call('SET', KEYS[1], string.format('%.0f', now + missing), 'PX', math.ceil(missing / 1000))
return {1, missing}
";

/// Keeps buckets in Redis. While Redis is away, what was taken from this process counts.
#[derive(Debug)]
pub struct RedisLimiter {
    connection: Arc<RedisConnection>,
    /// Counts along, so that an outage gives nobody a full bucket.
    here: MemoryLimiter,
}

impl RedisLimiter {
    /// A limiter on a connection that others may use as well.
    pub fn new(connection: Arc<RedisConnection>) -> Self {
        Self {
            connection,
            here: MemoryLimiter::default(),
        }
    }

    async fn take_there(&self, key: &str, rate: Rate) -> Result<Option<Verdict>> {
        let micros = |time: Duration| i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
        let arguments = [micros(rate.interval), micros(rate.full())];
        let name = self.connection.name("limit", key);
        let answer = self.connection.run(TAKE, &name, &arguments).await?;
        let [allowed, missing] = answer[..] else {
            return Ok(None);
        };
        let missing = Duration::from_micros(missing.unsigned_abs());
        Ok(Some(rate.verdict(allowed == 1, missing)))
    }
}

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn take(&self, key: &str, rate: Rate) -> Verdict {
        let here = self.here.take_now(key, rate);
        // The connection has said in the log that Redis is away.
        let there = self.take_there(key, rate).await.unwrap_or_default();
        there.unwrap_or(here)
    }
}
