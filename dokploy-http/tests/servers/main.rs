//! The real program, its database, its Redis and its container engine, which are killed, hung and emptied while people
//! use it. What was promised to them is counted afterwards.

mod api;
#[expect(
    clippy::unwrap_used,
    reason = "it is shared with tests that fail by panicking"
)]
#[path = "../live/client.rs"]
mod client;
mod installation;
mod ledger;
mod load;
mod witness;

mod fairness;
mod health;
mod killed;
mod postgresql;
mod redis;
