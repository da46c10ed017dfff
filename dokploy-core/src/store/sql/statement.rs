//! SQL texts, each written once. Where the two databases differ, a text holds one of the few words below, and only
//! this file knows what each database calls it.

use uuid::Uuid;

use super::session::Call;
use super::value::Value;
use crate::model::Reach;

/// Which SQL is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    #[cfg(feature = "sqlite")]
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
}

/// One statement in both dialects, put together by the compiler.
#[derive(Clone, Copy, Debug)]
pub(super) struct Statement {
    #[cfg(feature = "sqlite")]
    pub(super) sqlite: &'static str,
    #[cfg(feature = "postgres")]
    pub(super) postgres: &'static str,
}

impl Statement {
    pub(super) const fn text(&self, dialect: Dialect) -> &'static str {
        match dialect {
            #[cfg(feature = "sqlite")]
            Dialect::Sqlite => self.sqlite,
            #[cfg(feature = "postgres")]
            Dialect::Postgres => self.postgres,
        }
    }

    /// A call of the statement without values.
    pub(super) const fn call(&self) -> Call<'_> {
        Call::new(self)
    }

    /// A call with the value of `$1`.
    pub(super) fn bind(&self, value: impl Into<Value>) -> Call<'_> {
        self.call().bind(value)
    }

    /// A call of a statement with the word `reached` or `reached_by_user`, which takes `$1` and `$2`.
    pub(super) fn within(&self, reach: &Reach) -> Call<'_> {
        let projects = reach.projects().map(|projects| {
            let ids = projects.iter().map(|id| id.as_uuid());
            id_list(ids)
        });
        self.bind(reach.user()).bind(projects.as_deref())
    }
}

/// The value of a list of ids, for the word `ids`.
pub(super) fn id_list(ids: impl Iterator<Item = Uuid>) -> String {
    let quoted: Vec<_> = ids.map(|id| format!("\"{}\"", id.simple())).collect();
    format!("[{}]", quoted.join(","))
}

/// Declares statements: `NAME = ["text" word "text"];`. The word `columns` is the text given first.
macro_rules! statements {
    (columns = $columns:expr; $($(#[$doc:meta])* $name:ident = [$($part:tt)+];)+) => {
        $(
            $(#[$doc])*
            const $name: $crate::store::sql::statement::Statement = $crate::store::sql::statement::Statement {
                #[cfg(feature = "sqlite")]
                sqlite: concat!($($crate::store::sql::statement::word!($columns, sqlite, $part)),+),
                #[cfg(feature = "postgres")]
                postgres: concat!($($crate::store::sql::statement::word!($columns, postgres, $part)),+),
            };
        )+

        /// Every statement of this file, for the tests that prepare and explain them.
        #[cfg(feature = "conformance")]
        pub(super) const ALL: &[(&str, $crate::store::sql::statement::Statement)] =
            &[$((stringify!($name), $name)),+];
    };
}

macro_rules! word {
    ($columns:expr, $dialect:ident, columns) => {
        $columns
    };
    // What `user::read` expects.
    ($columns:expr, $dialect:ident, users) => {
        $crate::store::sql::user::columns!()
    };
    // Microseconds since 1970 on the clock of the database. As a subquery PostgreSQL computes it once, so that it
    // can be looked up in an index.
    ($columns:expr, sqlite, now) => {
        "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)"
    };
    ($columns:expr, postgres, now) => {
        "(SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT))"
    };
    // Keeps a row as it is until the transaction ends. A SQLite transaction has the whole database for itself.
    ($columns:expr, sqlite, lock) => {
        ""
    };
    ($columns:expr, postgres, lock) => {
        " FOR NO KEY UPDATE"
    };
    // Takes the first row that nobody else is taking at this moment.
    ($columns:expr, sqlite, skip_locked) => {
        ""
    };
    ($columns:expr, postgres, skip_locked) => {
        " FOR UPDATE SKIP LOCKED"
    };
    // Whether a project is in reach: `$1` is the user who has to own it or be in its team, `$2` a list of the projects
    // that it has to be among; each is NULL where there is no such condition.
    ($columns:expr, $dialect:ident, (reached $project:literal)) => {
        concat!(
            "(",
            $crate::store::sql::statement::word!($columns, $dialect, (of_user $project)),
            " OR $1 IS NULL) AND ",
            $crate::store::sql::statement::word!($columns, $dialect, (listed $project))
        )
    };
    // The same where there is a user: his projects are the beginning of the search, and not a condition at its end.
    ($columns:expr, $dialect:ident, (reached_by_user $project:literal)) => {
        concat!(
            $crate::store::sql::statement::word!($columns, $dialect, (of_user $project)),
            " AND ",
            $crate::store::sql::statement::word!($columns, $dialect, (listed $project))
        )
    };
    ($columns:expr, $dialect:ident, (of_user $project:literal)) => {
        concat!(
            $project,
            " IN (
                SELECT id FROM projects WHERE owner_id = $1 UNION ALL
                SELECT id FROM projects WHERE team_id IN (SELECT team_id FROM members WHERE user_id = $1))"
        )
    };
    ($columns:expr, $dialect:ident, (listed $project:literal)) => {
        concat!(
            "(",
            $project,
            " IN (",
            $crate::store::sql::statement::word!($columns, $dialect, ids),
            ") OR $2 IS NULL)"
        )
    };
    // The ids of the JSON list `$2`.
    ($columns:expr, sqlite, ids) => {
        "SELECT unhex(value) FROM json_each($2)"
    };
    ($columns:expr, postgres, ids) => {
        "SELECT CAST(value AS UUID) FROM json_array_elements_text(CAST($2 AS JSON))"
    };
    ($columns:expr, $dialect:ident, $text:literal) => {
        $text
    };
}

pub(super) use {statements, word};
