//! Limits how often somebody may do something: one bucket of tokens for each key.

mod memory;
#[cfg(feature = "redis")]
mod redis;

use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

pub use self::memory::MemoryLimiter;
#[cfg(feature = "redis")]
pub use self::redis::RedisLimiter;
use crate::error::{Error, Result};

/// The shortest time for a token: rounding it to microseconds changes a rate by less than a hundredth.
const INTERVAL_MIN: Duration = Duration::from_micros(100);

/// How many tokens a bucket holds, and how fast it fills again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    most: u32,
    /// How long one token takes, in whole microseconds: what every limiter can count.
    interval: Duration,
}

impl Rate {
    /// So many at once, and so many again within that time.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for none at all, for more than 10,000 a second, and for a time of more than a day.
    pub fn new(most: u32, within: Duration) -> Result<Self> {
        let interval = within.checked_div(most).unwrap_or_default();
        if interval < INTERVAL_MIN || within > Duration::from_hours(24) {
            return Err(Error::invalid_field(
                "rate",
                "has to lie between one a day and 10,000 a second",
            ));
        }
        Ok(Self {
            most,
            interval: Duration::from_nanos_u128(interval.as_micros() * 1_000),
        })
    }

    /// What a bucket answers to somebody who wants a token, where `missing` is the time after which it would be full.
    fn take(self, missing: Duration) -> Verdict {
        let with_this = missing + self.interval;
        if with_this <= self.full() {
            self.verdict(true, with_this)
        } else {
            self.verdict(false, missing)
        }
    }

    /// What is known of a bucket that is full after `missing`, this request included.
    fn verdict(self, allowed: bool, missing: Duration) -> Verdict {
        let filled = self.full().saturating_sub(missing);
        let remaining = filled.as_micros() / self.interval.as_micros();
        Verdict {
            allowed,
            limit: self.most,
            remaining: u32::try_from(remaining).unwrap_or(self.most),
            retry_after: self.interval.saturating_sub(filled),
            full_after: missing,
        }
    }

    /// How long an empty bucket takes to be full.
    fn full(self) -> Duration {
        self.interval * self.most
    }
}

impl Default for Rate {
    /// 100 a minute.
    fn default() -> Self {
        Self {
            most: 100,
            interval: Duration::from_millis(600),
        }
    }
}

/// What a limiter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may be done.
    pub allowed: bool,
    /// How many tokens the bucket holds when it is full.
    pub limit: u32,
    /// How many there are now.
    pub remaining: u32,
    /// After which time there is one; zero when there is one now.
    pub retry_after: Duration,
    /// After which time the bucket is full, when nobody takes from it.
    pub full_after: Duration,
}

/// Limits how often something is done.
///
/// # Behavior
///
/// - A key that was never seen has a full bucket. Each request takes one token, and none is allowed without one.
/// - A request that is not allowed takes nothing.
/// - A limiter that is away goes on counting within this process; it never lets everything pass, and never nothing.
/// - No call takes longer than a second.
#[async_trait]
pub trait RateLimiter: Send + Sync + Debug {
    /// Takes a token from the bucket of a key, if there is one.
    async fn take(&self, key: &str, rate: Rate) -> Verdict;
}

/// What one person has: an IPv4 address, or the /64 network of an IPv6 one, in which he chooses addresses freely. This is
/// what limits count strangers by.
pub fn network(address: &str) -> String {
    match address
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::")
        }
        Ok(IpAddr::V4(v4)) => v4.to_string(),
        Err(_) => hex::encode(&Sha256::digest(address)[..16]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_what_one_person_chooses_addresses_in() {
        for (address, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2::", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ] {
            assert_eq!(network(address), expected, "{address}");
        }
        let unknown = network("a\nb");
        assert!(unknown.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
