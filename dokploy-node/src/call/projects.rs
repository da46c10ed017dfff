//! Projects.

use dokploy_core::model::Reach;
use dokploy_core::{Engine, Result};

use super::{arguments, part};
use crate::error::write;

pub(super) async fn create(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; name: String, description: Option<String>);
    let description = description.unwrap_or_default();
    write(&engine.create_project(&name, &description).await?)
}

pub(super) async fn find(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.store().find_project(id.parse()?).await?)
}

pub(super) async fn find_by_name(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; name: String);
    write(&engine.store().find_project_by_name(&name).await?)
}

pub(super) async fn list(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; limit: Option<u32>, before: Option<String>);
    let page = part(limit, before.as_deref())?;
    write(&engine.store().list_projects(&Reach::All, page).await?)
}

pub(super) async fn delete(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.delete_project(id.parse()?).await?)
}
