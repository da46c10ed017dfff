//! Whole deployments on the fakes, on paused time.

mod failure;
mod success;
mod world;
