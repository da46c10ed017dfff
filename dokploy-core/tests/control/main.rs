//! The control plane on the memory and the SQLite store: who may do what, and what is written down about it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod archives;
mod attempt;
mod audit;
mod caching;
mod coming_in;
mod environment;
mod idempotency;
mod matrix;
mod reach;
mod revocation;
mod scene;
mod sources;
mod streams;
mod tokens;
