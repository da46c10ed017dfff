//! Teams in SQL.

use async_trait::async_trait;

use super::SqlStore;
use super::statement::statements;
use super::user;
use super::value::Row;
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{TeamId, UserId};
use crate::model::{Page, PageRequest, Team, User};
use crate::store::{TeamStore, refusal};

statements! {
    columns = "id, version, name, created_at, updated_at";

    INSERT = ["INSERT INTO teams (" columns ") VALUES ($1, $2, $3, $4, $5)"];
    FIND = ["SELECT " columns " FROM teams WHERE id = $1 AND deleted_at IS NULL"];
    LIST = ["SELECT " columns " FROM teams WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2"];
    LIST_OF_MEMBER = [
        "SELECT " columns " FROM teams
         WHERE id IN (SELECT team_id FROM members WHERE user_id = $1) AND deleted_at IS NULL AND id < $2
         ORDER BY id DESC LIMIT $3"
    ];
    UPDATE = [
        "UPDATE teams SET version = version + 1, name = $3, updated_at = $4
         WHERE id = $1 AND version = $2 AND deleted_at IS NULL RETURNING " columns
    ];
    LOCK = ["SELECT id FROM teams WHERE id = $1 AND deleted_at IS NULL" lock];
    IN_USE = ["SELECT id FROM projects WHERE team_id = $1 AND deleted_at IS NULL LIMIT 1"];
    DELETE = ["UPDATE teams SET deleted_at = $2 WHERE id = $1"];
    LOCK_USER = ["SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL" lock];
    ADD_MEMBER = [
        "INSERT INTO members (team_id, user_id, added_at) VALUES ($1, $2, $3)
         ON CONFLICT (team_id, user_id) DO NOTHING RETURNING user_id"
    ];
    REMOVE_MEMBER = ["DELETE FROM members WHERE team_id = $1 AND user_id = $2 RETURNING user_id"];
    REMOVE_MEMBERS = ["DELETE FROM members WHERE team_id = $1"];
    MEMBERS = [
        "SELECT " users " FROM members JOIN users ON users.id = members.user_id
         WHERE members.team_id = $1 AND users.deleted_at IS NULL AND members.user_id < $2
         ORDER BY members.user_id DESC LIMIT $3"
    ];
}

fn read(mut row: Row) -> Result<Team> {
    Ok(Team {
        id: row.take()?,
        version: row.take()?,
        name: row.take()?,
        created_at: row.take()?,
        updated_at: row.take()?,
    })
}

#[async_trait]
impl TeamStore for SqlStore {
    async fn create_team(&self, team: &Team) -> Result<()> {
        let insert = INSERT
            .bind(team.id)
            .bind(team.version)
            .bind(team.name.as_str())
            .bind(team.created_at)
            .bind(team.updated_at);
        let mut change = self.single_change().await?;
        change
            .execute(insert)
            .await
            .map_err(|error| refusal::if_taken(error, "team", &team.name))?;
        change.commit().await
    }

    async fn find_team(&self, id: TeamId) -> Result<Option<Team>> {
        let found = self.read().optional(FIND.bind(id)).await?;
        found.map(read).transpose()
    }

    async fn list_teams(&self, member: Option<UserId>, page: PageRequest) -> Result<Page<Team>> {
        let call = match member {
            Some(user) => LIST_OF_MEMBER.bind(user),
            None => LIST.call(),
        };
        self.list(call, page, read, |team| team.id.as_uuid()).await
    }

    async fn update_team(&self, team: &Team) -> Result<Team> {
        let update = UPDATE
            .bind(team.id)
            .bind(team.version)
            .bind(team.name.as_str())
            .bind(team.updated_at);
        let mut change = self.single_change().await?;
        let updated = change
            .optional(update)
            .await
            .map_err(|error| refusal::if_taken(error, "team", &team.name))?;
        if let Some(row) = updated {
            change.commit().await?;
            return read(row);
        }
        drop(change);
        match self.find_team(team.id).await? {
            Some(_) => Err(refusal::stale_version("team", team.id)),
            None => Err(Error::not_found("team", team.id)),
        }
    }

    async fn delete_team(&self, id: TeamId, at: Timestamp) -> Result<()> {
        let mut change = self.change().await?;
        // Who gives a project to the team takes the same lock, so that none can slip in between.
        if change.optional(LOCK.bind(id)).await?.is_none() {
            return Ok(());
        }
        if change.optional(IN_USE.bind(id)).await?.is_some() {
            return Err(refusal::team_in_use(id));
        }
        change.execute(DELETE.bind(id).bind(at)).await?;
        change.execute(REMOVE_MEMBERS.bind(id)).await?;
        change.commit().await
    }

    async fn add_member(&self, team: TeamId, user: UserId, at: Timestamp) -> Result<()> {
        let mut change = self.change().await?;
        if change.optional(LOCK.bind(team)).await?.is_none() {
            return Err(Error::not_found("team", team));
        }
        if change.optional(LOCK_USER.bind(user)).await?.is_none() {
            return Err(Error::not_found("user", user));
        }
        let add = ADD_MEMBER.bind(team).bind(user).bind(at);
        let is_new = change.optional(add).await?.is_some();
        change.commit_if(is_new).await
    }

    async fn remove_member(&self, team: TeamId, user: UserId) -> Result<()> {
        let mut change = self.single_change().await?;
        let removed = change.optional(REMOVE_MEMBER.bind(team).bind(user)).await?;
        change.commit_if(removed.is_some()).await
    }

    async fn members(&self, team: TeamId, page: PageRequest) -> Result<Page<User>> {
        let read = |mut row: Row| user::read(&mut row);
        self.list(MEMBERS.bind(team), page, read, |user| user.id.as_uuid())
            .await
    }
}
