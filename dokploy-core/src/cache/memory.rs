//! A cache in the memory of this process.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use super::{Cache, no_counter};
use crate::error::Result;

/// Keeps values in the memory of this process, within a limit of entries and of bytes. What was not used for the
/// longest time is forgotten first.
#[derive(Debug)]
pub struct MemoryCache {
    entries_max: usize,
    bytes_max: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<String, Entry>,
    /// Keys by their last use, so that the oldest is found without a search.
    by_use: BTreeMap<u64, String>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    value: Bytes,
    /// `None`: so far away that the clock cannot say it.
    expires: Option<Instant>,
    used: u64,
}

impl MemoryCache {
    /// Most entries of [`MemoryCache::default`].
    pub const ENTRIES_MAX: usize = 10_000;
    /// Most bytes of [`MemoryCache::default`].
    pub const BYTES_MAX: usize = 64 * 1024 * 1024;

    /// A cache of at most so many entries and at most so many bytes of keys and values.
    pub fn new(entries_max: usize, bytes_max: usize) -> Self {
        Self {
            entries_max,
            bytes_max,
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, kept: &mut Kept, key: &str, value: Bytes, expires: Option<Instant>) {
        kept.forget(key);
        kept.insert(key, value, expires);
        while kept.entries.len() > self.entries_max || kept.bytes > self.bytes_max {
            let Some((_, oldest)) = kept.by_use.pop_first() else {
                break;
            };
            kept.forget(&oldest);
        }
    }
}

impl Default for MemoryCache {
    fn default() -> Self {
        Self::new(Self::ENTRIES_MAX, Self::BYTES_MAX)
    }
}

impl Kept {
    fn live(&mut self, key: &str) -> Option<&Entry> {
        let now = Instant::now();
        let entry = self.entries.get_mut(key)?;
        if entry.expires.is_some_and(|expires| expires <= now) {
            self.forget(key);
            return None;
        }
        self.by_use.remove(&entry.used);
        self.uses += 1;
        entry.used = self.uses;
        self.by_use.insert(entry.used, key.to_owned());
        self.entries.get(key)
    }

    fn insert(&mut self, key: &str, value: Bytes, expires: Option<Instant>) {
        self.uses += 1;
        self.bytes += key.len() + value.len();
        self.by_use.insert(self.uses, key.to_owned());
        let entry = Entry {
            value,
            expires,
            used: self.uses,
        };
        self.entries.insert(key.to_owned(), entry);
    }

    fn forget(&mut self, key: &str) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= key.len() + entry.value.len();
        }
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(self.kept().live(key).map(|entry| entry.value.clone()))
    }

    async fn put(&self, key: &str, value: Bytes, ttl: Duration) -> Result<()> {
        // A slice of a large buffer would keep all of it alive, and the limit would not know.
        let value = Bytes::copy_from_slice(&value);
        let expires = Instant::now().checked_add(ttl);
        self.keep(&mut self.kept(), key, value, expires);
        Ok(())
    }

    async fn forget(&self, keys: &[String]) -> Result<()> {
        let mut kept = self.kept();
        for key in keys {
            kept.forget(key);
        }
        Ok(())
    }

    async fn increment(&self, key: &str, ttl: Duration) -> Result<u64> {
        let mut kept = self.kept();
        let (count, expires) = match kept.live(key) {
            None => (0, Instant::now().checked_add(ttl)),
            Some(entry) => (count_of(key, &entry.value)?, entry.expires),
        };
        let count = count.saturating_add(1);
        let value = Bytes::from(count.to_string());
        self.keep(&mut kept, key, value, expires);
        Ok(count)
    }
}

fn count_of(key: &str, value: &[u8]) -> Result<u64> {
    std::str::from_utf8(value)
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| no_counter(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    async fn put(cache: &MemoryCache, key: &str, value: &'static str) {
        cache
            .put(key, Bytes::from_static(value.as_bytes()), MINUTE)
            .await
            .unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_kept_until_its_time_has_passed() {
        let cache = MemoryCache::default();
        put(&cache, "a", "1").await;
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(cache.get("a").await.unwrap().unwrap(), "1");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cache.get("a").await.unwrap(), None);
        assert_eq!(cache.kept().bytes, 0);
    }

    #[tokio::test]
    async fn forgetting_takes_exactly_the_named_keys() {
        let cache = MemoryCache::default();
        for key in ["a", "ab", "b"] {
            put(&cache, key, "1").await;
        }
        cache
            .forget(&["a".to_owned(), "absent".to_owned()])
            .await
            .unwrap();
        assert_eq!(cache.get("a").await.unwrap(), None);
        assert!(cache.get("ab").await.unwrap().is_some());
    }

    #[tokio::test]
    async fn the_entry_that_was_not_used_for_longest_makes_room() {
        let cache = MemoryCache::new(2, 100);
        put(&cache, "a", "1").await;
        put(&cache, "b", "2").await;
        cache.get("a").await.unwrap();
        put(&cache, "c", "3").await;
        assert_eq!(cache.get("b").await.unwrap(), None);
        assert!(cache.get("a").await.unwrap().is_some());
        assert!(cache.get("c").await.unwrap().is_some());
    }

    #[tokio::test]
    async fn bytes_stay_below_their_limit() {
        let cache = MemoryCache::new(100, 10);
        put(&cache, "a", "12345678").await;
        put(&cache, "b", "1234567").await;
        assert_eq!(cache.get("a").await.unwrap(), None);
        put(&cache, "huge", "1234567").await;
        assert_eq!(cache.get("huge").await.unwrap(), None);
        let kept = cache.kept();
        assert_eq!(
            (kept.bytes, kept.entries.len(), kept.by_use.len()),
            (0, 0, 0)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_counter_starts_anew_after_its_first_ttl() {
        let cache = MemoryCache::default();
        assert_eq!(cache.increment("n", MINUTE).await.unwrap(), 1);
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(cache.increment("n", MINUTE).await.unwrap(), 2);
        assert_eq!(cache.get("n").await.unwrap().unwrap(), "2");
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(cache.increment("n", MINUTE).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn counting_something_else_is_refused() {
        let cache = MemoryCache::default();
        put(&cache, "a", "text").await;
        assert!(cache.increment("a", MINUTE).await.is_err());
        put(&cache, "endless", "1").await;
        cache
            .put("endless", Bytes::new(), Duration::MAX)
            .await
            .unwrap();
        assert!(cache.get("endless").await.unwrap().is_some());
    }
}
