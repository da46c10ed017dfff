//! Cache, bus and limiter in the Redis of the test environment. Without one these tests are skipped, unless it is
//! required.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::bus::{EventBus, SharedBus};
use dokploy_core::cache::{Cache, RedisCache, RedisConnection, RedisOptions};
use dokploy_core::id::ProcessId;
use dokploy_core::limit::{RateLimiter, RedisLimiter};

use crate::{ends, environment};

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
pub(crate) async fn buses(options: &RedisOptions) -> [SharedBus; 2] {
    let mut buses = Vec::new();
    for _ in 0..2 {
        let connection = RedisConnection::open(options).await.unwrap();
        buses.push(
            SharedBus::over_redis(Arc::new(connection), options)
                .await
                .unwrap(),
        );
    }
    let buses: [SharedBus; 2] = buses.try_into().unwrap();
    ends::hears(&buses[0], &buses[1]).await;
    ends::hears(&buses[1], &buses[0]).await;
    buses
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
    ends::measure(&near, &far, Duration::from_millis(50)).await;
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
