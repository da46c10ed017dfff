//! What an actor reaches, looked up with the data, and whether he may do there what he asks for.

use super::ControlPlane;
use crate::access::{Action, Actor, Identity, can, can_in, can_somewhere};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ApplicationId, DeploymentId, ProjectId};
use crate::model::{Application, Deployment, Project, Reach, Role, User, UserReach};

/// Which projects an actor reaches: he owns them or is in their team, and his token is not limited to others.
///
/// # Errors
///
/// `unauthenticated` for nobody.
pub(super) fn reach_of(actor: &Actor) -> Result<Reach> {
    match &actor.identity {
        Identity::System(_) => Ok(Reach::All),
        Identity::Anonymous => Err(nobody()),
        Identity::User { user, .. } => Ok(Reach::new(user_reach(user), None)),
        Identity::Token { user, token } => {
            Ok(Reach::new(user_reach(user), token.project_ids.as_deref()))
        }
    }
}

fn user_reach(user: &User) -> UserReach {
    if user.role >= Role::Admin {
        UserReach::All
    } else {
        UserReach::User(user.id)
    }
}

pub(super) fn nobody() -> Error {
    Error::new(ErrorKind::Unauthenticated, "nobody is signed in")
        .with_hint("sign in, or send a token")
}

/// The answer to who reaches a thing and may not do this with it.
pub(super) fn denied(actor: &Actor, action: Action) -> Error {
    let rule = action.rule();
    let (message, hint) = match &actor.identity {
        Identity::Anonymous => return nobody(),
        Identity::Token { user, .. } if user.role >= rule.role => (
            format!("the token does not allow {action}"),
            format!(
                "use one that has the scope {} and is not limited to other projects",
                rule.scope
            ),
        ),
        _ => (
            format!("the role of {actor} does not allow {action}"),
            format!("it takes the role {}", rule.role),
        ),
    };
    Error::new(ErrorKind::PermissionDenied, message).with_hint(hint)
}

/// Checks what is done to no project: by role and scope alone.
pub(super) fn require(actor: &Actor, action: Action) -> Result<()> {
    if can(actor, action) {
        Ok(())
    } else {
        Err(denied(actor, action))
    }
}

/// Checks at once what is denied wherever it is done, before anything is looked up.
pub(super) fn require_somewhere(actor: &Actor, action: Action) -> Result<()> {
    if can_somewhere(actor, action) {
        Ok(())
    } else {
        Err(denied(actor, action))
    }
}

fn require_in(actor: &Actor, action: Action, project: &Project) -> Result<()> {
    if can_in(actor, action, project) {
        Ok(())
    } else {
        Err(denied(actor, action))
    }
}

/// The specification of a database's application is the engine's: it is changed with the database.
fn require_own_specification(action: Action, application: &Application) -> Result<()> {
    let changes_it = matches!(
        action,
        Action::ApplicationUpdate
            | Action::ApplicationUpload
            | Action::ApplicationDelete
            | Action::EnvironmentUpdate
    );
    let Some(database) = application.database_id.filter(|_| changes_it) else {
        return Ok(());
    };
    let message = format!("application {} runs database {database}", application.id);
    Err(Error::new(ErrorKind::Conflict, message).with_hint("change or delete the database instead"))
}

impl ControlPlane {
    /// The project, when the actor reaches it and may do this in it.
    pub(super) async fn project_for(
        &self,
        actor: &Actor,
        action: Action,
        id: ProjectId,
    ) -> Result<Project> {
        let reach = reach_of(actor)?;
        let found = self.store().find_project_in_reach(&reach, id).await?;
        let project = found.ok_or_else(|| Error::not_found("project", id))?;
        require_in(actor, action, &project)?;
        Ok(project)
    }

    /// The application, when the actor reaches it and may do this with it.
    pub(super) async fn application_for(
        &self,
        actor: &Actor,
        action: Action,
        id: ApplicationId,
    ) -> Result<Application> {
        let reach = reach_of(actor)?;
        let found = self.store().find_application_in_reach(&reach, id).await?;
        let application = found.ok_or_else(|| Error::not_found("application", id))?;
        self.require_where(actor, action, application.project_id)
            .await?;
        require_own_specification(action, &application)?;
        Ok(application)
    }

    /// The deployment, when the actor reaches it and may do this with it.
    pub(super) async fn deployment_for(
        &self,
        actor: &Actor,
        action: Action,
        id: DeploymentId,
    ) -> Result<Deployment> {
        let reach = reach_of(actor)?;
        let found = self.store().find_deployment_in_reach(&reach, id).await?;
        let deployment = found.ok_or_else(|| Error::not_found("deployment", id))?;
        self.require_where(actor, action, deployment.project_id)
            .await?;
        Ok(deployment)
    }

    /// Checks the right within a project that is known to be reached. Who owns it is asked only where it matters.
    pub(super) async fn require_where(
        &self,
        actor: &Actor,
        action: Action,
        project: ProjectId,
    ) -> Result<()> {
        if can(actor, action) {
            return Ok(());
        }
        require_somewhere(actor, action)?;
        let found = self.store().find_project(project).await?;
        match found {
            Some(project) => require_in(actor, action, &project),
            None => Err(denied(actor, action)),
        }
    }
}
