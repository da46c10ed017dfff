//! The API in this process: each route, what it answers to wrong input, and who may use it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod applications;
mod audit;
mod auth;
mod client;
mod conventions;
mod credentials;
mod deployments;
mod document;
mod hostile;
mod idempotency;
mod limits;
mod matrix;
mod people;
mod policy;
mod projects;
mod world;
mod wrong_input;
