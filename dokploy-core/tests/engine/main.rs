//! Whole deployments on the fakes, on paused time.

mod changes;
mod failure;
mod rollback;
mod success;
mod world;
