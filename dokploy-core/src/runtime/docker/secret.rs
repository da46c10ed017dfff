//! Swarm secrets.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bollard::Docker;
use bollard::models::{Secret as EngineSecret, SecretSpec};
use bollard::query_parameters::ListSecretsOptionsBuilder;

use super::convert::with_our_label;
use super::error::during;
use super::owned::{foreign, is_ours};
use crate::error::{Error, Result};
use crate::secret::Secret;

pub(super) async fn ensure(
    docker: &Docker,
    name: &str,
    value: &Secret,
    labels: &BTreeMap<String, String>,
) -> Result<()> {
    if let Some(present) = find(docker, name).await? {
        return check(&present, name);
    }
    let spec = SecretSpec {
        name: Some(name.to_owned()),
        labels: Some(with_our_label(labels)),
        data: Some(STANDARD.encode(value.expose())),
        ..SecretSpec::default()
    };
    let Err(error) = docker.create_secret(spec).await else {
        return Ok(());
    };
    // Somebody else may have made it since.
    match find(docker, name).await? {
        Some(present) => check(&present, name),
        None => Err(during("ensure_secret")(error)),
    }
}

/// The identifier of a secret of ours.
pub(super) async fn secret_id(docker: &Docker, name: &str) -> Result<String> {
    let found = find(docker, name).await?;
    let found = found.ok_or_else(|| Error::not_found("secret", name))?;
    check(&found, name)?;
    found.id.ok_or_else(|| Error::not_found("secret", name))
}

/// Nobody can tell what is in a secret of somebody else, so that it never takes the place of one of ours.
fn check(secret: &EngineSecret, name: &str) -> Result<()> {
    let labels = secret.spec.as_ref().and_then(|spec| spec.labels.as_ref());
    if is_ours(labels) {
        Ok(())
    } else {
        Err(foreign("secret", name))
    }
}

async fn find(docker: &Docker, name: &str) -> Result<Option<EngineSecret>> {
    let filters = HashMap::from([("name", vec![name])]);
    let options = ListSecretsOptionsBuilder::new().filters(&filters).build();
    let found = docker.list_secrets(Some(options)).await;
    // The filter takes every name that begins like this one.
    let has_name = |secret: &EngineSecret| {
        let spec = secret.spec.as_ref();
        spec.and_then(|spec| spec.name.as_deref()) == Some(name)
    };
    let found = found.map_err(during("find_secret"))?;
    Ok(found.into_iter().find(has_name))
}
