//! Every store, measured with the same suite, and what only a database has to do.

mod environment;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
