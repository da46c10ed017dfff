//! Credentials for git hosts and registries.

use dokploy_core::model::{CredentialKind, CredentialSecret};
use dokploy_core::{Engine, Result};

use super::{arguments, part};
use crate::error::write;

pub(super) async fn create(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; kind: CredentialKind, name: String, host: String, secret: CredentialSecret);
    write(
        &engine
            .create_credential(kind, &name, &host, &secret)
            .await?,
    )
}

pub(super) async fn find(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.store().find_credential(id.parse()?).await?)
}

pub(super) async fn list(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; limit: Option<u32>, before: Option<String>);
    let page = part(limit, before.as_deref())?;
    write(&engine.store().list_credentials(page).await?)
}

pub(super) async fn delete(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.delete_credential(id.parse()?).await?)
}
