//! Databases: applications whose specification the engine writes.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{ApplicationId, DatabaseId, ProjectId};
use crate::secret::SealedSecret;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum DatabaseEngine {
    /// `PostgreSQL`.
    Postgres,
    /// `MySQL`.
    Mysql,
    /// `MariaDB`.
    Mariadb,
    /// `MongoDB`.
    Mongo,
    /// `Redis`.
    Redis,
}

impl DatabaseEngine {
    /// Every engine.
    pub const ALL: [Self; 5] = [
        Self::Postgres,
        Self::Mysql,
        Self::Mariadb,
        Self::Mongo,
        Self::Redis,
    ];
}

/// A database as it is stored. An application of its own runs it, with everything that the engine promises of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// Identifier.
    pub id: DatabaseId,
    /// Grows by one with each change; expected by writes that can race.
    pub version: i64,
    /// The project that it belongs to.
    pub project_id: ProjectId,
    /// Name of the database and of its application, unique within the project.
    pub name: String,
    /// Which database.
    pub engine: DatabaseEngine,
    /// The image that it runs.
    pub image: String,
    /// The application that runs it.
    pub application_id: ApplicationId,
    /// The password of its administrator, sealed.
    #[serde(skip_serializing)]
    pub password: SealedSecret,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}
