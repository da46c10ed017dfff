//! Users in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, Tables, page_of};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::model::{ExternalIdentity, Page, PageRequest, PasswordHash, User};
use crate::store::{UserStore, refusal};

/// A user with his password.
#[derive(Debug)]
pub(super) struct Account {
    user: User,
    password: Option<PasswordHash>,
}

impl Tables {
    fn account(&self, id: UserId) -> Option<&Account> {
        self.users.get(&id).and_then(Kept::live)
    }

    pub(super) fn user(&self, id: UserId) -> Option<&User> {
        self.account(id).map(|account| &account.user)
    }

    pub(super) fn require_user(&self, id: UserId) -> Result<&User> {
        self.user(id).ok_or_else(|| Error::not_found("user", id))
    }

    /// A user who may sign in.
    pub(super) fn active_user(&self, id: UserId) -> Option<&User> {
        self.user(id).filter(|user| !user.disabled)
    }

    fn live_users(&self) -> impl DoubleEndedIterator<Item = &User> {
        let live = self.users.values().filter_map(Kept::live);
        live.map(|account| &account.user)
    }

    fn user_named(&self, username: &str) -> Option<&User> {
        self.live_users()
            .find(|user| user.username.to_lowercase() == username.to_lowercase())
    }

    fn owner_count(&self) -> usize {
        self.live_users().filter(|user| user.is_owner()).count()
    }

    fn insert_user(&mut self, user: &User, password: Option<&PasswordHash>) -> Result<()> {
        if self.user_named(&user.username).is_some() || self.users.contains_key(&user.id) {
            return Err(refusal::taken("user", &user.username));
        }
        let account = Account {
            user: user.clone(),
            password: password.cloned(),
        };
        self.users.insert(user.id, Kept::new(account));
        Ok(())
    }

    fn require_free(&self, identity: &ExternalIdentity) -> Result<()> {
        let key = (identity.issuer.clone(), identity.subject.clone());
        if self.identities.contains_key(&key) {
            return Err(refusal::taken("identity", &identity.subject));
        }
        Ok(())
    }

    fn insert_identity(&mut self, identity: &ExternalIdentity) {
        let key = (identity.issuer.clone(), identity.subject.clone());
        self.identities.insert(key, identity.user_id);
    }
}

#[async_trait]
impl UserStore for MemoryStore {
    async fn create_first_user(&self, user: &User, password: Option<&PasswordHash>) -> Result<()> {
        let mut tables = self.change();
        if !tables.users.is_empty() {
            return Err(refusal::not_first());
        }
        tables.insert_user(user, password)?;
        tables.commit();
        Ok(())
    }

    async fn create_user(&self, user: &User, password: Option<&PasswordHash>) -> Result<()> {
        let mut tables = self.change();
        tables.insert_user(user, password)?;
        tables.commit();
        Ok(())
    }

    async fn create_external_user(&self, user: &User, identity: &ExternalIdentity) -> Result<()> {
        let mut tables = self.change();
        tables.require_free(identity)?;
        tables.insert_user(user, None)?;
        tables.insert_identity(identity);
        tables.commit();
        Ok(())
    }

    async fn find_user(&self, id: UserId) -> Result<Option<User>> {
        Ok(self.lock().user(id).cloned())
    }

    async fn find_user_by_username(&self, username: &str) -> Result<Option<User>> {
        Ok(self.lock().user_named(username).cloned())
    }

    async fn find_user_by_identity(&self, issuer: &str, subject: &str) -> Result<Option<User>> {
        let tables = self.lock();
        let key = (issuer.to_owned(), subject.to_owned());
        let found = tables.identities.get(&key).and_then(|id| tables.user(*id));
        Ok(found.cloned())
    }

    async fn list_users(&self, page: PageRequest) -> Result<Page<User>> {
        let tables = self.lock();
        let newest_first = tables.live_users().rev();
        Ok(page_of(newest_first, page, |user| user.id.as_uuid()))
    }

    async fn update_user(&self, user: &User) -> Result<User> {
        let mut tables = self.change();
        let stored = tables.require_user(user.id)?;
        if stored.version != user.version {
            return Err(refusal::stale_version("user", user.id));
        }
        if tables
            .user_named(&user.username)
            .is_some_and(|other| other.id != user.id)
        {
            return Err(refusal::taken("user", &user.username));
        }
        if stored.is_owner() && !user.is_owner() && tables.owner_count() == 1 {
            return Err(refusal::last_owner());
        }
        let changed = User {
            version: stored.version + 1,
            created_at: stored.created_at,
            ..user.clone()
        };
        if let Some(account) = tables.users.get_mut(&user.id) {
            account.value.user = changed.clone();
        }
        if changed.disabled {
            tables.end_sessions(user.id, None);
        }
        tables.commit();
        Ok(changed)
    }

    async fn set_password(&self, id: UserId, password: &PasswordHash, at: Timestamp) -> Result<()> {
        let mut tables = self.change();
        let account = tables
            .users
            .get_mut(&id)
            .and_then(Kept::live_mut)
            .ok_or_else(|| Error::not_found("user", id))?;
        account.password = Some(password.clone());
        account.user.updated_at = at;
        tables.commit();
        Ok(())
    }

    async fn password_hash(&self, id: UserId) -> Result<Option<PasswordHash>> {
        let tables = self.lock();
        let account = tables.account(id);
        Ok(account.and_then(|account| account.password.clone()))
    }

    async fn link_identity(&self, identity: &ExternalIdentity) -> Result<()> {
        let mut tables = self.change();
        tables.require_user(identity.user_id)?;
        tables.require_free(identity)?;
        tables.insert_identity(identity);
        tables.commit();
        Ok(())
    }

    async fn delete_user(&self, id: UserId, at: Timestamp) -> Result<()> {
        let mut tables = self.change();
        let Some(user) = tables.user(id) else {
            return Ok(());
        };
        if user.is_owner() && tables.owner_count() == 1 {
            return Err(refusal::last_owner());
        }
        if let Some(account) = tables.users.get_mut(&id) {
            account.delete(at);
        }
        tables.end_sessions(id, None);
        tables.end_tokens(id, at);
        tables.identities.retain(|_, user| *user != id);
        tables.members.retain(|(_, user)| *user != id);
        tables.commit();
        Ok(())
    }

    async fn count_owners(&self) -> Result<u64> {
        Ok(self.lock().owner_count() as u64)
    }
}
