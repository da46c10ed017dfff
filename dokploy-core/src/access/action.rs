//! Everything that an actor can ask for, and the one table of who may.

use std::fmt;

use crate::model::{Role, Scope};

/// What an action needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The least role that may do it to everything that it reaches.
    pub role: Role,
    /// The least role that may do it within a project of its own.
    pub owner_role: Role,
    /// The scope that a token needs.
    pub scope: Scope,
    /// Where it is done.
    pub place: Place,
}

/// Where an action is done. A token that is limited to projects does nothing outside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Within a project.
    Project,
    /// To the actor's own account.
    Account,
    /// To the installation.
    Installation,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident $name:literal: $role:ident, $owner_role:ident, $scope:ident, $place:ident;)*) => {
        /// Everything that an actor can ask for. The list is closed: what is not in it nobody may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[$doc])* $action,)*
        }

        impl Action {
            /// Every action, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$action),*];

            /// Its name in the audit trail, as in `application.deploy`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)*
                }
            }

            /// What it needs.
            pub const fn rule(self) -> Rule {
                match self {
                    $(Self::$action => Rule {
                        role: Role::$role,
                        owner_role: Role::$owner_role,
                        scope: Scope::$scope,
                        place: Place::$place,
                    },)*
                }
            }
        }
    };
}

actions! {
    // Action              name                       role       own project  scope   place
    /// Reads a project.
    ProjectRead            "project.read":            Viewer,    Viewer,      Read,   Project;
    /// Reads an application.
    ApplicationRead        "application.read":        Viewer,    Viewer,      Read,   Project;
    /// Reads deployments, their events and releases.
    DeploymentRead         "deployment.read":         Viewer,    Viewer,      Read,   Project;
    /// Reads the output of deployments and of services.
    LogRead                "log.read":                Viewer,    Viewer,      Read,   Project;
    /// Reads what containers use.
    MetricRead             "metric.read":             Viewer,    Viewer,      Read,   Project;
    /// Reads a database.
    DatabaseRead           "database.read":           Viewer,    Viewer,      Read,   Project;

    /// Reads the environment, the names of secrets included.
    EnvironmentRead        "environment.read":        Developer, Developer,   Read,   Project;
    /// Replaces the environment.
    EnvironmentUpdate      "environment.update":      Developer, Developer,   Write,  Project;
    /// Makes a project.
    ProjectCreate          "project.create":          Developer, Developer,   Write,  Installation;
    /// Makes an application.
    ApplicationCreate      "application.create":      Developer, Developer,   Write,  Project;
    /// Changes an application.
    ApplicationUpdate      "application.update":      Developer, Developer,   Write,  Project;
    /// Uploads the source of an application.
    ApplicationUpload      "application.upload":      Developer, Developer,   Deploy, Project;
    /// Deploys an application, or plans to.
    ApplicationDeploy      "application.deploy":      Developer, Developer,   Deploy, Project;
    /// Sets the number of replicas.
    ApplicationScale       "application.scale":       Developer, Developer,   Deploy, Project;
    /// Stops an application.
    ApplicationStop        "application.stop":        Developer, Developer,   Deploy, Project;
    /// Starts a stopped application.
    ApplicationStart       "application.start":       Developer, Developer,   Deploy, Project;
    /// Replaces all tasks of an application.
    ApplicationRestart     "application.restart":     Developer, Developer,   Deploy, Project;
    /// Goes back to an earlier release.
    DeploymentRollBack     "deployment.rollback":     Developer, Developer,   Deploy, Project;
    /// Cancels a deployment.
    DeploymentCancel       "deployment.cancel":       Developer, Developer,   Deploy, Project;
    /// Reads the secret that signs webhooks.
    WebhookSecretRead      "webhook_secret.read":     Developer, Developer,   Write,  Project;
    /// Replaces the secret that signs webhooks.
    WebhookSecretRotate    "webhook_secret.rotate":   Developer, Developer,   Write,  Project;
    /// Reads the names of the credentials of a project.
    CredentialRead         "credential.read":         Developer, Developer,   Read,   Project;
    /// Stores a credential for the applications of a project.
    CredentialCreate       "credential.create":       Developer, Developer,   Write,  Project;
    /// Deletes a credential of a project.
    CredentialDelete       "credential.delete":       Developer, Developer,   Write,  Project;
    /// Makes a database.
    DatabaseCreate         "database.create":         Developer, Developer,   Write,  Project;
    /// Changes a database.
    DatabaseUpdate         "database.update":         Developer, Developer,   Write,  Project;
    /// Reads the connection string of a database, its password included.
    DatabaseConnect        "database.connect":        Developer, Developer,   Write,  Project;

    /// Deletes an application.
    ApplicationDelete      "application.delete":      Admin,     Developer,   Write,  Project;
    /// Deletes a database.
    DatabaseDelete         "database.delete":         Admin,     Developer,   Write,  Project;
    /// Changes a project, or gives it to a team.
    ProjectUpdate          "project.update":          Admin,     Developer,   Write,  Project;
    /// Deletes a project.
    ProjectDelete          "project.delete":          Admin,     Developer,   Write,  Project;

    /// Stores or deletes a credential of the installation, or gives it to an application.
    SharedCredentialUpdate "shared_credential.update": Admin,    Admin,       Write,  Installation;

    /// Reads the actor's own account and teams.
    AccountRead            "account.read":            Viewer,    Viewer,      Read,   Account;
    /// Changes the actor's own password.
    AccountUpdate          "account.update":          Viewer,    Viewer,      Admin,  Account;
    /// Reads the actor's own tokens.
    TokenRead              "token.read":              Viewer,    Viewer,      Admin,  Account;
    /// Makes a token for the actor.
    TokenCreate            "token.create":            Viewer,    Viewer,      Admin,  Account;
    /// Deletes a token of the actor's own.
    TokenDelete            "token.delete":            Viewer,    Viewer,      Admin,  Account;

    /// Reads accounts.
    UserRead               "user.read":               Admin,     Admin,       Admin,  Installation;
    /// Makes an account.
    UserCreate             "user.create":             Admin,     Admin,       Admin,  Installation;
    /// Changes an account.
    UserUpdate             "user.update":             Admin,     Admin,       Admin,  Installation;
    /// Deletes an account.
    UserDelete             "user.delete":             Admin,     Admin,       Admin,  Installation;
    /// Makes, changes or removes an owner.
    OwnerUpdate            "owner.update":            Owner,     Owner,       Admin,  Installation;
    /// Reads all teams; everybody reads his own.
    TeamRead               "team.read":               Admin,     Admin,       Admin,  Installation;
    /// Makes a team.
    TeamCreate             "team.create":             Admin,     Admin,       Admin,  Installation;
    /// Changes a team or its members.
    TeamUpdate             "team.update":             Admin,     Admin,       Admin,  Installation;
    /// Deletes a team.
    TeamDelete             "team.delete":             Admin,     Admin,       Admin,  Installation;
    /// Reads tokens of others.
    ForeignTokenRead       "foreign_token.read":      Admin,     Admin,       Admin,  Installation;
    /// Deletes tokens of others.
    ForeignTokenDelete     "foreign_token.delete":    Admin,     Admin,       Admin,  Installation;
    /// Reads and verifies the audit trail.
    AuditRead              "audit.read":              Admin,     Admin,       Admin,  Installation;
    /// Reads the deployer's own metrics and settings.
    SystemRead             "system.read":             Admin,     Admin,       Read,   Installation;
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Deploy => "deploy",
            Self::Write => "write",
            Self::Admin => "admin",
        })
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_action_has_a_name_of_its_own() {
        let names: HashSet<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(names.len(), Action::ALL.len());
        for name in names {
            assert!(name.split_once('.').is_some(), "{name}");
        }
    }

    #[test]
    fn owning_a_project_never_takes_a_right_away() {
        for action in Action::ALL {
            let rule = action.rule();
            assert!(rule.owner_role <= rule.role, "{action}");
        }
    }
}
