//! Several servers on one database behave as one: each call goes to the next of two.

use std::sync::atomic::{AtomicUsize, Ordering};

use dokploy_core::store::SqlStore;

/// Two servers on one database.
#[derive(Debug)]
pub(crate) struct TwoServers {
    servers: [SqlStore; 2],
    calls: AtomicUsize,
}

impl TwoServers {
    pub(crate) fn new(first: SqlStore, second: SqlStore) -> Self {
        Self {
            servers: [first, second],
            calls: AtomicUsize::new(0),
        }
    }

    fn next(&self) -> &SqlStore {
        &self.servers[self.calls.fetch_add(1, Ordering::Relaxed) % 2]
    }
}

macro_rules! through_either {
    ($self:ident, $method:ident, $($argument:ident),*) => {
        $self.next().$method($($argument),*).await
    };
}

dokploy_core::delegate_store!(TwoServers, through_either);
