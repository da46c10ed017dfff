//! Every statement is timed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use dokploy_core::store::{SettingStore, SqlStore};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Counts the events that time a statement.
#[derive(Clone, Default)]
pub(crate) struct Stopwatch(Arc<AtomicU64>);

impl Stopwatch {
    /// How many statements there were so far.
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Elapsed(bool);

impl Visit for Elapsed {
    fn record_debug(&mut self, field: &Field, _: &dyn std::fmt::Debug) {
        self.0 |= field.name() == "elapsed";
    }
}

impl Subscriber for Stopwatch {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut elapsed = Elapsed(false);
        event.record(&mut elapsed);
        self.0.fetch_add(elapsed.0.into(), Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

pub(crate) async fn every_statement_is_timed(store: &SqlStore) {
    // SQLite works on a thread of its own, hence for the whole process.
    static STOPWATCH: OnceLock<Stopwatch> = OnceLock::new();
    let stopwatch = STOPWATCH.get_or_init(|| {
        let stopwatch = Stopwatch::default();
        tracing::subscriber::set_global_default(stopwatch.clone()).unwrap();
        stopwatch
    });
    let before = stopwatch.count();
    for _ in 0..10 {
        store.ping().await.unwrap();
    }
    assert!(stopwatch.count() >= before + 10);
}
