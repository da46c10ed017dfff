//! Whole deployments on the fakes, on paused time.

mod away;
mod cancel;
mod changes;
mod failure;
mod outside;
mod queue;
mod rollback;
mod saga;
mod secrets;
mod success;
mod world;
