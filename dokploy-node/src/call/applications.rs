//! Applications and what runs of them.

use dokploy_core::id::ApplicationId;
use dokploy_core::model::{Application, ApplicationSpec};
use dokploy_core::store::ApplicationFilter;
use dokploy_core::{Engine, Error, Result};

use super::{arguments, part};
use crate::error::write;

pub(super) async fn create(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; project: String, spec: ApplicationSpec);
    write(&engine.create_application(project.parse()?, spec).await?)
}

pub(super) async fn find(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.store().find_application(id.parse()?).await?)
}

pub(super) async fn find_by_name(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; project: String, name: String);
    let store = engine.store();
    write(
        &store
            .find_application_by_name(project.parse()?, &name)
            .await?,
    )
}

pub(super) async fn list(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; project: Option<String>, limit: Option<u32>, before: Option<String>);
    let filter = ApplicationFilter {
        project: project.map(|id| id.parse()).transpose()?,
        ..ApplicationFilter::default()
    };
    let page = part(limit, before.as_deref())?;
    write(&engine.store().list_applications(&filter, page).await?)
}

pub(super) async fn update(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String, version: i64, spec: ApplicationSpec);
    write(
        &engine
            .update_application(id.parse()?, version, spec)
            .await?,
    )
}

pub(super) async fn scale(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String, replicas: u32);
    write(&engine.scale(id.parse()?, replicas).await?)
}

pub(super) async fn stop(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.stop(id.parse()?).await?)
}

pub(super) async fn start(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.start(id.parse()?).await?)
}

pub(super) async fn restart(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.restart(id.parse()?).await?)
}

pub(super) async fn delete(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.delete_application(id.parse()?).await?)
}

pub(super) async fn stats(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    let application = stored(engine, &id).await?;
    let runtime = engine.runtime();
    write(&runtime.service_stats(&application.service_name).await?)
}

/// An application that has to be there.
pub(crate) async fn stored(engine: &Engine, id: &str) -> Result<Application> {
    let id: ApplicationId = id.parse()?;
    let found = engine.store().find_application(id).await?;
    found.ok_or_else(|| Error::not_found("application", id))
}
