//! Cache, bus and limiter in the Redis of the test environment. Without one these tests are skipped, unless it is
//! required.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dokploy_core::bus::{EventBus, RedisBus, Signal};
use dokploy_core::cache::{Cache, RedisCache, RedisConnection, RedisOptions};
use dokploy_core::id::ProcessId;
use dokploy_core::limit::{RateLimiter, RedisLimiter};
use futures::StreamExt;

use crate::environment;

/// A corner of the server that nobody else uses, or nothing where there is no server and none is required.
fn corner() -> Option<RedisOptions> {
    Some(RedisOptions {
        url: environment::require("redis", "DOKPLOY_TEST_REDIS_URL")?.into(),
        prefix: format!("test-{}", ProcessId::new()),
    })
}

async fn connect(options: &RedisOptions) -> Arc<RedisConnection> {
    let connection = RedisConnection::open(options).await.unwrap();
    connection.ping().await.unwrap();
    Arc::new(connection)
}

mod cache {
    use super::*;

    async fn in_redis(case: impl AsyncFnOnce(&dyn Cache)) {
        let Some(options) = corner() else { return };
        case(&RedisCache::new(connect(&options).await)).await;
    }

    dokploy_core::cache_conformance!(in_redis);
}

/// Two ends of a bus, when each hears the other.
pub(crate) async fn buses(options: &RedisOptions) -> [RedisBus; 2] {
    let mut buses = Vec::new();
    for _ in 0..2 {
        let connection = RedisConnection::open(options).await.unwrap();
        buses.push(RedisBus::open(Arc::new(connection), options).await.unwrap());
    }
    let buses: [RedisBus; 2] = buses.try_into().unwrap();
    hears(&buses[0], &buses[1]).await;
    hears(&buses[1], &buses[0]).await;
    buses
}

/// Waits until one end hears the other, and nothing of that is under way any more.
pub(crate) async fn hears(listener: &RedisBus, speaker: &RedisBus) {
    let mut signals = listener.subscribe();
    let start = Instant::now();
    loop {
        assert!(start.elapsed() < Duration::from_secs(20), "never heard");
        let call = Signal::Application {
            application: dokploy_core::id::ApplicationId::new(),
            project: dokploy_core::id::ProjectId::new(),
        };
        speaker.publish(&call).await.unwrap();
        let answer = async { while signals.next().await.unwrap() != call {} };
        if tokio::time::timeout(Duration::from_millis(200), answer)
            .await
            .is_ok()
        {
            return;
        }
    }
}

mod bus {
    use super::*;

    async fn between_two(case: impl AsyncFnOnce(&dyn EventBus, &dyn EventBus)) {
        let Some(options) = corner() else { return };
        let [near, far] = buses(&options).await;
        case(&near, &far).await;
    }

    dokploy_core::bus_conformance!(between_two);
}

mod limit {
    use super::*;

    async fn between_two(case: impl AsyncFnOnce(&dyn RateLimiter, &dyn RateLimiter)) {
        let Some(options) = corner() else { return };
        let near = RedisLimiter::new(connect(&options).await);
        let far = RedisLimiter::new(connect(&options).await);
        case(&near, &far).await;
    }

    dokploy_core::limit_conformance!(between_two);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_reaches_another_process_within_50_milliseconds() {
    let Some(options) = corner() else { return };
    let [near, far] = buses(&options).await;
    let mut signals = far.subscribe();
    let mut times = Vec::new();
    for _ in 0..100 {
        let start = Instant::now();
        near.publish(&Signal::Queued).await.unwrap();
        signals.next().await.unwrap();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let (median, most) = (times[50], times[98]);
    println!("a signal takes {median:?}, at most {most:?} in 99 of 100 cases");
    assert!(median < Duration::from_millis(50), "{median:?}");
}

#[tokio::test]
async fn installations_with_different_prefixes_share_nothing() {
    let (Some(options), Some(others)) = (corner(), corner()) else {
        return;
    };
    let (ours, theirs) = (
        RedisCache::new(connect(&options).await),
        RedisCache::new(connect(&others).await),
    );
    let minute = Duration::from_mins(1);
    ours.increment("n", minute).await.unwrap();
    assert_eq!(theirs.get("n").await.unwrap(), None);
    assert_eq!(theirs.increment("n", minute).await.unwrap(), 1);
    theirs.forget(&["n".to_owned()]).await.unwrap();
    assert_eq!(ours.get("n").await.unwrap().unwrap(), "1");
}

#[tokio::test]
async fn a_url_that_cannot_be_used_is_refused_without_showing_it() {
    for url in [
        "",
        "hunter2",
        "http://:hunter2@localhost",
        "redis://:hunter2@",
        "redis://:hunter2@localhost:port",
        "redis://:hunter2@localhost/zero",
    ] {
        let options = RedisOptions {
            url: url.into(),
            prefix: "test".to_owned(),
        };
        let error = RedisConnection::open(&options).await.unwrap_err();
        assert_eq!(error.violations()[0].field, "redisUrl", "{url}: {error:?}");
        assert!(!format!("{error:?}{options:?}").contains("hunter2"));
    }
}
