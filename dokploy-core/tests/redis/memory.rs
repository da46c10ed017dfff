//! Cache, bus and limiter of a single process.

use dokploy_core::bus::{EventBus, MemoryBus};
use dokploy_core::cache::{Cache, MemoryCache};
use dokploy_core::limit::{MemoryLimiter, RateLimiter};

mod cache {
    use super::*;

    async fn in_memory(case: impl AsyncFnOnce(&dyn Cache)) {
        case(&MemoryCache::default()).await;
    }

    dokploy_core::cache_conformance!(in_memory);
}

mod bus {
    use super::*;

    async fn in_memory(case: impl AsyncFnOnce(&dyn EventBus, &dyn EventBus)) {
        let bus = MemoryBus::default();
        case(&bus, &bus.clone()).await;
    }

    mod suite {
        use super::*;

        dokploy_core::bus_conformance!(in_memory);
    }
}

mod limit {
    use super::*;

    async fn in_memory(case: impl AsyncFnOnce(&dyn RateLimiter, &dyn RateLimiter)) {
        let limiter = MemoryLimiter::default();
        case(&limiter, &limiter).await;
    }

    dokploy_core::limit_conformance!(in_memory);
}
