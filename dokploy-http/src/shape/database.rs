//! A database as clients see it.

use dokploy_core::clock::Timestamp;
use dokploy_core::control::DatabaseView;
use dokploy_core::engine::{DatabaseChange, DatabaseConnection, DatabaseLimits, NewDatabase};
use dokploy_core::id::{ApplicationId, DatabaseId, ProjectId};
use dokploy_core::model::{DatabaseEngine, EndpointMode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ApplicationStatus, DeploymentShape, change};

/// A database as clients see it. Its password is shown only with its connection.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Database)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseShape {
    /// Identifier.
    pub id: DatabaseId,
    /// Grows by one with each change; `If-Match` takes it.
    pub version: i64,
    /// Its project.
    pub project_id: ProjectId,
    /// Name.
    pub name: String,
    /// Which database.
    pub engine: DatabaseEngine,
    /// The image that it runs.
    pub image: String,
    /// The application that runs it: its deployments, logs and metrics are found there.
    pub application_id: ApplicationId,
    /// Host name in the common network.
    pub service_name: String,
    /// Name of the volume with its data: who deletes these writes it.
    pub volume: String,
    /// How it is.
    pub status: ApplicationStatus,
    /// Memory limit in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<u64>,
    /// Processor limit in cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<f64>,
    /// Its newest deployment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_deployment: Option<DeploymentShape>,
    /// How to connect to it from within the swarm; only for one database, and for who may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionShape>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How to connect to a database from within the swarm.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DatabaseConnection)]
#[serde(rename_all = "camelCase")]
pub struct ConnectionShape {
    /// All of it in one text, as drivers take it.
    pub url: String,
    /// Host name in the common network.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User.
    pub username: String,
    /// Password.
    pub password: String,
    /// Name of the database within the server.
    pub database: String,
}

impl ConnectionShape {
    /// Makes it of what the core opened.
    pub fn of(connection: &DatabaseConnection) -> Self {
        Self {
            url: connection.url.expose().to_owned(),
            host: connection.host.clone(),
            port: connection.port,
            username: connection.username.to_owned(),
            password: connection.password.expose().to_owned(),
            database: connection.database.clone(),
        }
    }
}

impl DatabaseShape {
    /// Makes it of what is stored.
    pub fn of(view: &DatabaseView) -> Self {
        let (database, application) = (&view.database, &view.application);
        let last = view.last_deployment.as_ref();
        Self {
            id: database.id,
            version: database.version,
            project_id: database.project_id,
            name: database.name.clone(),
            engine: database.engine,
            image: database.image.clone(),
            application_id: database.application_id,
            service_name: application.service_name.clone(),
            volume: view.volume().to_owned(),
            status: ApplicationStatus::of(application, last),
            memory_limit: application.spec.memory_limit,
            cpu_limit: application.spec.cpu_limit,
            last_deployment: last.map(DeploymentShape::of),
            connection: None,
            created_at: database.created_at,
            updated_at: database.updated_at,
        }
    }
}

/// A new database.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDatabaseInput {
    /// Its project.
    pub project_id: ProjectId,
    /// Name: lower-case letters, digits and hyphens, 1 to 40 characters; unique among the applications of the project.
    #[schema(pattern = "^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$")]
    pub name: String,
    /// Which database.
    pub engine: DatabaseEngine,
    /// Tag of the official image.
    #[serde(default)]
    pub version: Option<String>,
    /// Another image that works like the official one.
    #[serde(default)]
    pub image: Option<String>,
    /// Memory limit in MiB.
    #[serde(default)]
    pub memory_limit: Option<u64>,
    /// Processor limit in cores.
    #[serde(default)]
    pub cpu_limit: Option<f64>,
    /// How its name resolves.
    #[serde(default)]
    pub endpoint_mode: EndpointMode,
}

impl NewDatabaseInput {
    /// What the core makes of it.
    pub fn into_new(self) -> NewDatabase {
        NewDatabase {
            name: self.name,
            engine: self.engine,
            version: self.version,
            image: self.image,
            limits: DatabaseLimits {
                memory: self.memory_limit,
                cpu: self.cpu_limit,
            },
            endpoint_mode: self.endpoint_mode,
        }
    }
}

/// What changes about a database; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatabasePatch {
    /// Tag of the official image.
    #[serde(default)]
    pub version: Option<String>,
    /// Another image.
    #[serde(default)]
    pub image: Option<String>,
    /// Memory limit in MiB; null takes it away.
    #[serde(default, deserialize_with = "change::given")]
    #[schema(value_type = Option<u64>)]
    pub memory_limit: Option<Option<u64>>,
    /// Processor limit in cores; null takes it away.
    #[serde(default, deserialize_with = "change::given")]
    #[schema(value_type = Option<f64>)]
    pub cpu_limit: Option<Option<f64>>,
}

impl DatabasePatch {
    /// What the core makes of it.
    pub fn into_change(self) -> DatabaseChange {
        DatabaseChange {
            version: self.version,
            image: self.image,
            memory: self.memory_limit,
            cpu: self.cpu_limit,
        }
    }
}
