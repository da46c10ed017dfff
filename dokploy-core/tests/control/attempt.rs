//! One attempt at each action.

use std::collections::BTreeSet;

use bytes::Bytes;
use dokploy_core::access::Action;
use dokploy_core::control::{
    ControlPlane, NewProject, NewToken, NewUser, ProjectChange, ServiceLogRequest, UserChange,
    ValueInput, VariableInput,
};
use dokploy_core::engine::{DatabaseChange, DatabaseLimits, NewDatabase};
use dokploy_core::id::ProjectId;
use dokploy_core::model::{
    CredentialKind, CredentialSecret, DatabaseEngine, EndpointMode, EnvDelivery, PageRequest, Role,
    Scope,
};
use dokploy_core::store::AuditFilter;
use dokploy_core::{Actor, DeployRequest, Error, Result};
use futures::StreamExt;

use crate::scene::{PASSWORD, Scene, application_in, fresh_name, image_spec, system};

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// It was let through, whatever came of it then.
    Through,
    /// It was refused.
    Denied,
    /// It was answered as if there were nothing.
    Hidden,
}

impl Came {
    fn of(result: &Result<()>) -> Self {
        match result.as_ref().map_err(Error::code) {
            Err("permission_denied" | "unauthenticated") => Self::Denied,
            Err("not_found") => Self::Hidden,
            _ => Self::Through,
        }
    }
}

/// Tries one action within a project, on things that were made for this attempt alone.
pub(crate) async fn attempt(
    scene: &Scene,
    control: &ControlPlane,
    actor: &Actor,
    action: Action,
    project: ProjectId,
) -> (
    Came,
    Result<()>,
    Vec<(String, dokploy_core::model::AuditOutcome)>,
) {
    let things = Things::new(scene, control, actor, project).await;
    let before = scene.trail_len().await;
    let result = things.attempt(control, actor, action).await;
    (Came::of(&result), result, scene.since(before).await)
}

/// What the attempts are made on.
struct Things {
    project: ProjectId,
    application: dokploy_core::model::Application,
    deployment: dokploy_core::id::DeploymentId,
    user: dokploy_core::id::UserId,
    owner: dokploy_core::id::UserId,
    team: dokploy_core::id::TeamId,
    credential: dokploy_core::id::CredentialId,
    foreign_token: dokploy_core::id::TokenId,
    own_token: Option<dokploy_core::id::TokenId>,
    database: dokploy_core::id::DatabaseId,
}

impl Things {
    async fn new(scene: &Scene, control: &ControlPlane, actor: &Actor, project: ProjectId) -> Self {
        let application = application_in(control, project).await;
        let request = DeployRequest::of(application.id);
        let deployment = control.deploy(&system(), request).await.unwrap().id;
        let user = scene.person(control, Role::Viewer).await;
        let owner = scene.person(control, Role::Owner).await;
        let team = control
            .create_team(&system(), &fresh_name())
            .await
            .unwrap()
            .id;
        let secret = CredentialSecret::Token {
            token: "credential-token".into(),
        };
        let (kind, name) = (CredentialKind::Git, fresh_name());
        let credential = control
            .create_project_credential(&system(), project, kind, &name, "git.example", &secret)
            .await
            .unwrap()
            .id;
        let own_token = match actor.user() {
            Some(account) => {
                let account = scene.came_in(account.clone()).await;
                Some(
                    control
                        .create_token(&account, token())
                        .await
                        .unwrap()
                        .token
                        .id,
                )
            }
            None => None,
        };
        let stored = control
            .create_database(&system(), project, database())
            .await;
        Self {
            database: stored.unwrap().database.id,
            project,
            application,
            deployment,
            foreign_token: control.create_token(&user, token()).await.unwrap().token.id,
            user: user.user_id().unwrap(),
            owner: owner.user_id().unwrap(),
            team,
            credential,
            own_token,
        }
    }

    #[expect(clippy::too_many_lines, reason = "one line for each action")]
    async fn attempt(&self, control: &ControlPlane, actor: &Actor, action: Action) -> Result<()> {
        let page = PageRequest::first();
        let (project, id) = (self.project, self.application.id);
        match action {
            Action::ProjectRead => control.project(actor, project).await.map(drop),
            Action::ApplicationRead => control.application(actor, id).await.map(drop),
            Action::DeploymentRead => control.deployment(actor, self.deployment).await.map(drop),
            Action::LogRead => {
                let request = ServiceLogRequest::default();
                control.service_logs(actor, id, request).await.map(drop)
            }
            Action::MetricRead => control.service(actor, id).await.map(drop),
            Action::EnvironmentRead => control.environment(actor, id).await.map(drop),
            Action::EnvironmentUpdate => {
                let variables = vec![VariableInput {
                    key: "A".to_owned(),
                    value: ValueInput::Secret("secret value".into()),
                    delivery: EnvDelivery::Env,
                }];
                control
                    .replace_environment(actor, id, None, variables)
                    .await
                    .map(drop)
            }
            Action::ProjectCreate => {
                let new = NewProject {
                    name: fresh_name(),
                    ..NewProject::default()
                };
                control.create_project(actor, new).await.map(drop)
            }
            Action::ApplicationCreate => control
                .create_application(actor, project, image_spec())
                .await
                .map(drop),
            Action::ApplicationUpdate => {
                let spec = self.application.spec.clone();
                control
                    .update_application(actor, id, None, spec)
                    .await
                    .map(drop)
            }
            Action::ApplicationUpload => {
                let content = futures::stream::iter([Ok(Bytes::from_static(b"archive"))]).boxed();
                control.upload_archive(actor, id, content).await.map(drop)
            }
            Action::ApplicationDeploy => {
                control.deploy(actor, DeployRequest::of(id)).await.map(drop)
            }
            Action::ApplicationScale => control.scale(actor, id, 2).await.map(drop),
            Action::ApplicationStop => control.stop(actor, id).await.map(drop),
            Action::ApplicationStart => control.start(actor, id).await.map(drop),
            Action::ApplicationRestart => control.restart(actor, id).await,
            Action::DeploymentRollBack => {
                let rolled = control.roll_back_to(actor, self.deployment, None).await;
                rolled.map(drop)
            }
            Action::DeploymentCancel => control.cancel(actor, self.deployment).await.map(drop),
            Action::WebhookSecretRead => control.webhook_secret(actor, id).await.map(drop),
            Action::WebhookSecretRotate => control.rotate_webhook_secret(actor, id).await.map(drop),
            Action::ApplicationDelete => {
                control.cancel(&system(), self.deployment).await?;
                control.delete_application(actor, id).await
            }
            Action::ProjectUpdate => {
                let change = ProjectChange {
                    description: Some("changed".to_owned()),
                    ..ProjectChange::default()
                };
                control
                    .update_project(actor, project, None, change)
                    .await
                    .map(drop)
            }
            Action::ProjectDelete => control.delete_project(actor, project).await,
            Action::CredentialRead => control.credential(actor, self.credential).await.map(drop),
            Action::CredentialCreate | Action::SharedCredentialUpdate => {
                let secret = CredentialSecret::Token {
                    token: "credential-token".into(),
                };
                let (kind, name, host) = (CredentialKind::Git, fresh_name(), "git.example");
                let made = if action == Action::CredentialCreate {
                    control
                        .create_project_credential(actor, project, kind, &name, host, &secret)
                        .await
                } else {
                    control
                        .create_credential(actor, kind, &name, host, &secret)
                        .await
                };
                made.map(drop)
            }
            Action::CredentialDelete => control.delete_credential(actor, self.credential).await,
            Action::AccountRead => control.me(actor).map(drop),
            Action::AccountUpdate => {
                let (current, new) = ("wrong".into(), PASSWORD.into());
                match control.change_password(actor, &current, &new).await {
                    // That the current password is wrong is said to who may change it.
                    Err(error) if error.message().contains("is wrong") => Ok(()),
                    result => result.map(drop),
                }
            }
            Action::TokenRead => control.tokens(actor, None, page).await.map(drop),
            Action::TokenCreate => control.create_token(actor, token()).await.map(drop),
            Action::TokenDelete => match self.own_token {
                Some(token) => control.delete_token(actor, token).await,
                None => control.delete_token(actor, self.foreign_token).await,
            },
            Action::UserRead => control.user(actor, self.user).await.map(drop),
            Action::UserCreate => {
                let new = NewUser {
                    username: fresh_name(),
                    password: None,
                    role: Role::Admin,
                    email: None,
                };
                control.create_user(actor, new).await.map(drop)
            }
            Action::UserUpdate => {
                let change = UserChange {
                    role: Some(Role::Developer),
                    ..UserChange::default()
                };
                control
                    .update_user(actor, self.user, None, change)
                    .await
                    .map(drop)
            }
            Action::UserDelete => control.delete_user(actor, self.user).await,
            Action::OwnerUpdate => control.delete_user(actor, self.owner).await,
            Action::TeamRead => control.team(actor, self.team).await.map(drop),
            Action::TeamCreate => control.create_team(actor, &fresh_name()).await.map(drop),
            Action::TeamUpdate => control.add_member(actor, self.team, self.user).await,
            Action::TeamDelete => control.delete_team(actor, self.team).await,
            Action::ForeignTokenRead => {
                control.tokens(actor, Some(self.user), page).await.map(drop)
            }
            Action::ForeignTokenDelete => control.delete_token(actor, self.foreign_token).await,
            Action::AuditRead => {
                let filter = AuditFilter::default();
                control.audit(actor, &filter, None, 10).await.map(drop)
            }
            Action::SystemRead => control.system(actor).await.map(drop),
            Action::DatabaseRead => control.database(actor, self.database).await.map(drop),
            Action::DatabaseCreate => {
                let made = control.create_database(actor, project, database()).await;
                made.map(drop)
            }
            Action::DatabaseUpdate => {
                let change = DatabaseChange {
                    memory: Some(Some(512)),
                    ..DatabaseChange::default()
                };
                let changed = control
                    .update_database(actor, self.database, None, change)
                    .await;
                changed.map(drop)
            }
            Action::DatabaseConnect => {
                let connection = control.database_connection(actor, self.database).await;
                connection.map(drop)
            }
            Action::DatabaseDelete => control.delete_database(actor, self.database, None).await,
        }
    }
}

fn database() -> NewDatabase {
    NewDatabase {
        name: fresh_name(),
        engine: DatabaseEngine::Postgres,
        version: None,
        image: None,
        limits: DatabaseLimits::default(),
        endpoint_mode: EndpointMode::default(),
    }
}

fn token() -> NewToken {
    NewToken {
        name: fresh_name(),
        scopes: BTreeSet::from([Scope::Read]),
        project_ids: None,
        expires_at: None,
    }
}
