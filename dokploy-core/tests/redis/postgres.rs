//! A bus over the notifications of PostgreSQL, for processes that share a database and no Redis.

use std::time::Duration;

use dokploy_core::bus::{EventBus, SharedBus};
use dokploy_core::conformance::store::TemporaryPostgres;
use dokploy_core::store::{SqlStore, SqlStoreOptions};

use crate::{ends, environment};

/// Runs a case with two ends, when each hears the other. Without a server it is skipped, unless one is required.
async fn between_two(case: impl AsyncFnOnce(&dyn EventBus, &dyn EventBus)) {
    let Some(url) = environment::require("postgres", "DOKPLOY_TEST_POSTGRES_URL") else {
        return;
    };
    let database = TemporaryPostgres::create(&url).await.unwrap();
    let (near, far) = (bus(&database).await, bus(&database).await);
    ends::hears(&near, &far).await;
    ends::hears(&far, &near).await;
    case(&near, &far).await;
}

/// What a process opens.
async fn bus(database: &TemporaryPostgres) -> SharedBus {
    let options = SqlStoreOptions::default();
    let store = SqlStore::open(database.url(), options).await.unwrap();
    store.bus().unwrap()
}

mod suite {
    use super::*;

    dokploy_core::bus_conformance!(between_two);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_reaches_another_process_within_50_milliseconds() {
    between_two(async |near: &dyn EventBus, far: &dyn EventBus| {
        ends::measure(near, far, Duration::from_millis(50)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_database_cut_are_made_again() {
    let Some(url) = environment::require("postgres", "DOKPLOY_TEST_POSTGRES_URL") else {
        return;
    };
    let database = TemporaryPostgres::create(&url).await.unwrap();
    let (near, far) = (bus(&database).await, bus(&database).await);
    ends::hears(&near, &far).await;
    let pool = sqlx::PgPool::connect(database.url()).await.unwrap();
    let cut: i64 = sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(cut >= 2, "{cut} connections were cut");
    ends::hears(&near, &far).await;
    ends::hears(&far, &near).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_file_carries_no_signals() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/d.db", directory.path().display());
    let store = SqlStore::open(&url, SqlStoreOptions::default())
        .await
        .unwrap();
    assert!(store.bus().is_none());
}
