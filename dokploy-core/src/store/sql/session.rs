//! Runs statements. The one file that tells the databases apart while they are used.

use std::time::Duration;

use sqlx::{
    ColumnIndex, Decode, Encode, Executor, IntoArguments, Row as _, Type, TypeInfo, ValueRef,
};
#[cfg(feature = "postgres")]
use sqlx::{PgPool, Postgres};
#[cfg(feature = "sqlite")]
use sqlx::{Sqlite, SqlitePool};
use uuid::Uuid;

use super::error;
use super::statement::{Dialect, Statement};
use super::value::{Row, Value};
use crate::error::{Error, ErrorKind, Result};
use crate::store::ConnectionStats;

/// An open database.
#[derive(Clone, Debug)]
pub(super) struct Database {
    pub(super) pools: Pools,
    /// Longest that one call waits. A server that vanished without a word would be waited for without end.
    pub(super) patience: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Pools {
    /// SQLite lets one connection write at a time: writers queue up for it here, in order, instead of polling for
    /// its lock.
    #[cfg(feature = "sqlite")]
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    #[cfg(feature = "postgres")]
    Postgres(PgPool),
}

/// Something that runs statements.
#[derive(Debug)]
pub(super) struct Session {
    link: Link,
    patience: Duration,
}

/// A pool, where each statement is its own transaction, or a transaction.
#[derive(Debug)]
enum Link {
    #[cfg(feature = "sqlite")]
    SqlitePool(SqlitePool),
    #[cfg(feature = "sqlite")]
    SqliteTransaction(sqlx::Transaction<'static, Sqlite>),
    #[cfg(feature = "postgres")]
    PostgresPool(PgPool),
    #[cfg(feature = "postgres")]
    PostgresTransaction(sqlx::Transaction<'static, Postgres>),
}

/// A statement with its values, in the order of `$1`, `$2` …
#[derive(Debug)]
pub(super) struct Call<'s> {
    statement: &'s Statement,
    values: Vec<Value>,
}

impl<'s> Call<'s> {
    pub(super) const fn new(statement: &'s Statement) -> Self {
        Self {
            statement,
            values: Vec::new(),
        }
    }

    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }
}

impl Database {
    pub(super) const fn dialect(&self) -> Dialect {
        match &self.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { .. } => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Pools::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs statements that only read.
    pub(super) fn read(&self) -> Session {
        self.session(match &self.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { readers, .. } => Link::SqlitePool(readers.clone()),
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => Link::PostgresPool(pool.clone()),
        })
    }

    /// Runs single statements that write.
    pub(super) fn write(&self) -> Session {
        self.session(match &self.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { writer, .. } => Link::SqlitePool(writer.clone()),
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => Link::PostgresPool(pool.clone()),
        })
    }

    /// Begins a transaction that writes. It is rolled back when it is dropped.
    pub(super) async fn begin(&self) -> Result<Session> {
        let begin = async {
            match &self.pools {
                // A transaction that began as a reader cannot always become a writer: take the lock at once.
                #[cfg(feature = "sqlite")]
                Pools::Sqlite { writer, .. } => writer
                    .begin_with("BEGIN IMMEDIATE")
                    .await
                    .map(Link::SqliteTransaction),
                // Every statement sees what was committed before it, whatever the server's default is.
                #[cfg(feature = "postgres")]
                Pools::Postgres(pool) => pool
                    .begin_with("BEGIN ISOLATION LEVEL READ COMMITTED")
                    .await
                    .map(Link::PostgresTransaction),
            }
        };
        within(self.patience, begin)
            .await
            .map(|link| self.session(link))
    }

    /// How the connections are used.
    pub(super) fn connections(&self) -> ConnectionStats {
        match &self.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { writer, readers } => {
                let (writer, readers) = (used(writer), used(readers));
                ConnectionStats {
                    idle: writer.idle + readers.idle,
                    used: writer.used + readers.used,
                    max: writer.max + readers.max,
                }
            }
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => used(pool),
        }
    }

    pub(super) async fn close(&self) {
        match &self.pools {
            #[cfg(feature = "sqlite")]
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                // The last connection to close folds the write-ahead log into the file.
                writer.close().await;
            }
            #[cfg(feature = "postgres")]
            Pools::Postgres(pool) => pool.close().await,
        }
    }

    const fn session(&self, link: Link) -> Session {
        Session {
            link,
            patience: self.patience,
        }
    }
}

fn used<DB: sqlx::Database>(pool: &sqlx::Pool<DB>) -> ConnectionStats {
    let open = pool.size();
    let idle = u32::try_from(pool.num_idle()).unwrap_or(open).min(open);
    ConnectionStats {
        idle,
        used: open - idle,
        max: pool.options().get_max_connections(),
    }
}

async fn within<T>(
    patience: Duration,
    call: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T> {
    match tokio::time::timeout(patience, call).await {
        Ok(result) => result.map_err(error::convert),
        Err(_) => Err(error::silent(patience)),
    }
}

impl Session {
    /// Runs a statement and returns all of its rows.
    pub(super) async fn all(&mut self, call: Call<'_>) -> Result<Vec<Row>> {
        let Call { statement, values } = call;
        let rows = async {
            match &mut self.link {
                #[cfg(feature = "sqlite")]
                Link::SqlitePool(pool) => {
                    fetch(&*pool, statement.text(Dialect::Sqlite), values).await
                }
                #[cfg(feature = "sqlite")]
                Link::SqliteTransaction(transaction) => {
                    fetch(&mut **transaction, statement.text(Dialect::Sqlite), values).await
                }
                #[cfg(feature = "postgres")]
                Link::PostgresPool(pool) => {
                    fetch(&*pool, statement.text(Dialect::Postgres), values).await
                }
                #[cfg(feature = "postgres")]
                Link::PostgresTransaction(transaction) => {
                    fetch(
                        &mut **transaction,
                        statement.text(Dialect::Postgres),
                        values,
                    )
                    .await
                }
            }
        };
        within(self.patience, rows).await
    }

    /// Runs a statement and returns its first row, if any.
    pub(super) async fn optional(&mut self, call: Call<'_>) -> Result<Option<Row>> {
        Ok(self.all(call).await?.into_iter().next())
    }

    /// Runs a statement that always has a row.
    pub(super) async fn one(&mut self, call: Call<'_>) -> Result<Row> {
        self.optional(call).await?.ok_or_else(|| {
            Error::new(
                ErrorKind::Unexpected,
                "the database answered with no row where there is always one",
            )
        })
    }

    /// Runs a statement for what it does.
    pub(super) async fn execute(&mut self, call: Call<'_>) -> Result<()> {
        self.all(call).await.map(drop)
    }

    /// Takes back what a transaction wrote. Dropping it does so, too, but a little later.
    pub(super) async fn roll_back(self) -> Result<()> {
        let roll_back = async {
            match self.link {
                #[cfg(feature = "sqlite")]
                Link::SqliteTransaction(transaction) => transaction.rollback().await,
                #[cfg(feature = "postgres")]
                Link::PostgresTransaction(transaction) => transaction.rollback().await,
                #[cfg(feature = "sqlite")]
                Link::SqlitePool(_) => Ok(()),
                #[cfg(feature = "postgres")]
                Link::PostgresPool(_) => Ok(()),
            }
        };
        within(self.patience, roll_back).await
    }

    /// Makes a transaction durable.
    pub(super) async fn commit(self) -> Result<()> {
        let commit = async {
            match self.link {
                #[cfg(feature = "sqlite")]
                Link::SqliteTransaction(transaction) => transaction.commit().await,
                #[cfg(feature = "postgres")]
                Link::PostgresTransaction(transaction) => transaction.commit().await,
                #[cfg(feature = "sqlite")]
                Link::SqlitePool(_) => Ok(()),
                #[cfg(feature = "postgres")]
                Link::PostgresPool(_) => Ok(()),
            }
        };
        within(self.patience, commit).await
    }
}

async fn fetch<'c, DB, E>(
    executor: E,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<Vec<Row>, sqlx::Error>
where
    DB: sqlx::Database,
    E: Executor<'c, Database = DB>,
    DB::Arguments: IntoArguments<DB>,
    usize: ColumnIndex<DB::Row>,
    bool: Type<DB> + for<'v> Encode<'v, DB> + for<'v> Decode<'v, DB>,
    i64: Type<DB> + for<'v> Encode<'v, DB> + for<'v> Decode<'v, DB>,
    String: Type<DB> + for<'v> Encode<'v, DB> + for<'v> Decode<'v, DB>,
    Uuid: Type<DB> + for<'v> Encode<'v, DB> + for<'v> Decode<'v, DB>,
    Option<i64>: for<'v> Encode<'v, DB>,
    Option<String>: for<'v> Encode<'v, DB>,
    Option<Uuid>: for<'v> Encode<'v, DB>,
{
    let mut query = sqlx::query(sql);
    for value in values {
        query = match value {
            Value::Uuid(value) => query.bind(value),
            Value::Text(value) => query.bind(value),
            Value::Integer(value) => query.bind(value),
            Value::Boolean(value) => query.bind(value),
        };
    }
    let rows = query.fetch_all(executor).await?;
    rows.iter().map(read::<DB>).collect()
}

fn read<DB>(row: &DB::Row) -> Result<Row, sqlx::Error>
where
    DB: sqlx::Database,
    usize: ColumnIndex<DB::Row>,
    bool: Type<DB> + for<'v> Decode<'v, DB>,
    i64: Type<DB> + for<'v> Decode<'v, DB>,
    String: Type<DB> + for<'v> Decode<'v, DB>,
    Uuid: Type<DB> + for<'v> Decode<'v, DB>,
{
    let value = |index: usize| {
        let raw = row.try_get_raw(index)?;
        if raw.is_null() {
            return Ok(Value::Text(None));
        }
        Ok(match raw.type_info().name() {
            "UUID" | "BLOB" => Value::Uuid(row.try_get(index)?),
            "BOOL" | "BOOLEAN" => Value::Boolean(row.try_get(index)?),
            "INT8" | "INTEGER" => Value::Integer(row.try_get(index)?),
            _ => Value::Text(row.try_get(index)?),
        })
    };
    (0..row.len())
        .map(value)
        .collect::<Result<_, _>>()
        .map(Row::new)
}
