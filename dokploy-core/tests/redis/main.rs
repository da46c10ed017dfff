//! Cache, bus and limiter, measured with the same suites in memory and in Redis; and what happens when Redis does not.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod memory;

#[cfg(feature = "redis")]
mod environment;
#[cfg(feature = "redis")]
mod faults;
#[cfg(feature = "redis")]
mod server;
#[cfg(feature = "redis")]
mod shared;
