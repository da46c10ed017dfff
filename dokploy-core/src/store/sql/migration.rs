//! Brings a database up to date. Safe when several processes start at once: one works, the others wait.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use super::error;
use super::statement::Dialect;
use crate::error::Result;

/// Names of the migrations, in order. Each is a file in both folders.
macro_rules! migrations {
    ($dialect:literal) => {
        [
            (
                1,
                "engine",
                include_str!(concat!(
                    "../../../migrations/",
                    $dialect,
                    "/0001_engine.sql"
                )),
            ),
            (
                2,
                "access",
                include_str!(concat!(
                    "../../../migrations/",
                    $dialect,
                    "/0002_access.sql"
                )),
            ),
            (
                3,
                "webhooks",
                include_str!(concat!(
                    "../../../migrations/",
                    $dialect,
                    "/0003_webhooks.sql"
                )),
            ),
        ]
    };
}

fn migrator(dialect: Dialect) -> Migrator {
    let migrations = match dialect {
        #[cfg(feature = "sqlite")]
        Dialect::Sqlite => migrations!("sqlite"),
        #[cfg(feature = "postgres")]
        Dialect::Postgres => migrations!("postgres"),
    };
    let migrations = migrations.map(|(version, description, sql)| {
        let sql = sql.into_sql_str();
        Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            sql,
            false,
        )
    });
    Migrator::with_migrations(migrations.into())
}

/// How many a database that is up to date has.
pub(super) fn count(dialect: Dialect) -> u64 {
    migrator(dialect).iter().count() as u64
}

// `run_direct` is `run` without a trait that makes every future around it one that cannot be sent to another thread.

/// SQLite has no lock of its own for this: all of it happens in one transaction that takes the database's.
#[cfg(feature = "sqlite")]
pub(super) async fn migrate_sqlite(pool: &sqlx::SqlitePool) -> Result<()> {
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(error::convert)?;
    migrator(Dialect::Sqlite)
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(error::convert_migration)?;
    transaction.commit().await.map_err(error::convert)
}

/// An advisory lock of the connection makes the others wait.
#[cfg(feature = "postgres")]
pub(super) async fn migrate_postgres(connection: &mut sqlx::PgConnection) -> Result<()> {
    migrator(Dialect::Postgres)
        .run_direct(None, connection, false)
        .await
        .map_err(error::convert_migration)
}
