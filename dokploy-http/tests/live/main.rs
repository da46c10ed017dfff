//! What clients watch while it happens: sockets, streams of server-sent events, and what they cost.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod hostile;
mod installation;
mod joining;
mod many;
mod resuming;
mod rights;
mod slow;
mod streams;
mod two_servers;
