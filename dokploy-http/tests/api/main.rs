//! The API in this process: each route, what it answers to wrong input, and who may use it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::too_many_lines, reason = "a story is told in one piece")]

mod applications;
mod audit;
mod auth;
mod client;
mod connections;
mod contract;
mod conventions;
mod credentials;
mod databases;
mod deployments;
mod document;
mod forgery;
mod hostile;
mod idempotency;
mod limits;
mod matrix;
mod metrics;
mod patience;
mod people;
mod policy;
mod privileges;
mod projects;
mod webhooks;
mod world;
mod wrong_input;
