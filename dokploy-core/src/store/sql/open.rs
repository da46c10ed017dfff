//! From a URL to open pools.

use std::str::FromStr;

use log::LevelFilter;
use sqlx::ConnectOptions;
#[cfg(feature = "sqlite")]
use sqlx::Connection;
#[cfg(feature = "postgres")]
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
#[cfg(feature = "sqlite")]
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::session::{Database, Pools};
use super::{SqlStoreOptions, error, migration};
use crate::error::{Error, ErrorKind, Result};

/// Opens a database and brings it up to date.
pub(super) async fn open(url: &str, options: &SqlStoreOptions) -> Result<Database> {
    let pools = match url.split(':').next().unwrap_or_default() {
        #[cfg(feature = "sqlite")]
        "sqlite" => open_sqlite(url, options).await,
        #[cfg(feature = "postgres")]
        "postgres" | "postgresql" => open_postgres(url, options).await,
        #[cfg(not(feature = "sqlite"))]
        "sqlite" => Err(not_built("sqlite")),
        #[cfg(not(feature = "postgres"))]
        "postgres" | "postgresql" => Err(not_built("postgres")),
        _ => Err(Error::invalid_field(
            "databaseUrl",
            "begins with neither sqlite:// nor postgres://",
        )),
    }?;
    Ok(Database {
        pools,
        patience: options
            .acquire_timeout
            .saturating_add(options.statement_timeout),
    })
}

#[cfg(not(all(feature = "sqlite", feature = "postgres")))]
fn not_built(feature: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("this build does not know {feature} databases"),
    )
    .with_hint(format!("build it with the feature {feature}"))
}

#[cfg(feature = "sqlite")]
async fn open_sqlite(url: &str, options: &SqlStoreOptions) -> Result<Pools> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "a SQLite database in memory is not one database for several connections",
        )
        .with_hint("use a file, or the memory store"));
    }
    let connect = SqliteConnectOptions::from_str(url)
        .map_err(error::convert)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // What was accepted is on disk: in this mode each commit waits for it.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(options.acquire_timeout)
        .log_slow_statements(LevelFilter::Warn, options.slow_statement);
    let pool = || SqlitePoolOptions::new().acquire_timeout(options.acquire_timeout);
    let writer = pool()
        .max_connections(1)
        // A full disk ends a transaction inside of SQLite, and the driver then takes it for open for ever.
        .before_acquire(|connection, _| {
            Box::pin(std::future::ready(Ok(!connection.is_in_transaction())))
        })
        .connect_with(connect.clone())
        .await
        .map_err(error::convert)?;
    migration::migrate_sqlite(&writer).await?;
    let readers = pool()
        .max_connections(options.pool_size.saturating_sub(1).max(1))
        .connect_lazy_with(connect.pragma("query_only", "ON"));
    Ok(Pools::Sqlite { writer, readers })
}

#[cfg(feature = "postgres")]
async fn open_postgres(url: &str, options: &SqlStoreOptions) -> Result<Pools> {
    let connect = PgConnectOptions::from_str(url)
        .map_err(error::convert)?
        .application_name("dokploy")
        .log_slow_statements(LevelFilter::Warn, options.slow_statement);
    // On a connection of its own: waiting for another process that migrates may take longer than a statement.
    let mut connection = connect.connect().await.map_err(error::convert)?;
    migration::migrate_postgres(&mut connection).await?;
    drop(connection);

    let timeout = options.statement_timeout.as_millis().to_string();
    let connect = connect.options([
        ("statement_timeout", timeout.as_str()),
        // A process that vanished in the middle of a transaction keeps no locks.
        ("idle_in_transaction_session_timeout", timeout.as_str()),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(options.pool_size.max(1))
        .acquire_timeout(options.acquire_timeout)
        .connect_lazy_with(connect);
    Ok(Pools::Postgres(pool))
}
