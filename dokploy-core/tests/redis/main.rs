//! Cache, bus and limiter, measured with the same suites in memory, in Redis and, for the bus, in PostgreSQL; and what
//! happens when Redis does not answer.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod memory;

#[cfg(feature = "redis")]
mod deployments;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod ends;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod environment;
#[cfg(feature = "redis")]
mod faults;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod server;
#[cfg(feature = "redis")]
mod shared;
