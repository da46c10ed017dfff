//! Sessions and API tokens in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, Tables, page_of};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{SessionId, TokenId, UserId};
use crate::model::{ApiToken, Page, PageRequest, Session, User};
use crate::store::session::TOUCH_INTERVAL;
use crate::store::{SessionStore, TokenStore, refusal};

/// A token with the digest of its secret.
#[derive(Debug)]
pub(super) struct Token {
    token: ApiToken,
    digest: String,
}

impl Tables {
    fn require_active_user(&self, id: UserId) -> Result<()> {
        match self.active_user(id) {
            Some(_) => Ok(()),
            None => Err(Error::not_found("user", id)),
        }
    }

    pub(super) fn end_sessions(&mut self, user: UserId, except: Option<SessionId>) -> u64 {
        let before = self.sessions.len();
        self.sessions
            .retain(|id, session| session.user_id != user || Some(*id) == except);
        (before - self.sessions.len()) as u64
    }

    pub(super) fn end_tokens(&mut self, user: UserId, at: Timestamp) {
        for token in self.tokens.values_mut() {
            if token.value.token.user_id == user {
                token.delete(at);
            }
        }
    }

    fn live_tokens(&self) -> impl DoubleEndedIterator<Item = &Token> {
        self.tokens.values().filter_map(Kept::live)
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create_session(&self, session: &Session) -> Result<()> {
        let mut tables = self.change();
        tables.require_active_user(session.user_id)?;
        if tables.sessions.contains_key(&session.id) {
            return Err(refusal::taken("session", session.id));
        }
        tables.sessions.insert(session.id, session.clone());
        tables.commit();
        Ok(())
    }

    async fn find_session(&self, id: SessionId, at: Timestamp) -> Result<Option<(Session, User)>> {
        let tables = self.lock();
        let session = tables.sessions.get(&id);
        let accepted = session.filter(|session| session.expires_at > at);
        Ok(accepted.and_then(|session| {
            let user = tables.active_user(session.user_id)?;
            Some((session.clone(), user.clone()))
        }))
    }

    async fn revoke_session(&self, id: SessionId) -> Result<()> {
        let mut tables = self.change();
        if tables.sessions.remove(&id).is_some() {
            tables.commit();
        }
        Ok(())
    }

    async fn revoke_sessions(&self, user: UserId, except: Option<SessionId>) -> Result<u64> {
        let mut tables = self.change();
        let ended = tables.end_sessions(user, except);
        if ended > 0 {
            tables.commit();
        }
        Ok(ended)
    }

    async fn purge_sessions(&self, before: Timestamp) -> Result<u64> {
        let sessions = &mut self.lock().sessions;
        let count = sessions.len();
        sessions.retain(|_, session| session.expires_at >= before);
        Ok((count - sessions.len()) as u64)
    }
}

#[async_trait]
impl TokenStore for MemoryStore {
    async fn create_token(&self, token: &ApiToken, digest: &str) -> Result<()> {
        let mut tables = self.change();
        tables.require_active_user(token.user_id)?;
        // A digest stays taken after its token was revoked.
        let is_taken = tables
            .tokens
            .values()
            .any(|other| other.value.digest == digest);
        if is_taken || tables.tokens.contains_key(&token.id) {
            return Err(refusal::taken("token", &token.name));
        }
        let kept = Kept::new(Token {
            token: token.clone(),
            digest: digest.to_owned(),
        });
        tables.tokens.insert(token.id, kept);
        tables.commit();
        Ok(())
    }

    async fn find_token_by_digest(
        &self,
        digest: &str,
        at: Timestamp,
    ) -> Result<Option<(ApiToken, User)>> {
        let tables = self.lock();
        let found = tables.live_tokens().find(|token| token.digest == digest);
        let accepted =
            found.filter(|found| found.token.expires_at.is_none_or(|expires| expires > at));
        Ok(accepted.and_then(|Token { token, .. }| {
            let user = tables.active_user(token.user_id)?;
            Some((token.clone(), user.clone()))
        }))
    }

    async fn find_token(&self, id: TokenId) -> Result<Option<ApiToken>> {
        let tables = self.lock();
        let found = tables.tokens.get(&id).and_then(Kept::live);
        Ok(found.map(|found| found.token.clone()))
    }

    async fn list_tokens(&self, user: Option<UserId>, page: PageRequest) -> Result<Page<ApiToken>> {
        let tables = self.lock();
        let newest_first = tables.live_tokens().rev().map(|found| &found.token);
        let asked = newest_first.filter(|token| user.is_none_or(|user| token.user_id == user));
        Ok(page_of(asked, page, |token| token.id.as_uuid()))
    }

    async fn revoke_token(&self, id: TokenId, at: Timestamp) -> Result<()> {
        let mut tables = self.change();
        if tables
            .tokens
            .get_mut(&id)
            .is_some_and(|token| token.delete(at))
        {
            tables.commit();
        }
        Ok(())
    }

    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<()> {
        let mut tables = self.lock();
        if let Some(found) = tables.tokens.get_mut(&id).and_then(Kept::live_mut) {
            let last = found.token.last_used_at;
            if last.is_none_or(|last| last.plus(TOUCH_INTERVAL) <= at) {
                found.token.last_used_at = Some(at);
            }
        }
        Ok(())
    }
}
