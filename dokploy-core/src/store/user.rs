//! Users, and what proves who they are.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::UserId;
use crate::model::{ExternalIdentity, Page, PageRequest, PasswordHash, User};

/// Users. An owner counts when he is neither disabled nor deleted, and there is always one once there is any user:
/// the store checks that in the transaction of the change, so that two callers cannot remove the last two.
#[async_trait]
pub trait UserStore: Send + Sync + Debug {
    /// Stores the first user.
    ///
    /// # Behavior
    ///
    /// - `conflict` when there is any user, deleted ones included; of many calls that race, one succeeds.
    async fn create_first_user(&self, user: &User, password: Option<&PasswordHash>) -> Result<()>;

    /// Stores a new user.
    ///
    /// # Behavior
    ///
    /// - `already_exists` when its id is taken, or its name by one that is not deleted, in upper or lower case.
    async fn create_user(&self, user: &User, password: Option<&PasswordHash>) -> Result<()>;

    /// Stores a new user whom an identity provider vouches for, with that identity, in one transaction.
    ///
    /// # Behavior
    ///
    /// - `already_exists` as for [`UserStore::create_user`] and [`UserStore::link_identity`].
    async fn create_external_user(&self, user: &User, identity: &ExternalIdentity) -> Result<()>;

    /// The user, unless he is absent or deleted.
    async fn find_user(&self, id: UserId) -> Result<Option<User>>;

    /// The user with this name, in upper or lower case.
    async fn find_user_by_username(&self, username: &str) -> Result<Option<User>>;

    /// The user with this identity, unless he is absent or deleted.
    async fn find_user_by_identity(&self, issuer: &str, subject: &str) -> Result<Option<User>>;

    /// Users, newest first.
    async fn list_users(&self, page: PageRequest) -> Result<Page<User>>;

    /// Replaces name, address, role and whether he is disabled. `user.version` is the version that the caller read.
    ///
    /// # Behavior
    ///
    /// - Stores `version + 1` and returns what was stored.
    /// - `conflict` when the stored version differs, and when there would be no owner left; `not_found` when he is
    ///   absent or deleted; `already_exists` when the name is taken.
    /// - The sessions of a user who becomes disabled end for ever, in the same transaction.
    async fn update_user(&self, user: &User) -> Result<User>;

    /// Sets the password of a user. `not_found` when he is absent or deleted.
    async fn set_password(&self, id: UserId, password: &PasswordHash, at: Timestamp) -> Result<()>;

    /// The password of a user, where he has one.
    async fn password_hash(&self, id: UserId) -> Result<Option<PasswordHash>>;

    /// Adds an identity to a user.
    ///
    /// # Behavior
    ///
    /// - `already_exists` when somebody has it; `not_found` when the user is absent or deleted.
    async fn link_identity(&self, identity: &ExternalIdentity) -> Result<()>;

    /// Deletes a user softly. Deleting one who is absent or deleted is Ok.
    ///
    /// # Behavior
    ///
    /// - `conflict` when there would be no owner left.
    /// - His sessions, tokens, identities and memberships end in the same transaction. What he owns stays his, and
    ///   only those who reach everything see it.
    async fn delete_user(&self, id: UserId, at: Timestamp) -> Result<()>;

    /// How many owners there are who are not disabled.
    async fn count_owners(&self) -> Result<u64>;
}
