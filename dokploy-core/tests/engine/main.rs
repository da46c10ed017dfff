//! Whole deployments on the fakes, on paused time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(feature = "conformance")]

mod away;
mod cancel;
mod changes;
mod concurrency;
mod database;
mod deadlines;
mod deployer;
mod disturbed;
mod failure;
mod order;
mod outside;
mod planning;
mod queue;
mod rollback;
mod saga;
mod secrets;
mod shutdown;
mod sink;
mod stale;
mod success;
mod sweeping;
mod watching;
mod world;
