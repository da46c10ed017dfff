//! The store in PostgreSQL. Without a server these tests are skipped, unless one is required.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::Store;
use dokploy_core::conformance::store::TemporaryPostgres;
use dokploy_core::conformance::store::scene::{
    Scene, new_deployment, now, refused, session, token, user,
};
use dokploy_core::error::ErrorKind;
use dokploy_core::model::{PageRequest, Reach, Role, UserReach};
use dokploy_core::store::{
    ApplicationStore, DeploymentStore, ProjectStore, SessionStore, SettingStore, SqlStore,
    SqlStoreOptions, TokenStore, UserStore,
};
use dokploy_tests::environment;
use sqlx::{AssertSqlSafe, Executor, PgPool, Row, SqlSafeStr};
use tokio::task::JoinSet;
use url::Url;

use crate::proxy::Proxy;
use crate::trace::Stopwatch;
use crate::{durable, integrity, shared, trace};

/// A database of its own, or nothing where there is no server and none is required.
async fn database() -> Option<TemporaryPostgres> {
    let url = environment::require("postgres", "DOKPLOY_TEST_POSTGRES_URL")?;
    Some(TemporaryPostgres::create(&url).await.unwrap())
}

async fn open(database: &TemporaryPostgres) -> SqlStore {
    let options = SqlStoreOptions::default();
    SqlStore::open(database.url(), options).await.unwrap()
}

async fn in_postgres(case: impl AsyncFnOnce(Arc<dyn Store>)) {
    let Some(database) = database().await else {
        return;
    };
    case(Arc::new(open(&database).await)).await;
}

mod one_server {
    use super::*;

    dokploy_core::store_conformance!(in_postgres);
}

async fn in_postgres_with_two_servers(case: impl AsyncFnOnce(Arc<dyn Store>)) {
    let Some(database) = database().await else {
        return;
    };
    let (first, second) = (open(&database).await, open(&database).await);
    case(Arc::new(shared::TwoServers::new(first, second))).await;
}

mod two_servers {
    use super::*;

    dokploy_core::store_conformance!(in_postgres_with_two_servers);
}

#[tokio::test]
async fn processes_that_start_together_share_one_schema() {
    let Some(database) = database().await else {
        return;
    };
    let open = async || open(&database).await;
    durable::processes_that_start_together_share_one_schema(open).await;
}

#[tokio::test]
async fn what_was_accepted_outlives_the_process() {
    let Some(database) = database().await else {
        return;
    };
    let open = async || open(&database).await;
    durable::what_was_accepted_outlives_the_process(open).await;
}

#[tokio::test]
async fn every_statement_is_timed() {
    let Some(database) = database().await else {
        return;
    };
    trace::every_statement_is_timed(&open(&database).await).await;
}

#[tokio::test]
async fn whoever_calls_is_known_after_one_statement_and_so_is_what_he_may_see() {
    let Some(database) = database().await else {
        return;
    };
    let store = open(&database).await;
    let scene = Scene::new(Arc::new(store.clone())).await;
    let user = user(Role::Owner);
    store.create_user(&user, None).await.unwrap();
    let (session, token) = (session(user.id), token(user.id));
    store.create_session(&session).await.unwrap();
    store.create_token(&token, "digest").await.unwrap();
    let reach = Reach::Projects(UserReach::User(user.id), vec![scene.project.id]);

    // PostgreSQL is spoken to on the thread of the test, so that nobody else's statements are counted.
    let stopwatch = Stopwatch::default();
    let _counting = tracing::subscriber::set_default(stopwatch.clone());
    let accepted = store.find_session(session.id, now()).await.unwrap();
    assert!(accepted.is_some());
    assert_eq!(stopwatch.count(), 1);
    let accepted = store.find_token_by_digest("digest", now()).await.unwrap();
    assert!(accepted.is_some());
    assert_eq!(stopwatch.count(), 2);
    let id = scene.application.id;
    let found = store.find_application_in_reach(&reach, id).await.unwrap();
    assert_eq!(found, None);
    assert_eq!(stopwatch.count(), 3);
    let listed = store.list_projects(&reach, PageRequest::first()).await;
    assert_eq!(listed.unwrap().items, []);
    assert_eq!(stopwatch.count(), 4);
}

#[tokio::test]
async fn an_unsealed_secret_is_never_stored() {
    let Some(database) = database().await else {
        return;
    };
    integrity::an_unsealed_secret_is_never_stored(&open(&database).await).await;
}

#[tokio::test]
async fn the_database_refuses_what_breaks_a_promise() {
    let Some(database) = database().await else {
        return;
    };
    integrity::rows(&open(&database).await).await;
    let connection = PgPool::connect(database.url()).await.unwrap();
    for statement in integrity::FORBIDDEN {
        let refused = connection.execute(statement).await;
        assert!(refused.is_err(), "{statement}");
    }
}

#[tokio::test]
async fn every_statement_is_understood_and_none_has_to_read_a_whole_table() {
    let Some(database) = database().await else {
        return;
    };
    let store = open(&database).await;
    let connection = PgPool::connect(database.url()).await.unwrap();
    let mut connection = connection.acquire().await.unwrap();
    // An empty table is read faster than its index: what is asked is whether an index would do.
    for setting in [
        "SET enable_seqscan = off",
        "SET plan_cache_mode = force_generic_plan",
    ] {
        connection.execute(setting).await.unwrap();
    }
    for (name, text) in store.statements() {
        let prepare = AssertSqlSafe(format!("PREPARE {name}_prepared AS {text}"));
        let prepared = connection.execute(prepare.into_sql_str()).await;
        prepared.unwrap_or_else(|error| panic!("{name}: {error}"));
        let values = (1..20)
            .filter(|number| text.contains(&format!("${number}")))
            .map(|_| "NULL")
            .collect::<Vec<_>>()
            .join(", ");
        let values = if values.is_empty() {
            values
        } else {
            format!("({values})")
        };
        let explain = AssertSqlSafe(format!("EXPLAIN EXECUTE {name}_prepared{values}"));
        let plan = connection.fetch_all(explain.into_sql_str()).await.unwrap();
        for row in plan {
            let step: String = row.get(0);
            let reads_all = integrity::LARGE
                .iter()
                .any(|table| step.contains(&format!("Seq Scan on {table}")));
            assert!(!reads_all, "{name} reads a whole table: {step}");
        }
        let deallocate = AssertSqlSafe(format!("DEALLOCATE {name}_prepared"));
        connection.execute(deallocate.into_sql_str()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_breaks_off_connections_loses_nothing_that_was_accepted() {
    let Some(database) = database().await else {
        return;
    };
    let store = open(&database).await;
    let scene = Scene::new(Arc::new(store.clone())).await;
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let (store, application) = (store.clone(), scene.application.clone());
        callers.spawn(async move {
            let (mut accepted, mut refused) = (Vec::new(), 0);
            while refused < 3 {
                let new = new_deployment(&application);
                match store.create_deployment(&new).await {
                    Ok(created) => accepted.push(created.deployment.id),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
                        assert!(error.is_retryable(), "{error:?}");
                        refused += 1;
                    }
                }
            }
            accepted
        });
    }
    let mut accepted = Vec::new();
    loop {
        tokio::select! {
            done = callers.join_next() => match done {
                Some(ids) => accepted.extend(ids.unwrap()),
                None => break,
            },
            () = tokio::time::sleep(Duration::from_millis(30)) => {
                database.terminate_connections().await.unwrap();
            }
        }
    }
    assert!(!accepted.is_empty());
    // The next call is served by a new connection, and everything is there.
    for id in accepted {
        scene.find(id).await;
        assert_eq!(scene.log(id).await.len(), 1);
    }
    store.ping().await.unwrap();
}

#[tokio::test]
async fn a_server_that_falls_silent_is_unavailable_in_time_and_goes_on_later() {
    let Some(database) = database().await else {
        return;
    };
    let mut url = Url::parse(database.url()).unwrap();
    let host = url.host_str().unwrap();
    let target = format!("{host}:{}", url.port().unwrap_or(5432));
    let proxy = Proxy::to(target).await;
    url.set_ip_host(proxy.address.ip()).unwrap();
    url.set_port(Some(proxy.address.port())).unwrap();
    let options = SqlStoreOptions {
        acquire_timeout: Duration::from_millis(500),
        statement_timeout: Duration::from_millis(500),
        ..SqlStoreOptions::default()
    };
    let store = SqlStore::open(url.as_str(), options).await.unwrap();
    store.ping().await.unwrap();
    proxy.set_silent(true);
    let started = tokio::time::Instant::now();
    let error = store.ping().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(error.is_retryable());
    assert!(started.elapsed() < Duration::from_secs(5));

    proxy.set_silent(false);
    let recovers = async {
        while store.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let deadline = Duration::from_secs(20);
    tokio::time::timeout(deadline, recovers).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_and_no_error_shows_the_password() {
    let urls = [
        // Nothing listens there.
        "postgres://somebody:do-not-show-me@127.0.0.1:1/dokploy",
        "postgres://somebody:do-not-show-me@[::1",
        "postgres://somebody:do-not-show-me@host:port/dokploy",
    ];
    let kinds = [
        ErrorKind::Unavailable,
        ErrorKind::InvalidSpec,
        ErrorKind::InvalidSpec,
    ];
    for (url, kind) in urls.into_iter().zip(kinds) {
        let opened = SqlStore::open(url, SqlStoreOptions::default()).await;
        let error = opened.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(error.is_retryable(), kind == ErrorKind::Unavailable);
        assert!(
            !format!("{error:?}").contains("do-not-show-me"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_user_or_database_that_is_refused_is_no_case_for_a_retry() {
    let Some(database) = database().await else {
        return;
    };
    let absent = format!("{}_absent", database.url());
    let opened = SqlStore::open(&absent, SqlStoreOptions::default()).await;
    let error = opened.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(!error.is_retryable() && error.hint().is_some());
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let Some(database) = database().await else {
        return;
    };
    open(&database).await.close().await;
    let connection = PgPool::connect(database.url()).await.unwrap();
    let insert = "INSERT INTO _sqlx_migrations VALUES (9999, 'future', now(), TRUE, '', 0)";
    connection.execute(insert).await.unwrap();
    let opened = SqlStore::open(database.url(), SqlStoreOptions::default()).await;
    refused(opened, ErrorKind::Unsupported);
}
