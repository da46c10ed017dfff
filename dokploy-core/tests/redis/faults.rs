//! What happens while Redis is lost, hung, emptied or started again: everything goes on, nothing waits, nothing opens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dokploy_core::bus::{EventBus, Signal};
use dokploy_core::cache::{Cache, RedisCache, RedisConnection};
use dokploy_core::error::ErrorKind;
use dokploy_core::limit::{Rate, RateLimiter, RedisLimiter};
use futures::StreamExt;

use crate::ends::hears;
use crate::server::Server;
use crate::shared::buses;

const MINUTE: Duration = Duration::from_mins(1);

/// How long a call may take while Redis is away.
const CALL_MAX: Duration = Duration::from_secs(1);

/// How long everything may take to be back when Redis is back.
const RECOVERY_MAX: Duration = Duration::from_secs(10);

struct Parts {
    cache: RedisCache,
    limiter: RedisLimiter,
}

impl Parts {
    async fn of(server: &Server) -> Self {
        let connection = Arc::new(RedisConnection::open(&server.options()).await.unwrap());
        Self {
            cache: RedisCache::new(Arc::clone(&connection)),
            limiter: RedisLimiter::new(connection),
        }
    }

    /// Waits until the cache keeps something again.
    async fn recover(&self) {
        let start = Instant::now();
        while self.cache.ping().await.is_err() {
            assert!(start.elapsed() < RECOVERY_MAX, "it does not come back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn put(&self, key: &str, value: &'static str) {
        let value = Bytes::from_static(value.as_bytes());
        self.cache.put(key, value, MINUTE).await.unwrap();
    }
}

/// What a call answers, which may not take long.
async fn soon<T>(call: impl Future<Output = T>) -> T {
    let start = Instant::now();
    let answer = call.await;
    assert!(start.elapsed() < CALL_MAX, "{:?}", start.elapsed());
    answer
}

fn hourly(most: u32) -> Rate {
    Rate::new(most, Duration::from_hours(1)).unwrap()
}

/// Everything that has to hold while Redis is away, where three tokens of five and three attempts were used before.
async fn everything_goes_on(parts: &Parts) {
    let cache = &parts.cache;
    assert_eq!(soon(cache.get("kept")).await.unwrap(), None);
    let value = Bytes::from_static(b"2");
    soon(cache.put("new", value, MINUTE)).await.unwrap();
    assert_eq!(soon(cache.get("new")).await.unwrap(), None);
    let error = soon(cache.ping()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());

    let attempts = soon(cache.get("attempts")).await.unwrap().unwrap();
    assert_eq!(attempts, "3", "an outage gives nobody new attempts");
    assert_eq!(soon(cache.increment("attempts", MINUTE)).await.unwrap(), 4);

    for allowed in [true, true, false] {
        let verdict = soon(parts.limiter.take("somebody", hourly(5))).await;
        assert_eq!(verdict.allowed, allowed, "{verdict:?}");
    }
    let stranger = soon(parts.limiter.take("stranger", hourly(5))).await;
    assert!(stranger.allowed, "an outage shuts nobody out");
}

async fn prepared(server: &Server) -> Parts {
    let parts = Parts::of(server).await;
    parts.put("kept", "1").await;
    for _ in 0..3 {
        parts.cache.increment("attempts", MINUTE).await.unwrap();
        assert!(parts.limiter.take("somebody", hourly(5)).await.allowed);
    }
    parts
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_lost_everything_goes_on_and_afterwards_it_is_used_again() {
    let Some(mut server) = Server::start().await else {
        return;
    };
    let parts = prepared(&server).await;
    server.crash().await;
    everything_goes_on(&parts).await;
    server.resume().await;
    parts.recover().await;
    assert_eq!(parts.cache.get("kept").await.unwrap(), None);
    parts.put("kept", "3").await;
    assert_eq!(parts.cache.get("kept").await.unwrap().unwrap(), "3");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_hangs_nobody_waits_for_it() {
    let Some(server) = Server::start().await else {
        return;
    };
    let parts = prepared(&server).await;
    server.hang().await;
    everything_goes_on(&parts).await;
    // Once it is known, nothing is waited for at all.
    let start = Instant::now();
    let mut slow = 0;
    while start.elapsed() < Duration::from_secs(6) {
        let call = Instant::now();
        soon(parts.cache.get("kept")).await.unwrap();
        slow += u32::from(call.elapsed() > Duration::from_millis(100));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(slow < 10, "{slow} calls waited");
    server.go_on().await;
    parts.recover().await;
    assert_eq!(parts.cache.get("kept").await.unwrap().unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_emptied_is_an_empty_cache() {
    let Some(server) = Server::start().await else {
        return;
    };
    let parts = prepared(&server).await;
    assert_eq!(server.command(&["FLUSHALL"]).await, "OK");
    assert_eq!(server.command(&["SCRIPT", "FLUSH"]).await, "OK");
    assert_eq!(parts.cache.get("kept").await.unwrap(), None);
    assert_eq!(parts.cache.increment("attempts", MINUTE).await.unwrap(), 1);
    let verdict = parts.limiter.take("somebody", hourly(5)).await;
    assert!(verdict.allowed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_after_the_start_is_used() {
    let Some(mut server) = Server::start().await else {
        return;
    };
    server.crash().await;
    let start = Instant::now();
    let parts = Parts::of(&server).await;
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "the start goes on"
    );
    assert_eq!(soon(parts.cache.get("kept")).await.unwrap(), None);
    server.resume().await;
    parts.recover().await;
    parts.put("kept", "1").await;
    assert_eq!(parts.cache.get("kept").await.unwrap().unwrap(), "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_forgotten_is_never_seen_again_here() {
    let Some(server) = Server::start().await else {
        return;
    };
    let parts = prepared(&server).await;
    server.hang().await;
    let keys = ["kept".to_owned()];
    let error = soon(parts.cache.forget(&keys)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    server.go_on().await;
    parts.recover().await;
    assert_eq!(parts.cache.get("kept").await.unwrap(), None);
    assert_eq!(server.command(&["EXISTS", "test:cache:kept"]).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_or_a_full_server_is_an_outage_and_no_open_door() {
    let Some(server) = Server::start().await else {
        return;
    };
    let parts = prepared(&server).await;
    server
        .command(&[
            "CONFIG",
            "SET",
            "maxmemory",
            "1",
            "maxmemory-policy",
            "noeviction",
        ])
        .await;
    let value = Bytes::from_static(b"2");
    soon(parts.cache.put("new", value, MINUTE)).await.unwrap();
    for allowed in [true, true, false] {
        let verdict = soon(parts.limiter.take("somebody", hourly(5))).await;
        assert_eq!(verdict.allowed, allowed);
    }
    server.command(&["CONFIG", "SET", "maxmemory", "0"]).await;
    server
        .command(&["CONFIG", "SET", "requirepass", "another"])
        .await;
    let locked_out = Parts::of(&server).await;
    for allowed in [true, false] {
        let verdict = soon(locked_out.limiter.take("stranger", hourly(1))).await;
        assert_eq!(verdict.allowed, allowed);
    }
    assert!(soon(locked_out.cache.ping()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_listeners_of_a_process_are_served_while_redis_is_away_and_the_others_afterwards() {
    let Some(mut server) = Server::start().await else {
        return;
    };
    let [near, far] = buses(&server.options()).await;
    let mut signals = near.subscribe();
    for outage in ["lost", "hung"] {
        if outage == "lost" {
            server.crash().await;
        } else {
            server.hang().await;
        }
        let start = Instant::now();
        for _ in 0..500 {
            near.publish(&Signal::Queued).await.unwrap();
            assert_eq!(signals.next().await, Some(Signal::Queued));
        }
        assert!(
            start.elapsed() < CALL_MAX,
            "{outage}: 500 signals took {:?}",
            start.elapsed()
        );
        // Long enough for each connection to notice, also the one that only listens.
        tokio::time::sleep(Duration::from_secs(4)).await;
        if outage == "lost" {
            server.resume().await;
        } else {
            server.go_on().await;
        }
        hears(&far, &near).await;
        hears(&near, &far).await;
        // What the calls above were is behind us.
        signals = near.subscribe();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_leaves_no_connection() {
    let Some(server) = Server::start().await else {
        return;
    };
    let clients = async || {
        let list = server.command(&["CLIENT", "LIST"]).await;
        list.lines().count()
    };
    let before = clients().await;
    let parts = prepared(&server).await;
    let ends = buses(&server.options()).await;
    assert!(clients().await >= before + 5);
    drop((parts, ends));
    let start = Instant::now();
    while clients().await > before {
        assert!(start.elapsed() < RECOVERY_MAX, "connections are left");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
