//! Teams: who reaches a project besides its owner.

use super::ControlPlane;
use super::audited::About;
use super::reach::{nobody, require};
use crate::access::{Action, Actor, Identity, can};
use crate::error::{Error, Result};
use crate::id::{TeamId, UserId};
use crate::model::{Page, PageRequest, Team, User};

impl ControlPlane {
    /// Teams, newest first: all of them for administrators, and his own for everybody else.
    pub async fn teams(&self, actor: &Actor, page: PageRequest) -> Result<Page<Team>> {
        if can(actor, Action::TeamRead) {
            return self.store().list_teams(None, page).await;
        }
        require(actor, Action::AccountRead)?;
        let user = actor.user_id().ok_or_else(nobody)?;
        self.store().list_teams(Some(user), page).await
    }

    /// A team that the actor is in, or any for administrators.
    pub async fn team(&self, actor: &Actor, id: TeamId) -> Result<Team> {
        if can(actor, Action::TeamRead) {
            return self.known_team(id).await;
        }
        require(actor, Action::AccountRead)?;
        self.own_team(actor, id).await
    }

    /// Who is in a team.
    pub async fn members(
        &self,
        actor: &Actor,
        id: TeamId,
        page: PageRequest,
    ) -> Result<Page<User>> {
        let team = self.team(actor, id).await?;
        self.store().members(team.id, page).await
    }

    /// Makes a team.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a bad name, `already_exists` when it is taken.
    pub async fn create_team(&self, actor: &Actor, name: &str) -> Result<Team> {
        let now = self.now();
        let team = Team {
            id: TeamId::new(),
            version: 1,
            name: name.to_owned(),
            created_at: now,
            updated_at: now,
        };
        let about = About::thing("team", team.id).with_detail(name);
        let work = async {
            require(actor, Action::TeamCreate)?;
            team.validate()?;
            self.store().create_team(&team).await?;
            Ok(team)
        };
        self.change(actor, Action::TeamCreate, about, work).await
    }

    /// Gives a team another name.
    ///
    /// # Errors
    ///
    /// `conflict` when `version` is given and is not the stored one; see also [`ControlPlane::create_team`].
    pub async fn rename_team(
        &self,
        actor: &Actor,
        id: TeamId,
        version: Option<i64>,
        name: &str,
    ) -> Result<Team> {
        let about = About::thing("team", id).with_detail(name);
        let work = async {
            require(actor, Action::TeamUpdate)?;
            let stored = self.known_team(id).await?;
            let team = Team {
                version: version.unwrap_or(stored.version),
                name: name.to_owned(),
                updated_at: self.now(),
                ..stored
            };
            team.validate()?;
            self.store().update_team(&team).await
        };
        self.change(actor, Action::TeamUpdate, about, work).await
    }

    /// Deletes a team.
    ///
    /// # Errors
    ///
    /// `conflict` while it has projects.
    pub async fn delete_team(&self, actor: &Actor, id: TeamId) -> Result<()> {
        let work = async {
            require(actor, Action::TeamDelete)?;
            self.known_team(id).await?;
            self.store().delete_team(id, self.now()).await
        };
        let about = About::thing("team", id);
        self.change(actor, Action::TeamDelete, about, work).await
    }

    /// Puts somebody into a team. Who is in it already stays in it.
    pub async fn add_member(&self, actor: &Actor, team: TeamId, user: UserId) -> Result<()> {
        let about = About::thing("team", team).with_detail(format!("add user:{user}"));
        let work = async {
            require(actor, Action::TeamUpdate)?;
            self.known_team(team).await?;
            self.known_user(user).await?;
            self.store().add_member(team, user, self.now()).await
        };
        self.change(actor, Action::TeamUpdate, about, work).await?;
        self.tell_of_access(user).await;
        Ok(())
    }

    /// Takes somebody out of a team: what he saw only through it he sees no more, in open streams neither.
    pub async fn remove_member(&self, actor: &Actor, team: TeamId, user: UserId) -> Result<()> {
        let about = About::thing("team", team).with_detail(format!("remove user:{user}"));
        let work = async {
            require(actor, Action::TeamUpdate)?;
            self.known_team(team).await?;
            self.store().remove_member(team, user).await
        };
        self.change(actor, Action::TeamUpdate, about, work).await?;
        self.tell_of_access(user).await;
        Ok(())
    }

    async fn known_team(&self, id: TeamId) -> Result<Team> {
        let found = self.store().find_team(id).await?;
        found.ok_or_else(|| Error::not_found("team", id))
    }

    async fn own_team(&self, actor: &Actor, id: TeamId) -> Result<Team> {
        let user = actor.user_id().ok_or_else(nobody)?;
        let mut page = PageRequest {
            limit: PageRequest::LIMIT_MAX,
            before: None,
        };
        loop {
            let teams = self.store().list_teams(Some(user), page).await?;
            if let Some(team) = teams.items.into_iter().find(|team| team.id == id) {
                return Ok(team);
            }
            match teams.next {
                Some(next) => page.before = Some(next),
                None => return Err(Error::not_found("team", id)),
            }
        }
    }

    /// The team that a project is given to: nobody gives one to a team that he is not in, administrators excepted.
    pub(super) async fn team_to_give_to(&self, actor: &Actor, id: TeamId) -> Result<Team> {
        match &actor.identity {
            Identity::System(_) => self.known_team(id).await,
            _ if can(actor, Action::TeamRead) => self.known_team(id).await,
            _ => self.own_team(actor, id).await,
        }
    }
}
