//! A running server that is asked what its document allows, and what it forbids.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod document;
mod server;
