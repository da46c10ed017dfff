//! Databases, webhooks and numbers.

use std::collections::BTreeMap;

use dokploy_core::engine::{DatabaseChange, DatabaseLimits, NewDatabase};
use dokploy_core::error::Error;
use dokploy_core::id::DatabaseId;
use dokploy_core::model::{ActorRef, Reach};
use dokploy_core::webhook::Delivery;
use pyo3::prelude::*;
use serde_json::json;

use super::{Engine, application};
use crate::call::{Call, Reply};
use crate::convert;

#[pymethods]
impl Engine {
    #[expect(clippy::too_many_arguments, reason = "Python has names for them")]
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
        let kind = engine;
        self.call(py, |engine| async move {
            let new = NewDatabase {
                name,
                engine: convert::shape("engine", &convert::text(&kind)?)?,
                version: tag,
                image,
                limits: limits(memory_limit, cpu_limit).unwrap_or_default(),
                endpoint_mode: convert::shape("endpointMode", &convert::text(&endpoint_mode)?)?,
            };
            let actor = actor.map(ActorRef);
            let (database, _) = engine.create_database(project.parse()?, new, actor).await?;
            convert::reply(&database)
        })
    }

    fn find_database(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let id = id.parse()?;
            convert::found(engine.store().find_database(&Reach::All, id).await?)
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

    #[expect(clippy::too_many_arguments, reason = "Python has names for them")]
    fn update_database(
        &self,
        py: Python<'_>,
        id: String,
        version: i64,
        tag: Option<String>,
        image: Option<String>,
        memory_limit: Option<u64>,
        cpu_limit: Option<f64>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let change = DatabaseChange {
                version: tag,
                image,
                limits: limits(memory_limit, cpu_limit),
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
            let id: DatabaseId = id.parse()?;
            let found = engine.store().find_database(&Reach::All, id).await?;
            let database = found.ok_or_else(|| Error::not_found("database", id))?;
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

    fn webhook_secret(&self, py: Python<'_>, id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let application = application(&engine, &id).await?;
            let secret = engine.webhook_secret(&application)?;
            Ok(secret.map_or(Reply::Nothing, |secret| {
                Reply::Text(secret.expose().to_owned())
            }))
        })
    }

    fn rotate_webhook_secret(&self, py: Python<'_>, id: String, version: i64) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::reply(&engine.rotate_webhook_secret(id.parse()?, version).await?)
        })
    }

    fn receive_webhook(
        &self,
        py: Python<'_>,
        provider: String,
        headers: BTreeMap<String, String>,
        body: Vec<u8>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let delivery = Delivery {
                provider: provider.parse()?,
                headers: headers.into_iter().collect(),
                token: None,
                body: body.into(),
            };
            let answer = engine.receive_webhook(&delivery).await?;
            convert::reply(&json!({
                "deployments": answer.deployments,
                "ignored": answer.ignored,
            }))
        })
    }

    fn metrics_text(&self, py: Python<'_>) -> PyResult<Call> {
        self.call(py, |engine| async move {
            Ok(Reply::Text(engine.metrics_text().await?))
        })
    }
}

/// The limits of a database, where any is given.
fn limits(memory: Option<u64>, cpu: Option<f64>) -> Option<DatabaseLimits> {
    (memory.is_some() || cpu.is_some()).then_some(DatabaseLimits { memory, cpu })
}
