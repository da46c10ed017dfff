//! Which projects somebody sees, and with them the applications, deployments and databases in them.

use crate::id::{ProjectId, UserId};

/// The projects that a caller sees. What is not among them does not exist for him.
///
/// A user reaches the projects that he owns and those of the teams that he is in; the store decides which they are, in
/// the statement that reads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    /// Every project.
    #[default]
    All,
    /// Those of a user.
    User(UserId),
    /// Those of a token that is limited to some projects: whichever of these its user reaches.
    Projects(UserReach, Vec<ProjectId>),
}

/// The projects that a user sees, before a token limits them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserReach {
    /// Every project.
    All,
    /// Those of a user.
    User(UserId),
}

impl Reach {
    /// Limits the reach of a user to the projects of a token, if it has such a limit.
    pub fn new(user: UserReach, projects: Option<&[ProjectId]>) -> Self {
        match (user, projects) {
            (user, Some(projects)) => Self::Projects(user, projects.to_vec()),
            (UserReach::All, None) => Self::All,
            (UserReach::User(user), None) => Self::User(user),
        }
    }

    /// What of it lies in one project, which has to be in reach already.
    #[must_use]
    pub fn within(&self, project: ProjectId) -> Self {
        let user = self.user().map_or(UserReach::All, UserReach::User);
        Self::Projects(user, vec![project])
    }

    /// Whether there is a project that is not in reach, or may be.
    pub const fn is_limited(&self) -> bool {
        !matches!(self, Self::All)
    }

    /// The user who has to own a project or be in its team; absent: there is no such condition.
    pub const fn user(&self) -> Option<UserId> {
        match self {
            Self::User(user) | Self::Projects(UserReach::User(user), _) => Some(*user),
            Self::All | Self::Projects(UserReach::All, _) => None,
        }
    }

    /// The projects that one has to be among; absent: there is no such condition.
    pub fn projects(&self) -> Option<&[ProjectId]> {
        match self {
            Self::Projects(_, projects) => Some(projects),
            Self::All | Self::User(_) => None,
        }
    }
}
