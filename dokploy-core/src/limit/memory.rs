//! Buckets in the memory of this process.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use super::{Rate, RateLimiter, Verdict};

/// Keeps buckets in the memory of this process, as long as they are not full. When there are too many, those that are
/// full the soonest are forgotten first: whoever took the most is remembered the longest.
#[derive(Debug)]
pub struct MemoryLimiter {
    buckets_max: usize,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    /// When a bucket is full again; this is all that has to be known of it.
    full_at: HashMap<String, Instant>,
    by_time: BTreeSet<(Instant, String)>,
}

impl MemoryLimiter {
    /// Most buckets of [`MemoryLimiter::default`].
    pub const BUCKETS_MAX: usize = 20_000;

    /// A limiter of at most so many buckets that are not full.
    pub fn new(buckets_max: usize) -> Self {
        Self {
            buckets_max,
            buckets: Mutex::default(),
        }
    }

    pub(super) fn take_now(&self, key: &str, rate: Rate) -> Verdict {
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = buckets
            .full_at
            .get(key)
            .map(|full_at| full_at.saturating_duration_since(now))
            .unwrap_or_default();
        let verdict = rate.take(missing.min(rate.full()));
        buckets.set(key, now + verdict.full_after);
        buckets.make_room(now, self.buckets_max);
        verdict
    }
}

impl Default for MemoryLimiter {
    fn default() -> Self {
        Self::new(Self::BUCKETS_MAX)
    }
}

impl Buckets {
    fn set(&mut self, key: &str, full_at: Instant) {
        if let Some(before) = self.full_at.insert(key.to_owned(), full_at) {
            self.by_time.remove(&(before, key.to_owned()));
        }
        self.by_time.insert((full_at, key.to_owned()));
    }

    fn make_room(&mut self, now: Instant, most: usize) {
        while let Some((full_at, _)) = self.by_time.first()
            && (*full_at <= now || self.full_at.len() > most)
            && let Some((_, key)) = self.by_time.pop_first()
        {
            self.full_at.remove(&key);
        }
    }
}

#[async_trait]
impl RateLimiter for MemoryLimiter {
    async fn take(&self, key: &str, rate: Rate) -> Verdict {
        self.take_now(key, rate)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_fills_with_time_and_is_forgotten_when_it_is_full() {
        let limiter = MemoryLimiter::default();
        let rate = Rate::new(2, Duration::from_mins(1)).unwrap();
        for remaining in [1, 0] {
            let verdict = limiter.take("a", rate).await;
            assert!(verdict.allowed);
            assert_eq!(verdict.remaining, remaining);
        }
        let refused = limiter.take("a", rate).await;
        assert!(!refused.allowed);
        assert_eq!(refused.retry_after, Duration::from_secs(30));
        assert_eq!(refused.full_after, Duration::from_mins(1));
        tokio::time::advance(Duration::from_secs(30)).await;
        assert!(limiter.take("a", rate).await.allowed);
        tokio::time::advance(Duration::from_mins(1)).await;
        limiter.take("b", rate).await;
        let buckets = limiter.buckets.lock().unwrap();
        assert_eq!((buckets.full_at.len(), buckets.by_time.len()), (1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_took_the_most_is_remembered_when_there_are_too_many_keys() {
        let limiter = MemoryLimiter::new(10);
        let rate = Rate::new(5, Duration::from_mins(1)).unwrap();
        while limiter.take("greedy", rate).await.allowed {}
        for stranger in 0..100 {
            assert!(limiter.take(&format!("{stranger}"), rate).await.allowed);
        }
        assert!(!limiter.take("greedy", rate).await.allowed);
        assert_eq!(limiter.buckets.lock().unwrap().full_at.len(), 10);
    }

    #[test]
    fn a_rate_that_cannot_be_counted_is_refused() {
        let second = Duration::from_secs(1);
        let refused = [
            (0, second),
            (1, Duration::ZERO),
            (10_001, second),
            (1, Duration::from_hours(25)),
        ];
        for (most, within) in refused {
            assert!(Rate::new(most, within).is_err(), "{most} in {within:?}");
        }
        assert_eq!(
            Rate::new(100, Duration::from_mins(1)).unwrap(),
            Rate::default()
        );
    }
}
