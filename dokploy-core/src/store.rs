//! Where everything durable lives. `Store` is a few small traits, one for each aggregate.
//!
//! Rules that hold for every implementation:
//!
//! - Lookups answer `None` for what is absent or deleted; absence is not an error.
//! - Writes that can race carry the version, sequence number or fence that the caller saw, and fail with
//!   `conflict` or `lease_lost` when the world has moved.
//! - Deletes are soft: rows stay for the record and are never returned again.
//! - What a caller sees is decided where it is read, by his [`Reach`](crate::model::Reach).
//! - The first change inside [`audit::scope`] and its record in the audit log are one transaction.
//! - Leases run on the database's own clock, so that the clocks of workers do not matter.

mod append;
mod application;
pub mod audit;
mod credential;
mod database;
mod delegate;
mod deployment;
mod memory;
mod page;
mod project;
mod queue;
mod refusal;
mod release;
mod request;
mod session;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
mod team;
mod user;

pub use self::application::{ApplicationFilter, ApplicationStore};
pub use self::audit::{AuditFilter, AuditStore};
pub use self::credential::{ConnectionStats, CredentialStore, SettingStore};
pub use self::database::DatabaseStore;
pub use self::deployment::{
    Append, CreatedDeployment, DeploymentFilter, DeploymentStore, NewDeployment,
};
pub use self::memory::MemoryStore;
pub use self::project::ProjectStore;
pub use self::queue::{Claim, Fence, QueueStats, QueueStore};
pub use self::release::ReleaseStore;
pub use self::request::{Idempotency, IdempotencyStore, StoredResponse};
pub use self::session::{SessionStore, TokenStore};
#[cfg(all(feature = "conformance", feature = "postgres"))]
pub use self::sql::TemporaryPostgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::sql::{SqlStore, SqlStoreOptions};
pub use self::team::TeamStore;
pub use self::user::UserStore;

/// All of the storage.
pub trait Store:
    ProjectStore
    + ApplicationStore
    + DeploymentStore
    + QueueStore
    + ReleaseStore
    + CredentialStore
    + SettingStore
    + UserStore
    + TeamStore
    + SessionStore
    + TokenStore
    + AuditStore
    + IdempotencyStore
    + DatabaseStore
{
}

impl<T> Store for T where
    T: ProjectStore
        + ApplicationStore
        + DeploymentStore
        + QueueStore
        + ReleaseStore
        + CredentialStore
        + SettingStore
        + UserStore
        + TeamStore
        + SessionStore
        + TokenStore
        + AuditStore
        + IdempotencyStore
        + DatabaseStore
{
}
