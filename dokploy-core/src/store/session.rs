//! Sessions and API tokens: what requests are authenticated with.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{SessionId, TokenId, UserId};
use crate::model::{ApiToken, Page, PageRequest, Session, User};

/// How exactly the last use of a token is known. Each use would be a write otherwise.
pub(super) const TOUCH_INTERVAL: Duration = Duration::from_mins(1);

/// Sessions of users who signed in.
#[async_trait]
pub trait SessionStore: Send + Sync + Debug {
    /// Stores a new session. `not_found` when its user is absent, deleted or disabled.
    async fn create_session(&self, session: &Session) -> Result<()>;

    /// A session that is accepted at this time, with its user as he is now, in one statement.
    ///
    /// # Behavior
    ///
    /// - `None` when it is absent, revoked or expired, and when its user is disabled or deleted.
    async fn find_session(&self, id: SessionId, at: Timestamp) -> Result<Option<(Session, User)>>;

    /// Ends a session at once. Ending one that is over is Ok.
    async fn revoke_session(&self, id: SessionId) -> Result<()>;

    /// Ends all sessions of a user but one, if one is named, and returns how many there were.
    async fn revoke_sessions(&self, user: UserId, except: Option<SessionId>) -> Result<u64>;

    /// Forgets sessions that expired before a time, and returns how many there were.
    async fn purge_sessions(&self, before: Timestamp) -> Result<u64>;
}

/// API tokens.
#[async_trait]
pub trait TokenStore: Send + Sync + Debug {
    /// Stores a new token with the digest of its secret.
    ///
    /// # Behavior
    ///
    /// - `already_exists` when its id or digest is taken; `not_found` when its user is absent, deleted or disabled.
    async fn create_token(&self, token: &ApiToken, digest: &str) -> Result<()>;

    /// A token that is accepted at this time, with its user as he is now, in one statement.
    ///
    /// # Behavior
    ///
    /// - `None` when it is absent, revoked or expired, and when its user is disabled or deleted.
    async fn find_token_by_digest(
        &self,
        digest: &str,
        at: Timestamp,
    ) -> Result<Option<(ApiToken, User)>>;

    /// A token that was not revoked.
    async fn find_token(&self, id: TokenId) -> Result<Option<ApiToken>>;

    /// Tokens that were not revoked, of one user or of all, newest first.
    async fn list_tokens(&self, user: Option<UserId>, page: PageRequest) -> Result<Page<ApiToken>>;

    /// Ends a token at once. Ending one that is absent or revoked is Ok.
    async fn revoke_token(&self, id: TokenId, at: Timestamp) -> Result<()>;

    /// Remembers that a token was used. Writes at most once a minute for each token.
    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<()>;
}
