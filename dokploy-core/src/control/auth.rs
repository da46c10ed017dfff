//! Coming in with a password, and going out.

use super::audited::About;
use super::reach::{denied, nobody, require};
use super::users::{NewUser, account};
use super::{ControlPlane, Registration};
use crate::access::{Action, Actor, Identity, Verdict, check_password};
use crate::bus::Signal;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{SessionId, UserId};
use crate::model::{PasswordHash, Role, Session, User};
use crate::secret::Secret;

/// Somebody who has just come in.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The account.
    pub user: User,
    /// The session.
    pub session: Session,
    /// What proves the session from now on: a bearer, or the value of a cookie.
    pub token: Secret,
    /// What a page sends with each change that it makes with a cookie.
    pub csrf_token: String,
}

impl ControlPlane {
    /// Makes an account and comes in with it. The first account of an installation becomes its owner, and of several
    /// calls at the same moment only one makes it.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a name or a password that cannot be one, `already_exists` for a name that is taken,
    /// `permission_denied` where people may not make accounts for themselves.
    pub async fn register(
        &self,
        actor: &Actor,
        username: &str,
        password: &Secret,
        email: Option<&str>,
    ) -> Result<SignedIn> {
        let new = NewUser {
            username: username.to_owned(),
            password: Some(password.clone()),
            role: Role::Owner,
            email: email.map(str::to_owned),
        };
        let user = account(&new, self.now())?;
        check_password(password, "password")?;
        let about = About::thing("user", user.id).with_detail(&user.username);
        let work = self.registered(user, password);
        let user = self.recorded(actor, "auth.register", about, work).await?;
        self.signed_in(user).await
    }

    async fn registered(&self, user: User, password: &Secret) -> Result<User> {
        let is_first = self.may_register().await?;
        let hash = self.inner.passwords.hash(password, "password").await?;
        if is_first {
            match self.store().create_first_user(&user, Some(&hash)).await {
                // Somebody else was first.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                result => return result.map(|()| user),
            }
            self.may_register().await?;
        }
        let user = User {
            role: Role::Viewer,
            ..user
        };
        self.store().create_user(&user, Some(&hash)).await?;
        Ok(user)
    }

    /// Whether somebody would be the first one, when he may make himself an account at all.
    pub(super) async fn may_register(&self) -> Result<bool> {
        // There is an owner from the first user on.
        let is_first = self.store().count_owners().await? == 0;
        match self.inner.options.registration {
            Registration::Open => Ok(is_first),
            Registration::First if is_first => Ok(true),
            Registration::First | Registration::Closed => Err(Error::new(
                ErrorKind::PermissionDenied,
                "people cannot make accounts for themselves here",
            )
            .with_hint("ask an administrator for an account")),
        }
    }

    /// Comes in with a name and a password.
    ///
    /// # Errors
    ///
    /// `unauthenticated`, the same and after the same work for an unknown name, a wrong password and a disabled
    /// account; `rate_limited` after too many failures for the name or from the actor's address.
    pub async fn login(
        &self,
        actor: &Actor,
        username: &str,
        password: &Secret,
    ) -> Result<SignedIn> {
        let found = self.store().find_user_by_username(username).await?;
        let about = match &found {
            Some(user) => About::thing("user", user.id),
            // Not the name: people type passwords into the wrong field.
            None => About::thing("user", "unknown"),
        };
        let work = async {
            let known = found.as_ref();
            let verdict = self.verdict(actor, username, password, known).await?;
            match found.filter(|user| !user.disabled) {
                Some(user) if verdict != Verdict::Wrong => {
                    Ok((self.signed_in(user).await?, verdict))
                }
                _ => {
                    let address = actor.address.as_deref();
                    self.inner.throttle.failed(username, address).await;
                    Err(wrong())
                }
            }
        };
        let (signed_in, verdict) = self.recorded(actor, "auth.login", about, work).await?;
        self.inner.throttle.succeeded(username).await;
        if verdict == Verdict::Outdated {
            self.upgrade(signed_in.user.id, password).await;
        }
        Ok(signed_in)
    }

    /// Compares a password with that of an account, or with nobody's, which takes as long.
    async fn verdict(
        &self,
        actor: &Actor,
        username: &str,
        password: &Secret,
        user: Option<&User>,
    ) -> Result<Verdict> {
        let slot = self.inner.passwords.slot().await?;
        let address = actor.address.as_deref();
        self.inner.throttle.check(username, address).await?;
        let id = user.map_or_else(UserId::new, |user| user.id);
        let hash = self.store().password_hash(id).await?;
        slot.verify(password, hash.as_ref()).await
    }

    /// Makes the hash of a password anew. The old one still works when that fails.
    async fn upgrade(&self, user: UserId, password: &Secret) {
        let upgraded = async {
            let hash = self.inner.passwords.slot().await?.hash(password).await?;
            self.store().set_password(user, &hash, self.now()).await
        };
        if let Err(error) = upgraded.await {
            tracing::warn!(error = %error, user.id = %user, "an old hash of a password stays");
        }
    }

    /// Goes out: the session is dead at once, in every process and on every transport.
    pub async fn logout(&self, actor: &Actor) -> Result<()> {
        let Identity::User { user, session } = &actor.identity else {
            return match actor.identity {
                Identity::Anonymous => Err(nobody()),
                _ => Ok(()),
            };
        };
        let about = About::thing("session", session);
        let work = self.store().revoke_session(*session);
        self.recorded(actor, "auth.logout", about, work).await?;
        self.tell_of_access(user.id).await;
        Ok(())
    }

    /// Changes the actor's own password. All his sessions end, this one too; the answer is a new one.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a new password that cannot be one, `permission_denied` when the current one is wrong and for
    /// a token, `rate_limited` after too many wrong ones.
    pub async fn change_password(
        &self,
        actor: &Actor,
        current: &Secret,
        new: &Secret,
    ) -> Result<SignedIn> {
        let Identity::User { user, .. } = &actor.identity else {
            return Err(denied(actor, Action::AccountUpdate));
        };
        let about = About::thing("user", user.id).with_detail("password");
        let work = async {
            require(actor, Action::AccountUpdate)?;
            check_password(new, "newPassword")?;
            let name = &user.username;
            let verdict = self.verdict(actor, name, current, Some(user)).await?;
            if verdict == Verdict::Wrong {
                let address = actor.address.as_deref();
                self.inner.throttle.failed(name, address).await;
                let message = "the current password is wrong";
                return Err(Error::new(ErrorKind::PermissionDenied, message));
            }
            let hash = self.inner.passwords.hash(new, "newPassword").await?;
            self.set_password(user.id, &hash).await
        };
        self.change(actor, Action::AccountUpdate, about, work)
            .await?;
        self.end_sessions(user.id).await?;
        self.signed_in(user.clone()).await
    }

    /// Who the actor is, as the store knew him when he was authenticated.
    pub fn me(&self, actor: &Actor) -> Result<User> {
        require(actor, Action::AccountRead)?;
        actor.user().cloned().ok_or_else(nobody)
    }

    /// Begins a session.
    pub(super) async fn signed_in(&self, user: User) -> Result<SignedIn> {
        let now = self.now();
        let session = Session {
            id: SessionId::new(),
            user_id: user.id,
            created_at: now,
            expires_at: now.plus(self.inner.options.session_lifetime),
        };
        self.store().create_session(&session).await?;
        let tokens = self.session_tokens();
        Ok(SignedIn {
            token: tokens.token(session.id),
            csrf_token: tokens.csrf(session.id),
            user,
            session,
        })
    }

    /// Sets the password of an account.
    pub(super) async fn set_password(&self, user: UserId, hash: &PasswordHash) -> Result<()> {
        self.store().set_password(user, hash, self.now()).await
    }

    /// Ends all sessions of an account and tells open streams.
    pub(super) async fn end_sessions(&self, user: UserId) -> Result<()> {
        self.store().revoke_sessions(user, None).await?;
        self.tell_of_access(user).await;
        Ok(())
    }

    pub(super) async fn tell_of_access(&self, user: UserId) {
        self.tell(&Signal::Access { user }).await;
    }
}

fn wrong() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "the name or the password is wrong",
    )
    .with_hint("try again, or ask an administrator to set a new password")
}
