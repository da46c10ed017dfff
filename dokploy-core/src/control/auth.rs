//! Coming in and going out: accounts, sessions, and who a bearer is.

use super::audited::About;
use super::reach::{denied, nobody, require};
use super::users::{NewUser, account};
use super::{ControlPlane, Registration};
use crate::access::{Action, Actor, Identity, Verdict, is_session_token, token_digest};
use crate::bus::Signal;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{SessionId, UserId};
use crate::model::{ExternalIdentity, Role, Session, User};
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

/// What a provider of identities says about somebody. The front end has verified it.
#[derive(Clone, Debug)]
pub struct ExternalProfile {
    /// The provider.
    pub issuer: String,
    /// Who he is for the provider. Together with the issuer it is the only thing that an account is bound to.
    pub subject: String,
    /// A name that he would like; another one is chosen where it is taken.
    pub username: Option<String>,
    /// His address, for people to read.
    pub email: Option<String>,
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
        let user = account(new, self.now())?;
        crate::access::check_password(password, "password")?;
        let about = About::thing("user", user.id).with_detail(&user.username);
        let user = self
            .recorded(actor, "auth.register", about, self.registered(user, password))
            .await?;
        self.signed_in(user).await
    }

    async fn registered(&self, user: User, password: &Secret) -> Result<User> {
        let registration = self.inner.options.registration;
        let closed = || {
            Error::new(ErrorKind::PermissionDenied, "people cannot make accounts for themselves here")
                .with_hint("ask an administrator for an account")
        };
        let store = self.store();
        let is_first = store.count_users().await? == 0;
        match registration {
            Registration::Closed => return Err(closed()),
            Registration::First if !is_first => return Err(closed()),
            Registration::First | Registration::Open => {}
        }
        let hash = self.inner.passwords.hash(password, "password").await?;
        if is_first {
            match store.create_first_user(&user, Some(&hash)).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                result => return result.map(|()| user),
            }
        }
        // Somebody else was first.
        if registration == Registration::First {
            return Err(closed());
        }
        let user = User {
            role: Role::Viewer,
            ..user
        };
        store.create_user(&user, Some(&hash)).await?;
        Ok(user)
    }

    /// Comes in with a name and a password.
    ///
    /// # Errors
    ///
    /// `unauthenticated`, the same and after the same work for an unknown name, a wrong password and a disabled
    /// account; `rate_limited` after too many failures for the name or from the actor's address.
    pub async fn login(&self, actor: &Actor, username: &str, password: &Secret) -> Result<SignedIn> {
        let about = About::thing("user", "unknown");
        let found = self.store().find_user_by_username(username).await?;
        let about = match &found {
            Some(user) => About::thing("user", user.id),
            None => about,
        };
        let name = username.to_owned();
        let work = async {
            let user = self.verified(actor, &name, password, found).await?;
            self.signed_in(user).await
        };
        self.recorded(actor, "auth.login", about, work).await
    }

    async fn verified(
        &self,
        actor: &Actor,
        username: &str,
        password: &Secret,
        found: Option<User>,
    ) -> Result<User> {
        let inner = &self.inner;
        let address = actor.address.as_deref();
        let slot = inner.passwords.slot().await?;
        inner.throttle.check(username, address).await?;
        let hash = match &found {
            Some(user) => self.store().password_hash(user.id).await?,
            None => None,
        };
        let verdict = slot.verify(password, hash.as_ref()).await?;
        let known = found.filter(|user| !user.disabled);
        let (Some(user), true) = (known, verdict != Verdict::Wrong) else {
            inner.throttle.failed(username, address).await;
            return Err(
                Error::new(ErrorKind::Unauthenticated, "the name or the password is wrong")
                    .with_hint("try again, or ask an administrator to set a new password"),
            );
        };
        inner.throttle.succeeded(username).await;
        if verdict == Verdict::Outdated {
            let hash = slot.hash(password).await?;
            self.store().set_password(user.id, &hash).await?;
        }
        Ok(user)
    }

    /// Comes in as somebody whom a provider of identities vouches for. Accounts are bound to issuer and subject: an
    /// equal name or address is no reason to be let into an account that exists.
    ///
    /// # Errors
    ///
    /// `permission_denied` for somebody without an account, where people may not make accounts for themselves;
    /// `unauthenticated` for a disabled account.
    pub async fn login_external(&self, actor: &Actor, profile: &ExternalProfile) -> Result<SignedIn> {
        let store = self.store();
        let found = store.find_user_by_identity(&profile.issuer, &profile.subject).await?;
        let about = match &found {
            Some(user) => About::thing("user", user.id),
            None => About::thing("user", "new"),
        }
        .with_detail(&profile.issuer);
        let work = async {
            let user = match found {
                Some(user) if user.disabled => {
                    return Err(Error::new(ErrorKind::Unauthenticated, "the account is disabled"));
                }
                Some(user) => user,
                None => self.external_account(profile).await?,
            };
            self.signed_in(user).await
        };
        self.recorded(actor, "auth.login_external", about, work).await
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
        let work = async { self.store().revoke_session(*session).await };
        self.recorded(actor, "auth.logout", about, work).await?;
        self.tell_of_access(user.id).await;
        Ok(())
    }

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
        let invalid = || {
            Error::new(ErrorKind::Unauthenticated, "the token is not valid")
                .with_hint("make a new one, or sign in")
        };
        let digest = token_digest(bearer).ok_or_else(invalid)?;
        let found = self.store().find_token_by_digest(&digest, self.now()).await?;
        let (token, user) = found.ok_or_else(invalid)?;
        self.touch(&token).await;
        Ok(Actor::of(Identity::Token { user, token }))
    }

    async fn of_session(&self, session: SessionId) -> Result<Actor> {
        let found = self.store().find_session(session, self.now()).await?;
        let (session, user) = found.ok_or_else(|| {
            Error::new(ErrorKind::Unauthenticated, "the session has ended").with_hint("sign in again")
        })?;
        Ok(Actor::of(Identity::User {
            user,
            session: session.id,
        }))
    }

    /// What a page sends with each change that it makes with a cookie; `None` for who did not sign in.
    pub fn csrf_token(&self, actor: &Actor) -> Option<String> {
        actor.session().map(|session| self.session_tokens().csrf(session))
    }

    /// Checks what a page sent, in constant time.
    ///
    /// # Errors
    ///
    /// `permission_denied` when it is not that of the actor's session.
    pub fn check_csrf(&self, actor: &Actor, sent: &str) -> Result<()> {
        let matches = actor
            .session()
            .is_some_and(|session| self.session_tokens().is_csrf(session, sent));
        if matches {
            return Ok(());
        }
        Err(
            Error::new(ErrorKind::PermissionDenied, "the CSRF token is not that of the session")
                .with_hint("send the csrfToken of the login in the header X-CSRF-Token"),
        )
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
            crate::access::check_password(new, "newPassword")?;
            let hash = self.replaced(actor, user, current, new).await?;
            self.store().set_password(user.id, &hash).await
        };
        self.change(actor, Action::AccountUpdate, about, work).await?;
        self.end_sessions(user.id).await?;
        self.signed_in(user.clone()).await
    }

    /// Says who the actor is, as the store knows him now.
    pub async fn me(&self, actor: &Actor) -> Result<User> {
        require(actor, Action::AccountRead)?;
        actor.user().cloned().ok_or_else(nobody)
    }

    /// Ends all sessions of an account and tells open streams.
    pub(super) async fn end_sessions(&self, user: UserId) -> Result<()> {
        self.store().revoke_sessions(user).await?;
        self.tell_of_access(user).await;
        Ok(())
    }

    pub(super) async fn tell_of_access(&self, user: UserId) {
        self.tell(&Signal::Access { user }).await;
    }
}
