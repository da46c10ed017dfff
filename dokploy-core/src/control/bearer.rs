//! Who a bearer is, asked of the store each time.

use super::ControlPlane;
use super::reach::nobody;
use crate::access::{Actor, Identity, is_session_token, token_digest};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{SessionId, TokenId};

impl ControlPlane {
    /// Finds out who a bearer is: a session token or an API token. The store is asked each time, in one statement, so
    /// that nothing outlives a logout, a disabled account or a changed role.
    ///
    /// # Errors
    ///
    /// `unauthenticated` for every bearer that is not valid now.
    pub async fn authenticate(&self, bearer: &str) -> Result<Actor> {
        if is_session_token(bearer) {
            let session = self.session_tokens().session(bearer)?;
            return self.of_session(session).await;
        }
        let digest = token_digest(bearer).ok_or_else(invalid)?;
        let now = self.now();
        let found = self.store().find_token_by_digest(&digest, now).await?;
        let (token, user) = found.ok_or_else(invalid)?;
        self.touch(&token).await;
        Ok(Actor::of(Identity::Token { user, token }))
    }

    /// Finds out who an actor is now, for what has been open for a while.
    ///
    /// # Errors
    ///
    /// `unauthenticated` when his session or token has ended, or his account.
    pub async fn recheck(&self, actor: &Actor) -> Result<Actor> {
        let now = match &actor.identity {
            Identity::System(_) => return Ok(actor.clone()),
            Identity::Anonymous => return Err(nobody()),
            Identity::User { session, .. } => self.of_session(*session).await?,
            Identity::Token { token, .. } => self.of_token(token.id).await?,
        };
        Ok(Actor {
            identity: now.identity,
            ..actor.clone()
        })
    }

    async fn of_session(&self, session: SessionId) -> Result<Actor> {
        let found = self.store().find_session(session, self.now()).await?;
        let (session, user) = found.ok_or_else(|| {
            Error::new(ErrorKind::Unauthenticated, "the session has ended")
                .with_hint("sign in again")
        })?;
        Ok(Actor::of(Identity::User {
            user,
            session: session.id,
        }))
    }

    async fn of_token(&self, id: TokenId) -> Result<Actor> {
        let now = self.now();
        let found = self.store().find_token(id).await?;
        let token = found
            .filter(|token| token.expires_at.is_none_or(|end| end > now))
            .ok_or_else(invalid)?;
        let user = self.store().find_user(token.user_id).await?;
        let user = user.filter(|user| !user.disabled).ok_or_else(invalid)?;
        Ok(Actor::of(Identity::Token { user, token }))
    }

    /// What a page sends with each change that it makes with a cookie; `None` for who did not sign in.
    pub fn csrf_token(&self, actor: &Actor) -> Option<String> {
        let session = actor.session()?;
        Some(self.session_tokens().csrf(session))
    }

    /// Checks what a page sent, in constant time.
    ///
    /// # Errors
    ///
    /// `permission_denied` when it is not that of the actor's session.
    pub fn check_csrf(&self, actor: &Actor, sent: &str) -> Result<()> {
        let session = actor.session();
        if session.is_some_and(|session| self.session_tokens().is_csrf(session, sent)) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::PermissionDenied,
            "the CSRF token is not that of the session",
        )
        .with_hint("send the csrfToken of the login in the header X-CSRF-Token"))
    }
}

fn invalid() -> Error {
    Error::new(ErrorKind::Unauthenticated, "the token is not valid")
        .with_hint("make a new one, or sign in")
}
