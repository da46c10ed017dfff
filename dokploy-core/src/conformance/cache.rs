//! What every [`Cache`] has to do, one case for each sentence of its contract.
//!
//! A case gets a cache of its own. [`cache_conformance!`](crate::cache_conformance) makes a test of each; it takes the
//! name of an async function that makes a cache and hands it to the case.
#![expect(clippy::unwrap_used, reason = "a case fails by panicking")]
#![expect(missing_docs, reason = "the names of the cases are sentences")]

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::cache::Cache;
use crate::error::ErrorKind;

/// Makes a test of each case of the conformance suite of caches.
///
/// The argument is an async function that takes a case, `impl AsyncFnOnce(&dyn Cache)`, and runs it with an empty one.
#[macro_export]
macro_rules! cache_conformance {
    ($run:path) => {
        $crate::cache_conformance!(@tests $run, [
            what_was_never_put_is_absent,
            a_value_is_kept_as_it_is,
            a_later_value_takes_the_place_of_an_earlier_one,
            a_value_is_forgotten_after_its_time,
            a_value_without_time_is_not_kept,
            the_longest_time_there_is_can_be_asked_for,
            forgetting_takes_exactly_the_named_keys,
            a_counter_starts_at_one_and_counts_each_time_once,
            a_counter_is_forgotten_after_the_time_of_its_first_increment,
            a_counter_can_be_forgotten_and_starts_anew,
            a_counter_reads_as_its_number,
            counting_what_is_no_counter_is_refused_and_changes_nothing,
            a_cache_that_works_answers_a_ping,
        ]);
    };
    (@tests $run:path, [$($case:ident),+ $(,)?]) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $run(async |cache: &dyn $crate::cache::Cache| {
                    $crate::conformance::cache::$case(cache).await;
                })
                .await;
            }
        )+
    };
}

const MINUTE: Duration = Duration::from_mins(1);

/// A time short enough to be waited for.
const SHORT: Duration = Duration::from_millis(60);

/// How long something that was to be forgotten may still be there.
const PATIENCE: Duration = Duration::from_secs(10);

async fn put(cache: &dyn Cache, key: &str, value: &'static str) {
    let value = Bytes::from_static(value.as_bytes());
    cache.put(key, value, MINUTE).await.unwrap();
}

async fn text(cache: &dyn Cache, key: &str) -> Option<String> {
    let value = cache.get(key).await.unwrap()?;
    Some(String::from_utf8(value.to_vec()).unwrap())
}

/// Waits until there is no value, and answers how long that took.
async fn forgotten(cache: &dyn Cache, key: &str) -> Duration {
    let start = Instant::now();
    while cache.get(key).await.unwrap().is_some() {
        assert!(start.elapsed() < PATIENCE, "{key} is still there");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    start.elapsed()
}

pub async fn what_was_never_put_is_absent(cache: &dyn Cache) {
    assert_eq!(cache.get("absent").await.unwrap(), None);
    cache.forget(&["absent".to_owned()]).await.unwrap();
    cache.forget(&[]).await.unwrap();
}

pub async fn a_value_is_kept_as_it_is(cache: &dyn Cache) {
    let values = [
        Bytes::new(),
        (0..=255).collect(),
        Bytes::from_static(b"\r\n$-1\r\n"),
        Bytes::from(vec![7; 1_000_000]),
    ];
    for (number, value) in values.into_iter().enumerate() {
        let key = format!("a key {{with}} \r\n anything: ü/{number}");
        cache.put(&key, value.clone(), MINUTE).await.unwrap();
        assert_eq!(cache.get(&key).await.unwrap(), Some(value));
    }
}

pub async fn a_later_value_takes_the_place_of_an_earlier_one(cache: &dyn Cache) {
    cache
        .put("a", Bytes::from_static(b"1"), SHORT)
        .await
        .unwrap();
    put(cache, "a", "2").await;
    tokio::time::sleep(SHORT * 2).await;
    assert_eq!(text(cache, "a").await.unwrap(), "2", "it has its own time");
}

pub async fn a_value_is_forgotten_after_its_time(cache: &dyn Cache) {
    put(cache, "kept", "1").await;
    cache
        .put("a", Bytes::from_static(b"1"), SHORT)
        .await
        .unwrap();
    forgotten(cache, "a").await;
    assert_eq!(text(cache, "kept").await.unwrap(), "1");
}

pub async fn a_value_without_time_is_not_kept(cache: &dyn Cache) {
    put(cache, "a", "1").await;
    let value = Bytes::from_static(b"2");
    cache.put("a", value, Duration::ZERO).await.unwrap();
    assert_eq!(cache.get("a").await.unwrap(), None);
}

pub async fn the_longest_time_there_is_can_be_asked_for(cache: &dyn Cache) {
    let value = Bytes::from_static(b"1");
    cache.put("a", value, Duration::MAX).await.unwrap();
    assert_eq!(text(cache, "a").await.unwrap(), "1");
    assert_eq!(cache.increment("n", Duration::MAX).await.unwrap(), 1);
    assert_eq!(cache.increment("n", Duration::MAX).await.unwrap(), 2);
}

pub async fn forgetting_takes_exactly_the_named_keys(cache: &dyn Cache) {
    for key in ["a", "ab", "b", "*"] {
        put(cache, key, "1").await;
    }
    let keys = ["a", "*", "absent"].map(str::to_owned);
    cache.forget(&keys).await.unwrap();
    for (key, is_there) in [("a", false), ("*", false), ("ab", true), ("b", true)] {
        assert_eq!(cache.get(key).await.unwrap().is_some(), is_there, "{key}");
    }
}

pub async fn a_counter_starts_at_one_and_counts_each_time_once(cache: &dyn Cache) {
    let increments = (0..50).map(|_| cache.increment("n", MINUTE));
    let mut counts = futures::future::try_join_all(increments).await.unwrap();
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<_>>());
    assert_eq!(cache.increment("other", MINUTE).await.unwrap(), 1);
}

pub async fn a_counter_is_forgotten_after_the_time_of_its_first_increment(cache: &dyn Cache) {
    cache.increment("n", SHORT).await.unwrap();
    cache.increment("n", MINUTE).await.unwrap();
    forgotten(cache, "n").await;
    assert_eq!(cache.increment("n", MINUTE).await.unwrap(), 1);
}

pub async fn a_counter_can_be_forgotten_and_starts_anew(cache: &dyn Cache) {
    for _ in 0..3 {
        cache.increment("n", MINUTE).await.unwrap();
    }
    cache.forget(&["n".to_owned()]).await.unwrap();
    assert_eq!(cache.increment("n", MINUTE).await.unwrap(), 1);
}

pub async fn a_counter_reads_as_its_number(cache: &dyn Cache) {
    for _ in 0..12 {
        cache.increment("n", MINUTE).await.unwrap();
    }
    assert_eq!(text(cache, "n").await.unwrap(), "12");
}

pub async fn counting_what_is_no_counter_is_refused_and_changes_nothing(cache: &dyn Cache) {
    put(cache, "a", "text").await;
    let error = cache.increment("a", MINUTE).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
    assert_eq!(text(cache, "a").await.unwrap(), "text");
}

pub async fn a_cache_that_works_answers_a_ping(cache: &dyn Cache) {
    cache.ping().await.unwrap();
}
