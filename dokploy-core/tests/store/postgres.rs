//! The store in PostgreSQL.

use std::sync::Arc;

use dokploy_core::Store;
use dokploy_core::conformance::store::TemporaryPostgres;
use dokploy_core::store::{SqlStore, SqlStoreOptions};

async fn in_postgres(case: impl AsyncFnOnce(Arc<dyn Store>)) {
    let Some(database) = database().await else {
        return;
    };
    let store = open(&database).await;
    case(Arc::new(store.clone())).await;
    store.close().await;
}

/// A database of its own, or nothing where there is no server and none is required.
async fn database() -> Option<TemporaryPostgres> {
    let url = crate::environment::require("postgres", "DOKPLOY_TEST_POSTGRES_URL")?;
    Some(TemporaryPostgres::create(&url).await.unwrap())
}

async fn open(database: &TemporaryPostgres) -> SqlStore {
    let options = SqlStoreOptions::default();
    SqlStore::open(database.url(), options).await.unwrap()
}

dokploy_core::store_conformance!(in_postgres);
