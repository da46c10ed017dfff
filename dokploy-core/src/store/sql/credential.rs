//! Credentials and settings in SQL.

use async_trait::async_trait;

use super::SqlStore;
use super::migration;
use super::statement::statements;
use super::value::{Row, json, name};
use crate::clock::Timestamp;
use crate::error::{Error, ErrorKind, Result};
use crate::id::CredentialId;
use crate::model::{Credential, Page, PageRequest, Reach};
use crate::store::{ConnectionStats, CredentialStore, SettingStore, refusal};

statements! {
    columns = "id, project_id, kind, name, host, sealed, created_at";

    INSERT = ["INSERT INTO credentials (" columns ") VALUES ($1, $2, $3, $4, $5, $6, $7)"];
    FIND = ["SELECT " columns " FROM credentials WHERE id = $1 AND deleted_at IS NULL"];
    FIND_IN_REACH = [
        "SELECT " columns " FROM credentials WHERE " (reached "project_id") " AND id = $3 AND deleted_at IS NULL"
    ];
    LIST_IN_REACH = [
        "SELECT " columns " FROM credentials
         WHERE " (reached "project_id") " AND deleted_at IS NULL AND id < $3 ORDER BY id DESC LIMIT $4"
    ];
    LIST = ["SELECT " columns " FROM credentials WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2"];
    DELETE = ["UPDATE credentials SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL RETURNING id"];

    INSERT_SETTING = ["INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"];
    FIND_SETTING = ["SELECT value FROM settings WHERE name = $1"];
    MIGRATED = ["SELECT count(*) FROM _sqlx_migrations WHERE success"];
}

fn read(mut row: Row) -> Result<Credential> {
    Ok(Credential {
        id: row.take()?,
        project_id: row.take()?,
        kind: row.take_name()?,
        name: row.take()?,
        host: row.take()?,
        sealed: row.take_json()?,
        created_at: row.take()?,
    })
}

#[async_trait]
impl CredentialStore for SqlStore {
    async fn create_credential(&self, credential: &Credential) -> Result<()> {
        let insert = INSERT
            .bind(credential.id)
            .bind(credential.project_id)
            .bind(name(&credential.kind)?)
            .bind(credential.name.as_str())
            .bind(credential.host.as_str())
            .bind(json(&credential.sealed)?)
            .bind(credential.created_at);
        let mut change = self.single_change().await?;
        change
            .execute(insert)
            .await
            .map_err(|error| refusal::if_taken(error, "credential", &credential.name))?;
        change.commit().await
    }

    async fn find_credential(&self, id: CredentialId) -> Result<Option<Credential>> {
        let found = self.read().optional(FIND.bind(id)).await?;
        found.map(read).transpose()
    }

    async fn find_credential_in_reach(
        &self,
        reach: &Reach,
        id: CredentialId,
    ) -> Result<Option<Credential>> {
        let find = FIND_IN_REACH.within(reach).bind(id);
        let found = self.read().optional(find).await?;
        found.map(read).transpose()
    }

    async fn list_credentials_in_reach(
        &self,
        reach: &Reach,
        page: PageRequest,
    ) -> Result<Page<Credential>> {
        let id = |credential: &Credential| credential.id.as_uuid();
        self.list(LIST_IN_REACH.within(reach), page, read, id).await
    }

    async fn list_credentials(&self, page: PageRequest) -> Result<Page<Credential>> {
        self.list(LIST.call(), page, read, |credential| {
            credential.id.as_uuid()
        })
        .await
    }

    async fn delete_credential(&self, id: CredentialId, at: Timestamp) -> Result<()> {
        let mut change = self.single_change().await?;
        let deleted = change.optional(DELETE.bind(id).bind(at)).await?;
        change.commit_if(deleted.is_some()).await
    }
}

#[async_trait]
impl SettingStore for SqlStore {
    async fn setting_or_insert(&self, name: &str, value: &str) -> Result<String> {
        let mut session = self.write();
        session
            .execute(INSERT_SETTING.bind(name).bind(value))
            .await?;
        session.one(FIND_SETTING.bind(name)).await?.take()
    }

    async fn ping(&self) -> Result<()> {
        let applied: u64 = self.read().one(MIGRATED.call()).await?.take()?;
        let expected = migration::count(self.database.dialect());
        if applied < expected {
            return Err(Error::new(
                ErrorKind::Unavailable,
                format!("the database has {applied} of {expected} migrations"),
            ));
        }
        Ok(())
    }

    fn connections(&self) -> Option<ConnectionStats> {
        Some(self.database.connections())
    }
}
