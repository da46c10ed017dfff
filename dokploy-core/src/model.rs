//! What is stored and served: plain data, the same shape on every surface (camelCase JSON, durations in seconds).

mod application;
pub mod audit;
mod credential;
mod database;
mod deployment;
pub mod limits;
mod name;
mod network;
mod page;
mod project;
mod reach;
mod release;
mod repository;
mod session;
mod source;
mod team;
mod token;
mod update;
mod user;
mod validate;

pub use self::application::{
    Application, ApplicationSpec, CommandLine, EnvDelivery, EnvValue, EnvVar, HealthCheck,
    RestartCondition, RestartPolicy, ServiceMode, Tmpfs, Volume,
};
pub use self::audit::{AuditEntry, AuditHead, AuditOutcome, AuditRecord};
pub use self::credential::{Credential, CredentialKind, CredentialSecret};
pub use self::database::{Database, DatabaseEngine};
pub use self::deployment::{
    ActorRef, Deployment, DeploymentKind, DeploymentRequest, DeploymentTrigger, SupersedePolicy,
};
pub use self::name::{is_name, service_name};
pub use self::network::{Domain, EndpointMode, Port, PortMode, Protocol};
pub use self::page::{Page, PageRequest};
pub use self::project::Project;
pub use self::reach::{Reach, UserReach};
pub use self::release::Release;
pub use self::repository::RepositoryKey;
pub(crate) use self::repository::image_tag;
pub use self::session::Session;
pub use self::source::{GitSource, Revision, Source};
pub use self::team::Team;
pub use self::token::{ApiToken, Scope};
pub use self::update::{Deadlines, FailureAction, UpdateOrder, UpdatePolicy};
pub use self::user::{ExternalIdentity, PasswordHash, Role, User};
pub(crate) use self::validate::syntax::{is_host, is_object_name, is_url_prefix};
