//! What every store says when it refuses a write: one wording for all of them.

use std::fmt::Display;

use crate::error::{Error, ErrorKind};
use crate::id::{ApplicationId, DatabaseId, DeploymentId, ProjectId, ReleaseId, TeamId};

pub(super) fn taken(what: &str, name: impl Display) -> Error {
    Error::new(
        ErrorKind::AlreadyExists,
        format!("{what} {name} exists already"),
    )
    .with_hint("choose another name, or use the one that exists")
}

/// Names the thing where a database only says that a unique index refused it.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(super) fn if_taken(error: Error, what: &str, name: impl Display) -> Error {
    if error.kind() == ErrorKind::AlreadyExists {
        taken(what, name).with_source(error)
    } else {
        error
    }
}

pub(super) fn stale_version(what: &str, id: impl Display) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("{what} {id} was changed by somebody else"),
    )
    .with_hint("read it again and repeat the change")
}

pub(super) fn stale_sequence(id: DeploymentId, expected: u64) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("the log of deployment {id} has moved on from event {expected}"),
    )
    .with_hint("read the deployment again")
}

pub(super) fn lease_lost(id: DeploymentId) -> Error {
    Error::new(
        ErrorKind::LeaseLost,
        format!("this worker does not own deployment {id} any more"),
    )
}

pub(super) fn project_in_use(id: ProjectId) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("project {id} still has applications"),
    )
    .with_hint("delete its applications first")
}

pub(super) fn application_in_use(id: ApplicationId) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("application {id} has a deployment that is not finished"),
    )
    .with_hint("cancel the deployment or wait for its end")
}

pub(super) fn queue_full(queue_max: u64) -> Error {
    Error::new(
        ErrorKind::RateLimited,
        format!("{queue_max} deployments wait already"),
    )
    .with_hint("try again when some of them have started")
}

pub(super) fn target_retired(id: ReleaseId) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("release {id} is not retained any more"),
    )
    .with_hint("choose one of the retained releases of the application")
}

pub(super) fn not_first() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "there are users already: the first one was made before",
    )
    .with_hint("sign in, or ask an owner for an account")
}

pub(super) fn last_owner() -> Error {
    Error::new(
        ErrorKind::Conflict,
        "the last owner cannot be deleted, disabled or given another role",
    )
    .with_hint("make somebody else an owner first")
}

pub(super) fn team_in_use(id: TeamId) -> Error {
    Error::new(ErrorKind::Conflict, format!("team {id} still has projects"))
        .with_hint("give its projects to another team or to none first")
}

pub(super) fn database_in_use(id: DatabaseId) -> Error {
    Error::new(
        ErrorKind::Conflict,
        format!("the application of database {id} is not deleted"),
    )
    .with_hint("delete its application first")
}
