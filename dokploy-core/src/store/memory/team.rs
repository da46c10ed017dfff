//! Teams in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, Tables, page_of};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{TeamId, UserId};
use crate::model::{Page, PageRequest, Team, User};
use crate::store::{TeamStore, refusal};

impl Tables {
    fn team(&self, id: TeamId) -> Option<&Team> {
        self.teams.get(&id).and_then(Kept::live)
    }

    pub(super) fn require_team(&self, id: TeamId) -> Result<&Team> {
        self.team(id).ok_or_else(|| Error::not_found("team", id))
    }

    fn live_teams(&self) -> impl DoubleEndedIterator<Item = &Team> {
        self.teams.values().filter_map(Kept::live)
    }

    fn team_named(&self, name: &str) -> Option<&Team> {
        self.live_teams().find(|team| team.name == name)
    }
}

#[async_trait]
impl TeamStore for MemoryStore {
    async fn create_team(&self, team: &Team) -> Result<()> {
        let mut tables = self.change();
        if tables.team_named(&team.name).is_some() || tables.teams.contains_key(&team.id) {
            return Err(refusal::taken("team", &team.name));
        }
        tables.teams.insert(team.id, Kept::new(team.clone()));
        tables.commit();
        Ok(())
    }

    async fn find_team(&self, id: TeamId) -> Result<Option<Team>> {
        Ok(self.lock().team(id).cloned())
    }

    async fn list_teams(&self, member: Option<UserId>, page: PageRequest) -> Result<Page<Team>> {
        let tables = self.lock();
        let asked = tables
            .live_teams()
            .rev()
            .filter(|team| member.is_none_or(|user| tables.members.contains(&(team.id, user))));
        Ok(page_of(asked, page, |team| team.id.as_uuid()))
    }

    async fn update_team(&self, team: &Team) -> Result<Team> {
        let mut tables = self.change();
        let stored = tables.require_team(team.id)?;
        if stored.version != team.version {
            return Err(refusal::stale_version("team", team.id));
        }
        if tables
            .team_named(&team.name)
            .is_some_and(|other| other.id != team.id)
        {
            return Err(refusal::taken("team", &team.name));
        }
        let changed = Team {
            version: stored.version + 1,
            created_at: stored.created_at,
            ..team.clone()
        };
        tables.teams.insert(team.id, Kept::new(changed.clone()));
        tables.commit();
        Ok(changed)
    }

    async fn delete_team(&self, id: TeamId, at: Timestamp) -> Result<()> {
        let mut tables = self.change();
        let in_use = tables
            .projects
            .values()
            .filter_map(Kept::live)
            .any(|project| project.team_id == Some(id));
        if in_use {
            return Err(refusal::team_in_use(id));
        }
        if tables
            .teams
            .get_mut(&id)
            .is_some_and(|team| team.delete(at))
        {
            tables.members.retain(|(team, _)| *team != id);
            tables.commit();
        }
        Ok(())
    }

    async fn add_member(&self, team: TeamId, user: UserId, _: Timestamp) -> Result<()> {
        let mut tables = self.change();
        tables.require_team(team)?;
        tables.require_user(user)?;
        if tables.members.insert((team, user)) {
            tables.commit();
        }
        Ok(())
    }

    async fn remove_member(&self, team: TeamId, user: UserId) -> Result<()> {
        let mut tables = self.change();
        if tables.members.remove(&(team, user)) {
            tables.commit();
        }
        Ok(())
    }

    async fn members(&self, team: TeamId, page: PageRequest) -> Result<Page<User>> {
        let tables = self.lock();
        let of_team = tables.members.iter().rev().filter(|(of, _)| *of == team);
        let users = of_team.filter_map(|(_, user)| tables.user(*user));
        Ok(page_of(users, page, |user| user.id.as_uuid()))
    }
}
