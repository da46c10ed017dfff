//! Turns what the databases say into the crate's errors, and decides once whether a retry can help.

use std::borrow::Cow;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::MigrateError;

use crate::error::{Error, ErrorKind, Retry};

/// Converts an error of a statement or a connection.
pub(super) fn convert(error: sqlx::Error) -> Error {
    let converted = match &error {
        sqlx::Error::Database(refusal) => refused(refusal.as_ref()),
        sqlx::Error::PoolTimedOut => away("no connection to the database became free in time"),
        // All of these mean that the conversation broke off; the next one uses a new connection.
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => away("the database does not answer"),
        sqlx::Error::Configuration(_) => {
            Error::new(ErrorKind::InvalidSpec, "the database URL cannot be used")
                .with_hint("expected is sqlite://<path> or postgres://<user>@<host>/<database>")
        }
        _ => Error::new(ErrorKind::Unexpected, "a database statement failed"),
    };
    converted.with_source(error)
}

/// Converts an error of the migrations.
pub(super) fn convert_migration(error: MigrateError) -> Error {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => convert(error),
        MigrateError::VersionMissing(version) => Error::new(
            ErrorKind::Unsupported,
            format!("the database was made by a newer version: it has migration {version}"),
        )
        .with_hint("start the newer version again, or use another database"),
        error => Error::new(
            ErrorKind::Unexpected,
            "the database cannot be brought up to date",
        )
        .with_source(error),
    }
}

fn refused(refusal: &dyn DatabaseError) -> Error {
    if refusal.is_unique_violation() {
        return Error::new(ErrorKind::AlreadyExists, "the database has it already");
    }
    let code = refusal.code().unwrap_or(Cow::Borrowed(""));
    // SQLSTATEs have five characters; SQLite's codes are numbers whose low byte is the primary one.
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => refused_by_sqlite(number & 0xff),
        _ => refused_by_postgres(&code),
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn refused_by_postgres(code: &str) -> Error {
    match code {
        // Deadlock and serialisation: the same transaction works when it is run again.
        "40001" | "40P01" | "55P03" => away("the database was busy with a conflicting change"),
        "53100" => away("the disk of the database is full").with_hint("free some space"),
        "57014" | "25P03" => away("the database took too long"),
        // A standby during a failover.
        "25006" => away("the database is read-only at the moment"),
        code if code.starts_with("08") || code.starts_with("53") || code.starts_with("57P") => {
            away("the database does not take connections at the moment")
        }
        code if code.starts_with("28") || matches!(code, "3D000" | "42501") => {
            away("the database refuses this user")
                .with_retry(Retry::Never)
                .with_hint("check user, password and database name in the database URL")
        }
        _ => Error::new(ErrorKind::Unexpected, "the database refused a statement"),
    }
}

/// <https://www.sqlite.org/rescode.html>
fn refused_by_sqlite(primary_code: u32) -> Error {
    match primary_code {
        5 | 6 => away("the database is locked by another process"),
        10 => away("the database file cannot be read or written"),
        13 => away("the disk of the database is full").with_hint("free some space"),
        8 => away("the database file is read-only")
            .with_retry(Retry::Never)
            .with_hint("check the permissions of the file and of its directory"),
        14 => away("the database file cannot be opened")
            .with_retry(Retry::Never)
            .with_hint("check that its directory exists and may be written to"),
        11 | 26 => Error::new(
            ErrorKind::Unexpected,
            "the database file is damaged or is not a database",
        )
        .with_hint("restore it from a backup"),
        _ => Error::new(ErrorKind::Unexpected, "the database refused a statement"),
    }
}

/// A call that was given up.
pub(super) fn silent(waited: Duration) -> Error {
    away(&format!(
        "the database did not answer within {} seconds",
        waited.as_secs_f32()
    ))
}

fn away(message: &str) -> Error {
    Error::new(ErrorKind::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_says_whether_a_retry_can_help() {
        let retryable = [
            refused_by_postgres("40P01"),
            refused_by_postgres("53300"),
            refused_by_postgres("57P01"),
            refused_by_postgres("08006"),
            refused_by_postgres("57014"),
            refused_by_sqlite(5),
            refused_by_sqlite(13),
        ];
        for error in retryable {
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
            assert!(error.is_retryable(), "{error:?}");
        }
        let final_ones = [
            refused_by_postgres("28P01"),
            refused_by_postgres("3D000"),
            refused_by_postgres("42601"),
            refused_by_postgres("23514"),
            refused_by_sqlite(14),
            refused_by_sqlite(19),
            refused_by_sqlite(26),
        ];
        for error in final_ones {
            assert!(!error.is_retryable(), "{error:?}");
        }
    }
}
