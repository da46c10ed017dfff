//! Databases for tests: made for one test, dropped after it.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, Row};
use url::Url;
use uuid::Uuid;

use super::error;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::{Error, Result};
use crate::id::DeploymentId;

/// Databases whose test was killed are dropped by a later one after this time.
const ABANDONED_AFTER: Duration = Duration::from_hours(1);
const PREFIX: &str = "dokploy_test_";

/// An empty PostgreSQL database of its own, for a test. It is dropped with the value.
#[derive(Debug)]
pub struct TemporaryPostgres {
    admin: PgConnectOptions,
    name: String,
    url: Url,
}

impl TemporaryPostgres {
    /// Makes one. `admin_url` names a database whose user may make others.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a URL that cannot be used, `unavailable` when the server does not answer.
    pub async fn create(admin_url: &str) -> Result<Self> {
        let admin = PgConnectOptions::from_str(admin_url).map_err(error::convert)?;
        let mut url = Url::parse(admin_url).map_err(|error| {
            Error::invalid_field("databaseUrl", "is not a URL").with_source(error)
        })?;
        // The id of the name says when it was made.
        let name = format!("{PREFIX}{}", DeploymentId::new().as_uuid().simple());
        url.set_path(&name);
        let mut connection = admin.connect().await.map_err(error::convert)?;
        sweep(&mut connection).await.map_err(error::convert)?;
        let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
        connection.execute(create).await.map_err(error::convert)?;
        Ok(Self { admin, name, url })
    }

    /// The URL to open it with.
    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    /// Breaks off every connection to it, as a restart of the server does. Returns how many there were.
    ///
    /// # Errors
    ///
    /// `unavailable` when the server does not answer.
    pub async fn terminate_connections(&self) -> Result<usize> {
        let mut connection = self.admin.connect().await.map_err(error::convert)?;
        let terminated = sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
        )
        .bind(self.name.as_str())
        .fetch_all(&mut connection)
        .await
        .map_err(error::convert)?;
        Ok(terminated.len())
    }
}

impl Drop for TemporaryPostgres {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A drop cannot wait for a runtime that may be the one it runs on, hence one of its own on another thread.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let mut connection = admin.connect().await?;
                drop_database(&mut connection, &name).await?;
                connection.close().await
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            tracing::warn!(database.name = self.name, %error, "a temporary database stays behind");
        }
    }
}

async fn sweep(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let names = sqlx::query("SELECT datname FROM pg_database WHERE starts_with(datname, $1)")
        .bind(PREFIX)
        .fetch_all(&mut *connection)
        .await?;
    for row in names {
        let name: String = row.try_get(0)?;
        if made_at(&name).is_some_and(|at| SystemClock.now().since(at) > ABANDONED_AFTER) {
            drop_database(connection, &name).await?;
        }
    }
    Ok(())
}

fn made_at(name: &str) -> Option<Timestamp> {
    let id = Uuid::try_parse(name.strip_prefix(PREFIX)?).ok()?;
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let micros = i64::try_from(seconds).ok()? * 1_000_000 + i64::from(nanos / 1000);
    Timestamp::from_unix_micros(micros).ok()
}

async fn drop_database(connection: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let drop = AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    connection.execute(drop).await.map(|_| ())
}
