//! What every [`RateLimiter`] has to do, one case for each sentence of its contract.
//!
//! A case gets two ends of a limiter that nobody else uses: those of two processes, or twice the same where it is one of
//! a single process. [`limit_conformance!`](crate::limit_conformance) makes a test of each.
#![expect(clippy::unwrap_used, reason = "a case fails by panicking")]
#![expect(missing_docs, reason = "the names of the cases are sentences")]

use std::time::Duration;

use tokio::time::Instant;

use crate::limit::{Rate, RateLimiter};

/// Makes a test of each case of the conformance suite of limiters.
///
/// The argument is an async function that takes a case, `impl AsyncFnOnce(&dyn RateLimiter, &dyn RateLimiter)`, and
/// runs it with two ends of one limiter.
#[macro_export]
macro_rules! limit_conformance {
    ($run:path) => {
        $crate::limit_conformance!(@tests $run, [
            a_full_bucket_gives_what_it_holds_and_no_more,
            racing_requests_share_one_bucket,
            keys_have_buckets_of_their_own,
            a_bucket_fills_as_fast_as_it_says,
            a_refused_request_takes_nothing,
            a_smaller_rate_makes_the_bucket_smaller,
        ]);
    };
    (@tests $run:path, [$($case:ident),+ $(,)?]) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                $run(async |near: &dyn $crate::limit::RateLimiter, far: &dyn $crate::limit::RateLimiter| {
                    $crate::conformance::limit::$case(near, far).await;
                })
                .await;
            }
        )+
    };
}

fn hourly(most: u32) -> Rate {
    Rate::new(most, Duration::from_hours(1)).unwrap()
}

pub async fn a_full_bucket_gives_what_it_holds_and_no_more(
    near: &dyn RateLimiter,
    far: &dyn RateLimiter,
) {
    let rate = hourly(10);
    for (end, remaining) in [near, far].into_iter().cycle().zip((0..10).rev()) {
        let verdict = end.take("a", rate).await;
        assert!(verdict.allowed);
        assert_eq!((verdict.limit, verdict.remaining), (10, remaining));
        assert_eq!(verdict.retry_after.is_zero(), remaining > 0);
    }
    for end in [near, far] {
        let verdict = end.take("a", rate).await;
        assert!(!verdict.allowed);
        assert_eq!(verdict.remaining, 0);
        let (most, least) = (Duration::from_mins(6), Duration::from_mins(5));
        assert!(verdict.retry_after > least && verdict.retry_after <= most);
        assert!(verdict.full_after > Duration::from_mins(59));
    }
}

pub async fn racing_requests_share_one_bucket(near: &dyn RateLimiter, far: &dyn RateLimiter) {
    let rate = hourly(20);
    let requests = (0..30).flat_map(|_| [near.take("a", rate), far.take("a", rate)]);
    let verdicts = futures::future::join_all(requests).await;
    let allowed = verdicts.iter().filter(|verdict| verdict.allowed).count();
    assert_eq!(allowed, 20);
}

pub async fn keys_have_buckets_of_their_own(near: &dyn RateLimiter, far: &dyn RateLimiter) {
    let rate = hourly(1);
    for key in ["a", "ab", "{a}", "", "a b\r\n"] {
        assert!(near.take(key, rate).await.allowed, "{key:?}");
        assert!(!far.take(key, rate).await.allowed, "{key:?}");
    }
}

pub async fn a_bucket_fills_as_fast_as_it_says(near: &dyn RateLimiter, far: &dyn RateLimiter) {
    let rate = Rate::new(4, Duration::from_millis(800)).unwrap();
    let start = Instant::now();
    let mut allowed = 0;
    while allowed < 8 {
        let verdict = near.take("a", rate).await;
        if verdict.allowed {
            allowed += 1;
        } else {
            tokio::time::sleep(verdict.retry_after).await;
        }
    }
    assert!(
        start.elapsed() >= Duration::from_millis(790),
        "four at once, and four that take 200 ms each: {:?}",
        start.elapsed()
    );
    assert_eq!(far.take("a", rate).await.limit, 4);
}

pub async fn a_refused_request_takes_nothing(near: &dyn RateLimiter, far: &dyn RateLimiter) {
    let rate = hourly(2);
    while near.take("a", rate).await.allowed {}
    let first = near.take("a", rate).await;
    for _ in 0..20 {
        far.take("a", rate).await;
    }
    let last = far.take("a", rate).await;
    assert!(last.retry_after <= first.retry_after);
}

pub async fn a_smaller_rate_makes_the_bucket_smaller(
    near: &dyn RateLimiter,
    far: &dyn RateLimiter,
) {
    let (large, small) = (hourly(100), hourly(1));
    while near.take("a", large).await.allowed {}
    let verdict = far.take("a", small).await;
    assert!(!verdict.allowed);
    assert!(verdict.retry_after <= Duration::from_hours(1));
}
