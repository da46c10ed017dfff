//! Users in SQL.

use async_trait::async_trait;

use super::SqlStore;
use super::session::Session;
use super::statement::statements;
use super::value::{Row, name};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::id::UserId;
use crate::model::{ExternalIdentity, Page, PageRequest, PasswordHash, User};
use crate::store::{UserStore, refusal};

/// What [`read`] expects, here and where users are found by what belongs to them.
macro_rules! columns {
    () => {
        "users.id, users.version, users.username, users.email, users.role, users.disabled, users.created_at,
        users.updated_at"
    };
}
pub(super) use columns;

statements! {
    columns = columns!();

    ANY = ["SELECT id FROM users LIMIT 1"];
    INSERT = [
        "INSERT INTO users
            (id, version, username, username_key, email, role, disabled, password, is_first, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
    ];
    FIND = ["SELECT " columns " FROM users WHERE id = $1 AND deleted_at IS NULL"];
    FIND_BY_USERNAME = ["SELECT " columns " FROM users WHERE username_key = $1 AND deleted_at IS NULL"];
    FIND_BY_IDENTITY = [
        "SELECT " columns " FROM identities JOIN users ON users.id = identities.user_id
         WHERE identities.issuer = $1 AND identities.subject = $2 AND users.deleted_at IS NULL"
    ];
    LIST = ["SELECT " columns " FROM users WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2"];
    /// Whoever changes who is an owner holds these locks, taken in one order.
    LOCK_OWNERS = [
        "SELECT id FROM users WHERE role = 'owner' AND NOT disabled AND deleted_at IS NULL ORDER BY id" lock
    ];
    COUNT_OWNERS = [
        "SELECT count(*) FROM users WHERE role = 'owner' AND NOT disabled AND deleted_at IS NULL"
    ];
    UPDATE = [
        "UPDATE users SET version = version + 1, username = $3, username_key = $4, email = $5, role = $6, disabled = $7,
            updated_at = $8
         WHERE id = $1 AND version = $2 AND deleted_at IS NULL RETURNING " columns
    ];
    SET_PASSWORD = [
        "UPDATE users SET password = $2, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL RETURNING id"
    ];
    PASSWORD = ["SELECT password FROM users WHERE id = $1 AND deleted_at IS NULL"];
    INSERT_IDENTITY = ["INSERT INTO identities (issuer, subject, user_id) VALUES ($1, $2, $3)"];
    LOCK = ["SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL" lock];
    DELETE = [
        "UPDATE users SET deleted_at = $2, password = NULL WHERE id = $1 AND deleted_at IS NULL RETURNING id"
    ];
    END_SESSIONS = ["DELETE FROM sessions WHERE user_id = $1"];
    END_TOKENS = ["UPDATE tokens SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL"];
    END_IDENTITIES = ["DELETE FROM identities WHERE user_id = $1"];
    END_MEMBERSHIPS = ["DELETE FROM members WHERE user_id = $1"];
}

pub(super) fn read(row: &mut Row) -> Result<User> {
    Ok(User {
        id: row.take()?,
        version: row.take()?,
        username: row.take()?,
        email: row.take()?,
        role: row.take_name()?,
        disabled: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

/// The name by which a user is found, whatever case it is written in. Both databases fold the case of ASCII alone.
fn key(username: &str) -> String {
    username.to_lowercase()
}

async fn insert(
    session: &mut Session,
    user: &User,
    password: Option<&PasswordHash>,
    is_first: bool,
) -> Result<()> {
    let insert = INSERT
        .bind(user.id)
        .bind(user.version)
        .bind(user.username.as_str())
        .bind(key(&user.username))
        .bind(user.email.as_deref())
        .bind(name(&user.role)?)
        .bind(user.disabled)
        .bind(password.map(PasswordHash::expose))
        .bind(is_first)
        .bind(user.created_at)
        .bind(user.updated_at);
    session.execute(insert).await
}

async fn insert_identity(session: &mut Session, identity: &ExternalIdentity) -> Result<()> {
    let insert = INSERT_IDENTITY
        .bind(identity.issuer.as_str())
        .bind(identity.subject.as_str())
        .bind(identity.user_id);
    session
        .execute(insert)
        .await
        .map_err(|error| refusal::if_taken(error, "identity", &identity.subject))
}

/// Refuses to take the last owner away.
async fn require_another_owner(change: &mut Session, id: UserId) -> Result<()> {
    let mut owners = Vec::new();
    for mut row in change.all(LOCK_OWNERS.call()).await? {
        owners.push(row.take::<UserId>()?);
    }
    if owners == [id] {
        return Err(refusal::last_owner());
    }
    Ok(())
}

#[async_trait]
impl UserStore for SqlStore {
    async fn create_first_user(&self, user: &User, password: Option<&PasswordHash>) -> Result<()> {
        let mut change = self.change().await?;
        if change.optional(ANY.call()).await?.is_some() {
            return Err(refusal::not_first());
        }
        // Somebody else may be at it: the database takes one first user.
        let inserted = insert(&mut change, user, password, true).await;
        inserted.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => refusal::not_first().with_source(error),
            _ => error,
        })?;
        change.commit().await
    }

    async fn create_user(&self, user: &User, password: Option<&PasswordHash>) -> Result<()> {
        let mut change = self.single_change().await?;
        insert(&mut change, user, password, false)
            .await
            .map_err(|error| refusal::if_taken(error, "user", &user.username))?;
        change.commit().await
    }

    async fn create_external_user(&self, user: &User, identity: &ExternalIdentity) -> Result<()> {
        let mut change = self.change().await?;
        insert(&mut change, user, None, false)
            .await
            .map_err(|error| refusal::if_taken(error, "user", &user.username))?;
        insert_identity(&mut change, identity).await?;
        change.commit().await
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>> {
        let found = self.read().optional(FIND.bind(id)).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    async fn find_user_by_username(&self, username: &str) -> Result<Option<User>> {
        let find = FIND_BY_USERNAME.bind(key(username));
        let found = self.read().optional(find).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    async fn find_user_by_identity(&self, issuer: &str, subject: &str) -> Result<Option<User>> {
        let find = FIND_BY_IDENTITY.bind(issuer).bind(subject);
        let found = self.read().optional(find).await?;
        found.map(|mut row| read(&mut row)).transpose()
    }

    async fn list_users(&self, page: PageRequest) -> Result<Page<User>> {
        let read = |mut row: Row| read(&mut row);
        self.list(LIST.call(), page, read, |user| user.id.as_uuid())
            .await
    }

    async fn update_user(&self, user: &User) -> Result<User> {
        let update = UPDATE
            .bind(user.id)
            .bind(user.version)
            .bind(user.username.as_str())
            .bind(key(&user.username))
            .bind(user.email.as_deref())
            .bind(name(&user.role)?)
            .bind(user.disabled)
            .bind(user.updated_at);
        let mut change = self.change().await?;
        if !user.is_owner() {
            require_another_owner(&mut change, user.id).await?;
        }
        let updated = change
            .optional(update)
            .await
            .map_err(|error| refusal::if_taken(error, "user", &user.username))?;
        if let Some(mut row) = updated {
            if user.disabled {
                change.execute(END_SESSIONS.bind(user.id)).await?;
            }
            change.commit().await?;
            return read(&mut row);
        }
        drop(change);
        match self.find_user(user.id).await? {
            Some(_) => Err(refusal::stale_version("user", user.id)),
            None => Err(Error::not_found("user", user.id)),
        }
    }

    async fn set_password(&self, id: UserId, password: &PasswordHash, at: Timestamp) -> Result<()> {
        let set = SET_PASSWORD.bind(id).bind(password.expose()).bind(at);
        let mut change = self.single_change().await?;
        if change.optional(set).await?.is_none() {
            return Err(Error::not_found("user", id));
        }
        change.commit().await
    }

    async fn password_hash(&self, id: UserId) -> Result<Option<PasswordHash>> {
        let Some(mut row) = self.read().optional(PASSWORD.bind(id)).await? else {
            return Ok(None);
        };
        Ok(row.take::<Option<String>>()?.map(PasswordHash::new))
    }

    async fn link_identity(&self, identity: &ExternalIdentity) -> Result<()> {
        let mut change = self.change().await?;
        // The lock keeps the user from being deleted at the same moment.
        let user = change.optional(LOCK.bind(identity.user_id)).await?;
        if user.is_none() {
            return Err(Error::not_found("user", identity.user_id));
        }
        insert_identity(&mut change, identity).await?;
        change.commit().await
    }

    async fn delete_user(&self, id: UserId, at: Timestamp) -> Result<()> {
        let mut change = self.change().await?;
        require_another_owner(&mut change, id).await?;
        if change.optional(DELETE.bind(id).bind(at)).await?.is_none() {
            return Ok(());
        }
        change.execute(END_SESSIONS.bind(id)).await?;
        change.execute(END_TOKENS.bind(id).bind(at)).await?;
        change.execute(END_IDENTITIES.bind(id)).await?;
        change.execute(END_MEMBERSHIPS.bind(id)).await?;
        change.commit().await
    }

    async fn count_owners(&self) -> Result<u64> {
        self.read().one(COUNT_OWNERS.call()).await?.take()
    }
}
