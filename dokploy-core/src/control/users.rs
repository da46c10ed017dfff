//! Accounts.

use super::ControlPlane;
use super::audited::About;
use super::reach::{denied, require};
use crate::access::{Action, Actor, can};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::model::{Page, PageRequest, Role, User};
use crate::secret::Secret;

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Name to come in with; unique, whatever the case of its letters.
    pub username: String,
    /// Password; without one he can only come in through a provider of identities.
    pub password: Option<Secret>,
    /// Role.
    pub role: Role,
    /// Address, for people to read.
    pub email: Option<String>,
}

/// What changes about an account; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Role.
    pub role: Option<Role>,
    /// Whether he may come in no more.
    pub disabled: Option<bool>,
    /// Address; `Some(None)` takes it away.
    pub email: Option<Option<String>>,
    /// A new password.
    pub password: Option<Secret>,
}

impl UserChange {
    /// Whether what he may do changes, so that nothing that is open may go on as it was.
    fn concerns_access(&self) -> bool {
        self.role.is_some() || self.disabled.is_some() || self.password.is_some()
    }
}

impl ControlPlane {
    /// Accounts, newest first.
    pub async fn users(&self, actor: &Actor, page: PageRequest) -> Result<Page<User>> {
        let about = About::thing("user", "all");
        let work = async {
            require(actor, Action::UserRead)?;
            self.store().list_users(page).await
        };
        self.read(actor, Action::UserRead, about, work).await
    }

    /// An account. Everybody may read his own.
    pub async fn user(&self, actor: &Actor, id: UserId) -> Result<User> {
        let action = if actor.user_id() == Some(id) {
            Action::AccountRead
        } else {
            Action::UserRead
        };
        let work = async {
            require(actor, action)?;
            self.known_user(id).await
        };
        self.read(actor, action, About::thing("user", id), work)
            .await
    }

    /// Makes an account.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a name or a password that cannot be one, `already_exists` for a name that is taken. Only an
    /// owner makes an owner.
    pub async fn create_user(&self, actor: &Actor, new: NewUser) -> Result<User> {
        let password = new.password.clone();
        let user = account(&new, self.now());
        let about = match &user {
            Ok(user) => About::thing("user", user.id)
                .with_detail(format!("{} as {}", user.username, user.role)),
            Err(_) => About::thing("user", "new"),
        };
        let work = async {
            require(actor, Action::UserCreate)?;
            let user = user?;
            require_rank(actor, user.role)?;
            let hash = match &password {
                Some(password) => Some(self.inner.passwords.hash(password, "password").await?),
                None => None,
            };
            self.store().create_user(&user, hash.as_ref()).await?;
            Ok(user)
        };
        self.change(actor, Action::UserCreate, about, work).await
    }

    /// Changes an account. A new role, a new password and disabling hold at once: sessions end, open streams are
    /// looked at again.
    ///
    /// # Errors
    ///
    /// `conflict` when `version` is given and is not the stored one, and for the last owner. Only an owner changes an
    /// owner, or makes one.
    pub async fn update_user(
        &self,
        actor: &Actor,
        id: UserId,
        version: Option<i64>,
        change: UserChange,
    ) -> Result<User> {
        let about = About::thing("user", id).with_detail(describe(&change));
        let concerns_access = change.concerns_access();
        let has_new_password = change.password.is_some();
        let work = self.changed_user(actor, id, version, change);
        let user = self.change(actor, Action::UserUpdate, about, work).await?;
        if user.disabled || has_new_password {
            self.end_sessions(id).await?;
        } else if concerns_access {
            self.tell_of_access(id).await;
        }
        Ok(user)
    }

    async fn changed_user(
        &self,
        actor: &Actor,
        id: UserId,
        version: Option<i64>,
        change: UserChange,
    ) -> Result<User> {
        require(actor, Action::UserUpdate)?;
        let stored = self.known_user(id).await?;
        require_rank(actor, stored.role)?;
        require_rank(actor, change.role.unwrap_or(stored.role))?;
        let user = User {
            version: version.unwrap_or(stored.version),
            role: change.role.unwrap_or(stored.role),
            disabled: change.disabled.unwrap_or(stored.disabled),
            email: change.email.unwrap_or(stored.email),
            updated_at: self.now(),
            ..stored
        };
        user.validate()?;
        let hash = match &change.password {
            Some(password) => Some(self.inner.passwords.hash(password, "password").await?),
            None => None,
        };
        let user = self.store().update_user(&user).await?;
        if let Some(hash) = hash {
            self.set_password(id, &hash).await?;
        }
        Ok(user)
    }

    /// Deletes an account with its sessions and tokens. Its projects stay, for administrators and their teams.
    ///
    /// # Errors
    ///
    /// `conflict` for the last owner. Only an owner deletes an owner.
    pub async fn delete_user(&self, actor: &Actor, id: UserId) -> Result<()> {
        let work = async {
            require(actor, Action::UserDelete)?;
            let user = self.known_user(id).await?;
            require_rank(actor, user.role)?;
            self.store().delete_user(id, self.now()).await
        };
        self.change(actor, Action::UserDelete, About::thing("user", id), work)
            .await?;
        self.end_sessions(id).await
    }

    pub(super) async fn known_user(&self, id: UserId) -> Result<User> {
        let found = self.store().find_user(id).await?;
        found.ok_or_else(|| Error::not_found("user", id))
    }
}

/// An account as it is stored first.
///
/// # Errors
///
/// `invalid_spec` with every broken field.
pub(super) fn account(new: &NewUser, now: Timestamp) -> Result<User> {
    let user = User {
        id: UserId::new(),
        version: 1,
        username: new.username.clone(),
        email: new.email.clone(),
        role: new.role,
        disabled: false,
        created_at: now,
        updated_at: now,
    };
    user.validate()?;
    Ok(user)
}

/// Nobody touches, or makes, an account above his own.
fn require_rank(actor: &Actor, role: Role) -> Result<()> {
    if role < Role::Owner || can(actor, Action::OwnerUpdate) {
        Ok(())
    } else {
        Err(denied(actor, Action::OwnerUpdate))
    }
}

/// What the trail says about a change; not the password.
fn describe(change: &UserChange) -> String {
    let mut parts = Vec::new();
    if let Some(role) = change.role {
        parts.push(format!("role {role}"));
    }
    match change.disabled {
        Some(true) => parts.push("disabled".to_owned()),
        Some(false) => parts.push("enabled".to_owned()),
        None => {}
    }
    if change.email.is_some() {
        parts.push("email".to_owned());
    }
    if change.password.is_some() {
        parts.push("password".to_owned());
    }
    parts.join(", ")
}
