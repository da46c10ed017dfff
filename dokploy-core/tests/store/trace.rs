//! Every statement is timed.

use std::sync::atomic::{AtomicU64, Ordering};

use dokploy_core::store::{SettingStore, SqlStore};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

static TIMED: AtomicU64 = AtomicU64::new(0);

/// Counts the events that time a statement. Each database works on a thread of its own, hence for the whole process.
struct Stopwatch;

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
        TIMED.fetch_add(elapsed.0.into(), Ordering::Relaxed);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

pub(crate) async fn every_statement_is_timed(store: &SqlStore) {
    // The other database may have been first.
    let _ = tracing::subscriber::set_global_default(Stopwatch);
    let before = TIMED.load(Ordering::Relaxed);
    for _ in 0..10 {
        store.ping().await.unwrap();
    }
    assert!(TIMED.load(Ordering::Relaxed) >= before + 10);
}
