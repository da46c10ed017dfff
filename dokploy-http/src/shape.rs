//! The shapes of the wire: what clients rely on, made of what is stored. A sealed secret never gets into one.

mod application;
mod audit;
mod change;
mod credential;
mod database;
mod deployment;
mod env;
mod joined;
mod list;
mod new_application;
mod progress;
mod project;
mod release;
mod team;
mod token;
mod user;

use crate::server::extract::Patch;

pub use self::application::{
    ApplicationInput, ApplicationRecord, ApplicationShape, ApplicationStatus, SourceKind,
};
pub use self::audit::{AuditShape, VerificationShape};
pub use self::credential::{CredentialSecretInput, CredentialShape, NewCredentialInput};
pub use self::database::{ConnectionShape, DatabasePatch, DatabaseShape, NewDatabaseInput};
pub use self::deployment::{DeploymentShape, StepShape};
pub use self::env::{EnvShape, EnvVarShape};
pub use self::list::ListShape;
pub use self::new_application::NewApplication;
pub use self::progress::ProgressShape;
pub use self::project::{NewProjectInput, ProjectPatch, ProjectShape};
pub use self::release::ReleaseShape;
pub use self::team::{MemberShape, TeamInput, TeamShape};
pub use self::token::{CreatedTokenShape, NewTokenInput, TokenShape};
pub use self::user::{
    MeShape, NewUserInput, PasswordChange, Registering, SessionShape, SigningIn, UserPatch,
    UserShape,
};

/// What changes about an application.
pub type ApplicationPatch = Patch<ApplicationInput>;
