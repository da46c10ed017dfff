//! The store in SQLite.

use std::sync::Arc;

use dokploy_core::Store;
use dokploy_core::store::{SqlStore, SqlStoreOptions};
use tempfile::TempDir;

async fn in_sqlite(case: impl AsyncFnOnce(Arc<dyn Store>)) {
    let directory = TempDir::new().unwrap();
    let store = open(&directory).await;
    case(Arc::new(store.clone())).await;
    store.close().await;
}

async fn open(directory: &TempDir) -> SqlStore {
    let url = format!("sqlite://{}/store.db", directory.path().display());
    SqlStore::open(&url, SqlStoreOptions::default())
        .await
        .unwrap()
}

dokploy_core::store_conformance!(in_sqlite);
