//! A store in SQLite or PostgreSQL: the same statements for both.

mod application;
mod audit;
mod credential;
mod database;
mod deployment;
mod error;
mod migration;
#[cfg(feature = "postgres")]
mod notify;
mod open;
mod project;
mod queue;
mod release;
mod request;
mod session;
mod sign_in;
mod statement;
mod team;
#[cfg(all(feature = "conformance", feature = "postgres"))]
mod temporary;
mod user;
mod value;

use std::fmt;
use std::time::Duration;

use uuid::Uuid;

use self::audit::Change;
use self::session::{Call, Database, Session};
#[cfg(all(feature = "conformance", feature = "postgres"))]
pub use self::temporary::TemporaryPostgres;
use self::value::Row;
use super::{audit as audit_scope, page};
use crate::error::Result;
use crate::model::{Page, PageRequest};

/// Keeps everything in a SQLite file or a PostgreSQL database, chosen by the URL. Cloning it shares the connections.
///
/// # Behavior
///
/// - Brings the database up to date when it is opened, also when several processes open it at once.
/// - An accepted write is on disk: SQLite runs in write-ahead mode with full synchronisation.
/// - A database that is away, restarts or is busy gives `unavailable`, and the next call uses a new connection.
/// - Every statement is timed in a `tracing` event of the target `sqlx::query`: `debug`, and `warn` for slow ones.
#[derive(Clone)]
pub struct SqlStore {
    database: Database,
}

/// How a database is used.
#[derive(Clone, Debug)]
pub struct SqlStoreOptions {
    /// Most connections.
    pub pool_size: u32,
    /// How long a call waits for a free connection, and a SQLite writer for another process.
    pub acquire_timeout: Duration,
    /// Statements that take longer are logged as warnings.
    pub slow_statement: Duration,
    /// Longest that one statement may take; no answer within this time and `acquire_timeout` is `unavailable`.
    pub statement_timeout: Duration,
}

impl Default for SqlStoreOptions {
    /// Ten connections, 10 seconds for a free one, one second for a slow statement, 30 for the longest.
    fn default() -> Self {
        Self {
            pool_size: 10,
            acquire_timeout: Duration::from_secs(10),
            slow_statement: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(30),
        }
    }
}

impl SqlStore {
    /// Opens `sqlite://<path>` or `postgres://<user>:<password>@<host>:<port>/<database>`, makes the SQLite file where
    /// there is none, and brings the database up to date.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a URL that cannot be used, `unsupported` for a database of a newer version and for one that
    /// this build does not know, `unavailable` when it does not answer. No error shows the password.
    pub async fn open(url: &str, options: SqlStoreOptions) -> Result<Self> {
        let database = open::open(url, &options).await?;
        Ok(Self { database })
    }

    /// Waits for the statements that run and closes the connections.
    pub async fn close(&self) {
        self.database.close().await;
    }

    /// Every statement by its name, in the SQL of this database, for tests that prepare and explain them.
    #[cfg(feature = "conformance")]
    pub fn statements(&self) -> Vec<(&'static str, &'static str)> {
        let dialect = self.database.dialect();
        [
            project::ALL,
            application::ALL,
            deployment::ALL,
            queue::ALL,
            release::ALL,
            credential::ALL,
            user::ALL,
            team::ALL,
            sign_in::ALL,
            audit::ALL,
            database::ALL,
            request::ALL,
        ]
        .iter()
        .flat_map(|file| file.iter())
        .map(|(name, statement)| (*name, statement.text(dialect)))
        .collect()
    }

    fn read(&self) -> Session {
        self.database.read()
    }

    fn write(&self) -> Session {
        self.database.write()
    }

    async fn begin(&self) -> Result<Session> {
        self.database.begin().await
    }

    /// Begins a transaction that the audit log records as one change.
    async fn change(&self) -> Result<Change> {
        Ok(Change::new(self.begin().await?, audit_scope::take()))
    }

    /// Begins a change that is a single statement: it needs a transaction only together with a record.
    async fn single_change(&self) -> Result<Change> {
        let pending = audit_scope::take();
        let session = match pending {
            Some(_) => self.begin().await?,
            None => self.write(),
        };
        Ok(Change::new(session, pending))
    }

    /// Runs a statement whose last two values are the id that the page ends before and the number of rows.
    async fn list<T>(
        &self,
        call: Call<'_>,
        page: PageRequest,
        read: impl Fn(Row) -> Result<T>,
        id: impl Fn(&T) -> Uuid,
    ) -> Result<Page<T>> {
        let call = call
            .bind(page.before.unwrap_or(Uuid::max()))
            .bind(page.bounded_limit() + 1);
        let rows = self.read().all(call).await?;
        let items = rows.into_iter().map(read).collect::<Result<_>>()?;
        Ok(page::cut(items, page, id))
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore")
            .field("dialect", &self.database.dialect())
            .finish_non_exhaustive()
    }
}
