//! Exit codes, the same for every command.

use std::process::ExitCode;

use dokploy_core::deployment::Status;
use dokploy_core::{Error, ErrorKind};

/// How a command ended. The numbers are part of the interface: scripts test them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did what was asked, and a deployment succeeded.
    Success = 0,
    /// The deployment failed.
    Failed = 1,
    /// An argument, a variable of the environment or a setting is wrong.
    Usage = 2,
    /// The rollout failed and the previous release serves again.
    RolledBack = 3,
    /// The deployment was cancelled.
    Cancelled = 4,
    /// A newer deployment took its place.
    Superseded = 5,
    /// The container engine or the database does not answer.
    Unreachable = 6,
    /// The deployment is still under way.
    TimedOut = 7,
    /// What was named does not exist, or what was asked does not fit what is there.
    Refused = 8,
    /// A bug.
    Bug = 70,
    /// Interrupted from the keyboard; what was under way is unfinished.
    Interrupted = 130,
    /// Asked to end by a signal; what was under way is unfinished.
    Terminated = 143,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// How a deployment that stands like this makes its command end. An open one has outlived its command.
    pub fn of_status(status: Status) -> Self {
        match status {
            Status::Success => Self::Success,
            Status::Failed => Self::Failed,
            Status::RolledBack => Self::RolledBack,
            Status::Cancelled => Self::Cancelled,
            Status::Superseded => Self::Superseded,
            Status::Pending
            | Status::Cloning
            | Status::Building
            | Status::Pushing
            | Status::Deploying => Self::TimedOut,
        }
    }

    /// How an error that is not a deployment's own makes a command end.
    pub fn of_error(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidSpec => Self::Usage,
            ErrorKind::Unavailable | ErrorKind::TimedOut => Self::Unreachable,
            ErrorKind::NotFound
            | ErrorKind::AlreadyExists
            | ErrorKind::Conflict
            | ErrorKind::Unauthenticated
            | ErrorKind::PermissionDenied
            | ErrorKind::Unsupported
            | ErrorKind::RateLimited => Self::Refused,
            ErrorKind::SourceFailed | ErrorKind::BuildFailed | ErrorKind::Unhealthy => Self::Failed,
            ErrorKind::Cancelled => Self::Cancelled,
            _ => Self::Bug,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn only_success_exits_with_zero_and_each_end_has_its_own_code() {
        let ends = Status::ALL
            .into_iter()
            .filter(|status| status.is_terminal());
        let codes: Vec<_> = ends
            .clone()
            .map(|status| Exit::of_status(status).code())
            .collect();
        assert_eq!(codes.iter().collect::<HashSet<_>>().len(), codes.len());
        for (status, code) in ends.zip(codes) {
            assert_eq!(code == 0, status == Status::Success, "{status}");
        }
    }

    #[test]
    fn no_error_exits_with_zero() {
        for kind in ErrorKind::ALL {
            assert_ne!(
                Exit::of_error(&Error::new(kind, "x")),
                Exit::Success,
                "{kind}"
            );
        }
    }
}
