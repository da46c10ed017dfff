//! The store in SQLite.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::Store;
use dokploy_core::conformance::store::scene::{Scene, project, refused};
use dokploy_core::error::ErrorKind;
use dokploy_core::store::{ProjectStore, SettingStore, SqlStore, SqlStoreOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, Executor, Row, SqlSafeStr};
use tempfile::TempDir;

use crate::{durable, integrity, shared, trace};

struct Database(TempDir);

impl Database {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn url(&self) -> String {
        format!("sqlite://{}/store.db", self.0.path().display())
    }

    async fn open(&self) -> SqlStore {
        let options = SqlStoreOptions::default();
        SqlStore::open(&self.url(), options).await.unwrap()
    }

    /// A connection for statements of the test's own.
    async fn connect(&self) -> SqlitePool {
        let file = self.0.path().join("store.db");
        let options = SqliteConnectOptions::new().filename(file);
        SqlitePool::connect_with(options.foreign_keys(true))
            .await
            .unwrap()
    }
}

async fn in_sqlite(case: impl AsyncFnOnce(Arc<dyn Store>)) {
    let database = Database::new();
    let store = database.open().await;
    case(Arc::new(store.clone())).await;
    store.close().await;
}

mod one_server {
    use super::*;

    dokploy_core::store_conformance!(in_sqlite);
}

async fn in_sqlite_with_two_servers(case: impl AsyncFnOnce(Arc<dyn Store>)) {
    let database = Database::new();
    let (first, second) = (database.open().await, database.open().await);
    case(Arc::new(shared::TwoServers::new(first, second))).await;
}

mod two_servers {
    use super::*;

    dokploy_core::store_conformance!(in_sqlite_with_two_servers);
}

#[tokio::test]
async fn processes_that_start_together_share_one_schema() {
    let database = Database::new();
    durable::processes_that_start_together_share_one_schema(async || database.open().await).await;
}

#[tokio::test]
async fn what_was_accepted_outlives_the_process() {
    let database = Database::new();
    durable::what_was_accepted_outlives_the_process(async || database.open().await).await;
}

#[tokio::test]
async fn every_statement_is_timed() {
    trace::every_statement_is_timed(&Database::new().open().await).await;
}

#[tokio::test]
async fn an_unsealed_secret_is_never_stored() {
    integrity::an_unsealed_secret_is_never_stored(&Database::new().open().await).await;
}

#[tokio::test]
async fn the_database_refuses_what_breaks_a_promise() {
    let database = Database::new();
    integrity::rows(&database.open().await).await;
    let connection = database.connect().await;
    for statement in integrity::FORBIDDEN {
        let refused = connection.execute(statement).await;
        assert!(refused.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn every_statement_is_understood_and_none_reads_a_whole_table() {
    let database = Database::new();
    let store = database.open().await;
    let connection = database.connect().await;
    for (name, text) in store.statements() {
        let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}")).into_sql_str();
        let plan = connection.fetch_all(explain).await;
        for row in plan.unwrap_or_else(|error| panic!("{name}: {error}")) {
            let step: String = row.get("detail");
            let reads_all = integrity::LARGE
                .iter()
                .any(|table| step == format!("SCAN {table}"));
            assert!(!reads_all, "{name} reads a whole table: {step}");
        }
    }
}

#[tokio::test]
async fn a_database_that_another_process_locks_is_unavailable_and_recovers() {
    let database = Database::new();
    database.open().await.close().await;
    let options = SqlStoreOptions {
        acquire_timeout: Duration::from_millis(200),
        ..SqlStoreOptions::default()
    };
    let store = SqlStore::open(&database.url(), options).await.unwrap();
    let other = database.connect().await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.create_project(&project()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(error.is_retryable());
    // Who only reads is not disturbed.
    store.ping().await.unwrap();
    lock.rollback().await.unwrap();
    store.create_project(&project()).await.unwrap();
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let database = Database::new();
    database.open().await.close().await;
    let insert =
        "INSERT INTO _sqlx_migrations VALUES (9999, 'future', CURRENT_TIMESTAMP, TRUE, x'00', 0)";
    database.connect().await.execute(insert).await.unwrap();
    let opened = SqlStore::open(&database.url(), SqlStoreOptions::default()).await;
    refused(opened, ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_says_what_to_do() {
    let database = Database::new();
    let absent = database.url().replace("store.db", "absent/store.db");
    let garbage = database.0.path().join("garbage.db");
    std::fs::write(&garbage, "this is no database".repeat(100)).unwrap();
    let cases = [
        (absent, ErrorKind::Unavailable),
        (
            format!("sqlite://{}", garbage.display()),
            ErrorKind::Unexpected,
        ),
        ("sqlite::memory:".to_owned(), ErrorKind::Unsupported),
        ("mysql://localhost/x".to_owned(), ErrorKind::InvalidSpec),
        ("store.db".to_owned(), ErrorKind::InvalidSpec),
    ];
    for (url, kind) in cases {
        let opened = SqlStore::open(&url, SqlStoreOptions::default()).await;
        let error = opened.unwrap_err();
        assert_eq!(error.kind(), kind, "{url}: {error:?}");
        assert!(!error.is_retryable(), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn readers_go_on_while_a_writer_works() {
    let database = Database::new();
    let store = database.open().await;
    let scene = Scene::new(Arc::new(store.clone())).await;
    let other = database.connect().await;
    let _lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let found = store.find_project(scene.project.id).await.unwrap();
    assert_eq!(found, Some(scene.project));
}
