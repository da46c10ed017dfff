//! Teams and their members.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{TeamId, UserId};
use crate::model::{Page, PageRequest, Team, User};

/// Teams.
#[async_trait]
pub trait TeamStore: Send + Sync + Debug {
    /// Stores a new team. `already_exists` when its id is taken, or its name by one that is not deleted.
    async fn create_team(&self, team: &Team) -> Result<()>;

    /// The team, unless it is absent or deleted.
    async fn find_team(&self, id: TeamId) -> Result<Option<Team>>;

    /// Teams, newest first: all, or those that a user is in.
    async fn list_teams(&self, member: Option<UserId>, page: PageRequest) -> Result<Page<Team>>;

    /// Replaces a team. `team.version` is the version that the caller read.
    ///
    /// # Behavior
    ///
    /// - Stores `version + 1` and returns what was stored.
    /// - `conflict` when the stored version differs; `not_found` when it is absent or deleted; `already_exists` when the
    ///   name is taken.
    async fn update_team(&self, team: &Team) -> Result<Team>;

    /// Deletes a team softly. Deleting what is absent or deleted is Ok.
    ///
    /// # Behavior
    ///
    /// - `conflict` while a project that is not deleted belongs to it.
    async fn delete_team(&self, id: TeamId, at: Timestamp) -> Result<()>;

    /// Makes a user a member of a team. Adding one who is in it already is Ok.
    ///
    /// # Behavior
    ///
    /// - `not_found` when the team or the user is absent or deleted.
    async fn add_member(&self, team: TeamId, user: UserId, at: Timestamp) -> Result<()>;

    /// Takes a user out of a team. Removing one who is not in it is Ok.
    async fn remove_member(&self, team: TeamId, user: UserId) -> Result<()>;

    /// Members of a team, newest user first.
    async fn members(&self, team: TeamId, page: PageRequest) -> Result<Page<User>>;
}
