//! Whole deployments on the fakes, on paused time.

mod away;
mod cancel;
mod changes;
mod concurrency;
mod database;
mod deployer;
mod failure;
mod order;
mod outside;
mod queue;
mod rollback;
mod saga;
mod secrets;
mod shutdown;
mod stale;
mod success;
mod sweeping;
mod watching;
mod world;
