//! Every store, measured with the same suite, and what only a database has to do.

#![expect(
    clippy::unwrap_used,
    clippy::large_futures,
    reason = "a test fails by panicking, and its future is as large as its story"
)]

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod durable;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod integrity;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "postgres")]
mod proxy;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod shared;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod trace;
