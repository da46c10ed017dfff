//! Databases.

#![expect(
    clippy::option_option,
    reason = "a limit may be left as it is, taken away, or set"
)]

use dokploy_core::engine::{DatabaseChange, DatabaseLimits, NewDatabase};
use dokploy_core::id::DatabaseId;
use dokploy_core::model::{ActorRef, DatabaseEngine, EndpointMode, Reach};
use dokploy_core::{Engine, Error, Result};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use super::{arguments, part};
use crate::error::{read, write};

pub(super) async fn create(running: &Engine, text: &str) -> Result<String> {
    arguments!(text;
        project: String,
        name: String,
        engine: DatabaseEngine,
        tag: Option<String>,
        image: Option<String>,
        memory_limit: Option<u64>,
        cpu_limit: Option<f64>,
        endpoint_mode: Option<EndpointMode>,
        actor: Option<String>,
    );
    let new = NewDatabase {
        name,
        engine,
        version: tag,
        image,
        limits: DatabaseLimits {
            memory: memory_limit,
            cpu: cpu_limit,
        },
        endpoint_mode: endpoint_mode.unwrap_or_default(),
    };
    let made = running.create_database(project.parse()?, new, actor.map(ActorRef));
    let (database, deployment) = made.await?;
    write(&json!({"database": database, "deployment": deployment.id()}))
}

pub(super) async fn find(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    let store = engine.store();
    write(&store.find_database(&Reach::All, id.parse()?).await?)
}

pub(super) async fn list(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; project: Option<String>, limit: Option<u32>, before: Option<String>);
    let project = project.map(|id| id.parse()).transpose()?;
    let page = part(limit, before.as_deref())?;
    let store = engine.store();
    write(&store.list_databases(&Reach::All, project, page).await?)
}

/// What is left out stays, and null takes it away.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Update {
    id: String,
    version: i64,
    tag: Option<String>,
    image: Option<String>,
    #[serde(default, deserialize_with = "given")]
    memory_limit: Option<Option<u64>>,
    #[serde(default, deserialize_with = "given")]
    cpu_limit: Option<Option<f64>>,
}

/// Reads a field that was given, null included; a missing one is never read.
fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

pub(super) async fn update(engine: &Engine, text: &str) -> Result<String> {
    let asked: Update = read(text)?;
    let change = DatabaseChange {
        version: asked.tag,
        image: asked.image,
        memory: asked.memory_limit,
        cpu: asked.cpu_limit,
    };
    let id = asked.id.parse()?;
    write(&engine.update_database(id, asked.version, change).await?)
}

pub(super) async fn delete(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String, volume: Option<String>);
    let deleting = engine.delete_database(id.parse()?, volume.as_deref());
    write(&deleting.await?)
}

pub(super) async fn connection(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    let id: DatabaseId = id.parse()?;
    let found = engine.store().find_database(&Reach::All, id).await?;
    let database = found.ok_or_else(|| Error::not_found("database", id))?;
    let connection = engine.database_connection(&database).await?;
    write(&json!({
        "url": connection.url.expose(),
        "host": connection.host,
        "port": connection.port,
        "username": connection.username,
        "password": connection.password.expose(),
        "database": connection.database,
    }))
}
