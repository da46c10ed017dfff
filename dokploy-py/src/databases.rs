//! The operations of an engine for databases.

use dokploy_core::engine::{DatabaseChange, DatabaseLimits, NewDatabase};
use dokploy_core::error::{Error, Result};
use dokploy_core::id::DatabaseId;
use dokploy_core::model::{ActorRef, Database, Reach};
use pyo3::prelude::*;
use serde_json::json;

use crate::call::{Call, Reply};
use crate::convert;
use crate::engine::Engine;

#[pymethods]
impl Engine {
    #[expect(clippy::too_many_arguments, reason = "they are those of the operation")]
    fn create_database(
        &self,
        py: Python<'_>,
        project: String,
        name: String,
        engine: String,
        tag: Option<String>,
        image: Option<String>,
        memory_limit: Option<u64>,
        cpu_limit: Option<f64>,
        endpoint_mode: String,
        actor: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |this| async move {
            let new = NewDatabase {
                name,
                engine: convert::word("engine", engine)?,
                version: tag,
                image,
                limits: DatabaseLimits {
                    memory: memory_limit,
                    cpu: cpu_limit,
                },
                endpoint_mode: convert::word("endpointMode", endpoint_mode)?,
            };
            let made = this.create_database(project.parse()?, new, actor.map(ActorRef));
            let (database, handle) = made.await?;
            Ok(Reply::Both(convert::text(&database)?, handle))
        })
    }

    fn find_database(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let found = engine.store().find_database(&Reach::All, id.parse()?);
            convert::found(found.await?)
        })
    }

    fn list_databases(
        &self,
        py: Python<'_>,
        project: Option<String>,
        limit: u32,
        before: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let page = convert::page_request(limit, before.as_deref())?;
            let project = convert::id(project)?;
            let store = engine.store();
            convert::page(&store.list_databases(&Reach::All, project, page).await?)
        })
    }

    #[expect(clippy::too_many_arguments, reason = "they are those of the operation")]
    fn update_database(
        &self,
        py: Python<'_>,
        id: String,
        version: i64,
        tag: Option<String>,
        image: Option<String>,
        memory_limit: Option<String>,
        cpu_limit: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let change = DatabaseChange {
                version: tag,
                image,
                memory: convert::kept("memoryLimit", memory_limit)?,
                cpu: convert::kept("cpuLimit", cpu_limit)?,
            };
            convert::reply(&engine.update_database(id.parse()?, version, change).await?)
        })
    }

    fn delete_database(
        &self,
        py: Python<'_>,
        id: String,
        volume: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            engine
                .delete_database(id.parse()?, volume.as_deref())
                .await?;
            Ok(Reply::Nothing)
        })
    }

    fn database_connection(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let database = database(&engine, &id).await?;
            let connection = engine.database_connection(&database).await?;
            convert::reply(&json!({
                "url": connection.url.expose(),
                "host": connection.host,
                "port": connection.port,
                "username": connection.username,
                "password": connection.password.expose(),
                "database": connection.database,
            }))
        })
    }
}

/// The database, or the error that says that there is none.
async fn database(engine: &dokploy_core::Engine, id: &str) -> Result<Database> {
    let id: DatabaseId = id.parse()?;
    let found = engine.store().find_database(&Reach::All, id).await?;
    found.ok_or_else(|| Error::not_found("database", id))
}
