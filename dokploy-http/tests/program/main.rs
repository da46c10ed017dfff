//! The program itself, from the outside: whether it does what its document says, where it connects to, and what it
//! leaves behind.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod document;
mod outgoing;
mod readme;
mod secrets;
mod server;
