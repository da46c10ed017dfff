//! Sessions and API tokens in SQL. Every request is authenticated with one statement here.

use async_trait::async_trait;

use super::SqlStore;
use super::statement::statements;
use super::user;
use super::value::{Row, json, micros, optional_json};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{SessionId, TokenId, UserId};
use crate::model::{ApiToken, Page, PageRequest, Session, User};
use crate::store::session::TOUCH_INTERVAL;
use crate::store::{SessionStore, TokenStore, refusal};

statements! {
    columns = "tokens.id, tokens.user_id, tokens.name, tokens.scopes, tokens.project_ids, tokens.created_at,
        tokens.expires_at, tokens.last_used_at";

    /// The lock keeps the user from being disabled or deleted at the same moment, after which his sessions are gone.
    CREATE_SESSION = [
        "INSERT INTO sessions (id, user_id, created_at, expires_at)
         SELECT $1, id, $3, $4 FROM users WHERE id = $2 AND NOT disabled AND deleted_at IS NULL" lock " RETURNING id"
    ];
    FIND_SESSION = [
        "SELECT sessions.id, sessions.user_id, sessions.created_at, sessions.expires_at, " users "
         FROM sessions JOIN users ON users.id = sessions.user_id
         WHERE sessions.id = $1 AND sessions.expires_at > $2 AND NOT users.disabled AND users.deleted_at IS NULL"
    ];
    REVOKE_SESSION = ["DELETE FROM sessions WHERE id = $1 RETURNING id"];
    REVOKE_SESSIONS = ["DELETE FROM sessions WHERE user_id = $1 AND (id <> $2 OR $2 IS NULL) RETURNING id"];
    PURGE_SESSIONS = ["DELETE FROM sessions WHERE expires_at < $1 RETURNING id"];

    CREATE_TOKEN = [
        "INSERT INTO tokens
            (id, user_id, name, scopes, project_ids, created_at, expires_at, last_used_at, digest)
         SELECT $1, id, $3, $4, $5, $6, $7, $8, $9 FROM users
         WHERE id = $2 AND NOT disabled AND deleted_at IS NULL" lock " RETURNING id"
    ];
    FIND_TOKEN_BY_DIGEST = [
        "SELECT " columns ", " users " FROM tokens JOIN users ON users.id = tokens.user_id
         WHERE tokens.digest = $1 AND tokens.revoked_at IS NULL
           AND (tokens.expires_at > $2 OR tokens.expires_at IS NULL)
           AND NOT users.disabled AND users.deleted_at IS NULL"
    ];
    FIND_TOKEN = ["SELECT " columns " FROM tokens WHERE id = $1 AND revoked_at IS NULL"];
    LIST_TOKENS = ["SELECT " columns " FROM tokens WHERE revoked_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2"];
    LIST_TOKENS_OF_USER = [
        "SELECT " columns " FROM tokens
         WHERE user_id = $1 AND revoked_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3"
    ];
    REVOKE_TOKEN = ["UPDATE tokens SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING id"];
    TOUCH_TOKEN = [
        "UPDATE tokens SET last_used_at = $2
         WHERE id = $1 AND revoked_at IS NULL AND (last_used_at + $3 <= $2 OR last_used_at IS NULL)"
    ];
}

fn read_session(row: &mut Row) -> Result<Session> {
    Ok(Session {
        id: row.take()?,
        user_id: row.take()?,
        created_at: row.take()?,
        expires_at: row.take()?,
    })
}

fn read_token(row: &mut Row) -> Result<ApiToken> {
    Ok(ApiToken {
        id: row.take()?,
        user_id: row.take()?,
        name: row.take()?,
        scopes: row.take_json()?,
        project_ids: row.take_optional_json()?,
        created_at: row.take()?,
        expires_at: row.take()?,
        last_used_at: row.take()?,
    })
}

#[async_trait]
impl SessionStore for SqlStore {
    async fn create_session(&self, session: &Session) -> Result<()> {
        let create = CREATE_SESSION
            .bind(session.id)
            .bind(session.user_id)
            .bind(session.created_at)
            .bind(session.expires_at);
        let mut change = self.single_change().await?;
        let created = change
            .optional(create)
            .await
            .map_err(|error| refusal::if_taken(error, "session", session.id))?;
        if created.is_none() {
            return Err(Error::not_found("user", session.user_id));
        }
        change.commit().await
    }

    async fn find_session(&self, id: SessionId, at: Timestamp) -> Result<Option<(Session, User)>> {
        let find = FIND_SESSION.bind(id).bind(at);
        let found = self.read().optional(find).await?;
        found
            .map(|mut row| Ok((read_session(&mut row)?, user::read(&mut row)?)))
            .transpose()
    }

    async fn revoke_session(&self, id: SessionId) -> Result<()> {
        let mut change = self.single_change().await?;
        let revoked = change.optional(REVOKE_SESSION.bind(id)).await?;
        change.commit_if(revoked.is_some()).await
    }

    async fn revoke_sessions(&self, user: UserId, except: Option<SessionId>) -> Result<u64> {
        let mut change = self.single_change().await?;
        let revoked = change.all(REVOKE_SESSIONS.bind(user).bind(except)).await?;
        change.commit_if(!revoked.is_empty()).await?;
        Ok(revoked.len() as u64)
    }

    async fn purge_sessions(&self, before: Timestamp) -> Result<u64> {
        let purged = self.write().all(PURGE_SESSIONS.bind(before)).await?;
        Ok(purged.len() as u64)
    }
}

#[async_trait]
impl TokenStore for SqlStore {
    async fn create_token(&self, token: &ApiToken, digest: &str) -> Result<()> {
        let create = CREATE_TOKEN
            .bind(token.id)
            .bind(token.user_id)
            .bind(token.name.as_str())
            .bind(json(&token.scopes)?)
            .bind(optional_json(token.project_ids.as_ref())?)
            .bind(token.created_at)
            .bind(token.expires_at)
            .bind(token.last_used_at)
            .bind(digest);
        let mut change = self.single_change().await?;
        let created = change
            .optional(create)
            .await
            .map_err(|error| refusal::if_taken(error, "token", &token.name))?;
        if created.is_none() {
            return Err(Error::not_found("user", token.user_id));
        }
        change.commit().await
    }

    async fn find_token_by_digest(
        &self,
        digest: &str,
        at: Timestamp,
    ) -> Result<Option<(ApiToken, User)>> {
        let find = FIND_TOKEN_BY_DIGEST.bind(digest).bind(at);
        let found = self.read().optional(find).await?;
        found
            .map(|mut row| Ok((read_token(&mut row)?, user::read(&mut row)?)))
            .transpose()
    }

    async fn find_token(&self, id: TokenId) -> Result<Option<ApiToken>> {
        let found = self.read().optional(FIND_TOKEN.bind(id)).await?;
        found.map(|mut row| read_token(&mut row)).transpose()
    }

    async fn list_tokens(&self, user: Option<UserId>, page: PageRequest) -> Result<Page<ApiToken>> {
        let call = match user {
            Some(user) => LIST_TOKENS_OF_USER.bind(user),
            None => LIST_TOKENS.call(),
        };
        let read = |mut row: Row| read_token(&mut row);
        self.list(call, page, read, |token| token.id.as_uuid())
            .await
    }

    async fn revoke_token(&self, id: TokenId, at: Timestamp) -> Result<()> {
        let mut change = self.single_change().await?;
        let revoked = change.optional(REVOKE_TOKEN.bind(id).bind(at)).await?;
        change.commit_if(revoked.is_some()).await
    }

    async fn touch_token(&self, id: TokenId, at: Timestamp) -> Result<()> {
        let touch = TOUCH_TOKEN.bind(id).bind(at).bind(micros(TOUCH_INTERVAL));
        self.write().execute(touch).await
    }
}
