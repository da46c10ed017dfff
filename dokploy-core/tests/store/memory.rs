//! The store in memory.

use std::sync::Arc;

use dokploy_core::Store;
use dokploy_core::store::MemoryStore;

async fn in_memory(case: impl AsyncFnOnce(Arc<dyn Store>)) {
    case(Arc::new(MemoryStore::new())).await;
}

dokploy_core::store_conformance!(in_memory);
