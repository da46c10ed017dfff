//! Slows down who guesses passwords: by the name that he guesses for, and by the address that he guesses from.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::cache::{Cache, MemoryCache};
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::limit::network;

/// Failures are forgotten so long after the first of them.
const WINDOW: Duration = Duration::from_mins(15);
/// Failures for one name within the window.
const NAME_FAILURES_MAX: u64 = 10;
/// Failures from one address within the window: many people may share one.
const ADDRESS_FAILURES_MAX: u64 = 50;

/// Counts failed logins. What this process saw counts also while the shared cache is away, or has forgotten: losing
/// it gives nobody a new try.
#[derive(Clone, Debug)]
pub(crate) struct LoginThrottle {
    shared: Arc<dyn Cache>,
    local: Arc<MemoryCache>,
}

impl LoginThrottle {
    pub(crate) fn new(shared: Arc<dyn Cache>) -> Self {
        Self {
            shared,
            local: Arc::new(MemoryCache::new(10_000, 4 * 1024 * 1024)),
        }
    }

    /// Lets one attempt pass, or not.
    ///
    /// # Errors
    ///
    /// `rate_limited`, the same whether the name belongs to an account or not.
    pub(crate) async fn check(&self, username: &str, address: Option<&str>) -> Result<()> {
        for (key, most) in keys(username, address) {
            if self.count(&key).await >= most {
                return Err(Error::new(ErrorKind::RateLimited, "too many failed logins")
                    .with_retry(Retry::After(Some(WINDOW)))
                    .with_hint(
                        "wait a quarter of an hour, or let an administrator set a new password",
                    ));
            }
        }
        Ok(())
    }

    /// Counts a failure.
    pub(crate) async fn failed(&self, username: &str, address: Option<&str>) {
        for (key, _) in keys(username, address) {
            for cache in self.caches() {
                if let Err(error) = cache.increment(&key, WINDOW).await {
                    tracing::warn!(error = %error, "a failed login is counted in this process only");
                }
            }
        }
    }

    /// Forgets the failures for a name, whose owner has come in. Those from the address stay: an account of one's own
    /// is no way to start anew.
    pub(crate) async fn succeeded(&self, username: &str) {
        let key = [name_key(username)];
        for cache in self.caches() {
            if let Err(error) = cache.forget(&key).await {
                tracing::debug!(error = %error, "failed logins are remembered longer than needed");
            }
        }
    }

    fn caches(&self) -> [&dyn Cache; 2] {
        [self.local.as_ref(), self.shared.as_ref()]
    }

    async fn count(&self, key: &str) -> u64 {
        let mut most = 0;
        for cache in self.caches() {
            let Ok(Some(value)) = cache.get(key).await else {
                continue;
            };
            let count = std::str::from_utf8(&value)
                .ok()
                .and_then(|text| text.parse().ok());
            most = most.max(count.unwrap_or(u64::MAX));
        }
        most
    }
}

fn keys(username: &str, address: Option<&str>) -> Vec<(String, u64)> {
    let mut keys = vec![(name_key(username), NAME_FAILURES_MAX)];
    if let Some(address) = address {
        let key = format!("login:address:{}", network(address));
        keys.push((key, ADDRESS_FAILURES_MAX));
    }
    keys
}

/// A digest: people type passwords into the wrong field.
fn name_key(username: &str) -> String {
    let digest = Sha256::digest(username.trim().to_lowercase());
    format!("login:name:{}", hex::encode(&digest[..16]))
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use bytes::Bytes;

    use super::*;

    /// A shared cache that is away.
    #[derive(Debug)]
    struct Away;

    fn away<T>() -> Result<T> {
        Err(Error::new(ErrorKind::Unavailable, "the cache is away"))
    }

    #[async_trait]
    impl Cache for Away {
        async fn get(&self, _: &str) -> Result<Option<Bytes>> {
            away()
        }
        async fn put(&self, _: &str, _: Bytes, _: Duration) -> Result<()> {
            away()
        }
        async fn forget(&self, _: &[String]) -> Result<()> {
            away()
        }
        async fn increment(&self, _: &str, _: Duration) -> Result<u64> {
            away()
        }
    }

    async fn fail(throttle: &LoginThrottle, name: &str, address: &str, times: u64) {
        for _ in 0..times {
            throttle.failed(name, Some(address)).await;
        }
    }

    async fn passes(throttle: &LoginThrottle, name: &str, address: &str) -> bool {
        throttle.check(name, Some(address)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn ten_failures_for_a_name_close_it_for_a_quarter_of_an_hour() {
        let throttle = LoginThrottle::new(Arc::new(MemoryCache::default()));
        fail(&throttle, "anna", "192.0.2.1", 9).await;
        assert!(passes(&throttle, "anna", "192.0.2.1").await);
        fail(&throttle, "ANNA ", "192.0.2.2", 1).await;
        assert!(!passes(&throttle, "anna", "192.0.2.3").await);
        assert!(passes(&throttle, "bert", "192.0.2.1").await);
        tokio::time::advance(WINDOW).await;
        assert!(passes(&throttle, "anna", "192.0.2.1").await);
    }

    #[tokio::test]
    async fn an_address_that_tries_many_names_is_closed() {
        let throttle = LoginThrottle::new(Arc::new(MemoryCache::default()));
        for name in 0..ADDRESS_FAILURES_MAX {
            fail(&throttle, &name.to_string(), "2001:db8::1", 1).await;
        }
        throttle.succeeded("0").await;
        assert!(!passes(&throttle, "anna", "2001:db8::ffff").await);
        assert!(passes(&throttle, "anna", "2001:db8:0:1::1").await);
        assert!(passes(&throttle, "anna", "192.0.2.1").await);
    }

    #[tokio::test]
    async fn an_ipv4_address_is_the_same_in_both_notations() {
        assert_eq!(network("192.0.2.1"), network("::ffff:192.0.2.1"));
    }

    #[tokio::test]
    async fn coming_in_forgets_the_failures_for_the_name() {
        let throttle = LoginThrottle::new(Arc::new(MemoryCache::default()));
        fail(&throttle, "anna", "192.0.2.1", 10).await;
        throttle.succeeded("anna").await;
        assert!(passes(&throttle, "anna", "192.0.2.1").await);
    }

    #[tokio::test]
    async fn failures_in_another_process_count_through_the_shared_cache() {
        let shared: Arc<dyn Cache> = Arc::new(MemoryCache::default());
        let (one, two) = (
            LoginThrottle::new(Arc::clone(&shared)),
            LoginThrottle::new(shared),
        );
        fail(&one, "anna", "192.0.2.1", 5).await;
        fail(&two, "anna", "192.0.2.1", 5).await;
        assert!(!passes(&one, "anna", "192.0.2.1").await);
        assert!(!passes(&two, "anna", "192.0.2.1").await);
    }

    #[tokio::test]
    async fn losing_the_shared_cache_gives_nobody_a_new_try() {
        let throttle = LoginThrottle::new(Arc::new(Away));
        fail(&throttle, "anna", "192.0.2.1", 10).await;
        assert!(!passes(&throttle, "anna", "192.0.2.1").await);
    }

    #[test]
    fn the_name_is_not_in_the_cache() {
        assert!(!name_key("hunter2").contains("hunter2"));
    }
}
