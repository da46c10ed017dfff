//! Requests that are repeated.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::scene::now;
use crate::clock::Timestamp;
use crate::store::{Idempotency, Store, StoredResponse};

const DAY: Duration = Duration::from_hours(24);

fn response(body: &str) -> StoredResponse {
    StoredResponse {
        status: 201,
        body: body.to_owned(),
    }
}

async fn begin(store: &Arc<dyn Store>, key: &str, digest: &str, at: Timestamp) -> Idempotency {
    let begun = store.begin_idempotent("actor", key, digest, at, DAY);
    begun.await.unwrap()
}

pub async fn a_request_runs_once_and_its_answer_is_given_again(store: Arc<dyn Store>) {
    let at = now();
    assert_eq!(begin(&store, "key", "digest", at).await, Idempotency::New);
    let again = begin(&store, "key", "digest", at).await;
    assert_eq!(again, Idempotency::Running);
    let first = response("first");
    let finished = store.finish_idempotent("actor", "key", &first);
    finished.await.unwrap();
    // The first answer stays.
    let late = response("late");
    let finished = store.finish_idempotent("actor", "key", &late);
    finished.await.unwrap();
    let again = begin(&store, "key", "digest", at).await;
    assert_eq!(again, Idempotency::Done(first));

    // Other keys and other actors are other requests.
    assert_eq!(begin(&store, "other", "digest", at).await, Idempotency::New);
    let elsewhere = store.begin_idempotent("somebody", "key", "digest", at, DAY);
    assert_eq!(elsewhere.await.unwrap(), Idempotency::New);
}

pub async fn a_key_is_refused_for_another_request(store: Arc<dyn Store>) {
    let at = now();
    begin(&store, "key", "digest", at).await;
    let while_it_runs = begin(&store, "key", "other", at).await;
    assert_eq!(while_it_runs, Idempotency::Mismatch);
    let done = response("done");
    let finished = store.finish_idempotent("actor", "key", &done);
    finished.await.unwrap();
    let afterwards = begin(&store, "key", "other", at).await;
    assert_eq!(afterwards, Idempotency::Mismatch);
}

pub async fn of_racing_requests_with_one_key_one_runs(store: Arc<dyn Store>) {
    let at = now();
    let mut race = JoinSet::new();
    for _ in 0..20 {
        let store = store.clone();
        race.spawn(async move { begin(&store, "key", "digest", at).await });
    }
    let answers = race.join_all().await;
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!(count(Idempotency::New), 1, "{answers:?}");
    assert_eq!(count(Idempotency::Running), 19, "{answers:?}");
}

pub async fn a_request_that_was_given_up_runs_again(store: Arc<dyn Store>) {
    let at = now();
    begin(&store, "key", "digest", at).await;
    store.abandon_idempotent("actor", "key").await.unwrap();
    assert_eq!(begin(&store, "key", "other", at).await, Idempotency::New);
    let done = response("done");
    let finished = store.finish_idempotent("actor", "key", &done);
    finished.await.unwrap();
    // What was answered is not given up any more.
    store.abandon_idempotent("actor", "key").await.unwrap();
    let again = begin(&store, "key", "other", at).await;
    assert_eq!(again, Idempotency::Done(done.clone()));
    store.abandon_idempotent("actor", "absent").await.unwrap();
    let absent = store.finish_idempotent("actor", "absent", &done);
    absent.await.unwrap();
    assert_eq!(
        begin(&store, "absent", "digest", at).await,
        Idempotency::New
    );
}

pub async fn a_request_whose_runner_died_runs_again(store: Arc<dyn Store>) {
    let at = now();
    begin(&store, "key", "digest", at).await;
    let in_time = at.plus(Duration::from_secs(119));
    let running = begin(&store, "key", "digest", in_time).await;
    assert_eq!(running, Idempotency::Running);
    let too_late = at.plus(Duration::from_mins(2));
    let mut race = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        race.spawn(async move { begin(&store, "key", "digest", too_late).await });
    }
    let answers = race.join_all().await;
    let news = answers.iter().filter(|one| **one == Idempotency::New);
    assert_eq!(news.count(), 1, "{answers:?}");
}

pub async fn an_answer_is_forgotten_after_its_time(store: Arc<dyn Store>) {
    let at = now();
    begin(&store, "key", "digest", at).await;
    let done = response("done");
    let finished = store.finish_idempotent("actor", "key", &done);
    finished.await.unwrap();
    let before = at.plus(Duration::from_hours(23));
    let again = begin(&store, "key", "digest", before).await;
    assert_eq!(again, Idempotency::Done(done));
    assert_eq!(store.purge_idempotent(before).await.unwrap(), 0);
    let after = at.plus(DAY);
    assert_eq!(begin(&store, "key", "other", after).await, Idempotency::New);
    let long_after = after.plus(DAY + DAY);
    assert_eq!(store.purge_idempotent(long_after).await.unwrap(), 1);
    assert_eq!(store.purge_idempotent(long_after).await.unwrap(), 0);
}
