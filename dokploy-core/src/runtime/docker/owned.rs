//! Clean-up of what carries our label, but for images.

use std::collections::{BTreeMap, HashMap};

use bollard::Docker;
use bollard::query_parameters::{
    ListNetworksOptionsBuilder, ListSecretsOptionsBuilder, ListServicesOptionsBuilder,
    ListVolumesOptionsBuilder, RemoveVolumeOptions,
};

use super::error::{during, is_not_found};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{OwnedKind, OwnedObject, label};

type Labels = HashMap<String, String>;

/// Whether a thing with these labels is ours.
pub(super) fn is_ours(labels: Option<&Labels>) -> bool {
    let value = labels.and_then(|labels| labels.get(label::MANAGED_BY));
    value.is_some_and(|value| value == label::OURS)
}

/// The refusal to change what is not ours.
pub(super) fn foreign(what: &str, name: &str) -> Error {
    let (key, value) = (label::MANAGED_BY, label::OURS);
    Error::new(
        ErrorKind::PermissionDenied,
        format!("{what} {name} does not carry the label {key}={value}"),
    )
    .with_hint("it belongs to somebody else: choose another name, or remove it by hand")
}

pub(super) async fn list(
    docker: &Docker,
    kind: OwnedKind,
    labels: &BTreeMap<String, String>,
) -> Result<Vec<OwnedObject>> {
    let ours = std::iter::once(format!("{}={}", label::MANAGED_BY, label::OURS));
    let wanted = ours.chain(labels.iter().map(|(name, value)| format!("{name}={value}")));
    let filters = HashMap::from([("label".to_owned(), wanted.collect::<Vec<_>>())]);
    let mut found = match kind {
        OwnedKind::Service => services(docker, &filters).await?,
        OwnedKind::Secret => secrets(docker, &filters).await?,
        OwnedKind::Network => networks(docker, &filters).await?,
        OwnedKind::Volume => volumes(docker, &filters).await?,
        OwnedKind::Image => Vec::new(),
    };
    found.sort();
    Ok(found)
}

type Filters = HashMap<String, Vec<String>>;

fn object(
    kind: OwnedKind,
    id: Option<String>,
    name: Option<String>,
    labels: Option<Labels>,
) -> OwnedObject {
    let id = id.unwrap_or_default();
    OwnedObject {
        kind,
        name: name.unwrap_or_else(|| id.clone()),
        id,
        labels: labels.unwrap_or_default().into_iter().collect(),
    }
}

async fn services(docker: &Docker, filters: &Filters) -> Result<Vec<OwnedObject>> {
    let options = ListServicesOptionsBuilder::new().filters(filters).build();
    let found = docker.list_services(Some(options)).await;
    let found = found.map_err(during("list_owned"))?.into_iter();
    let convert = |service: bollard::models::Service| {
        let spec = service.spec.unwrap_or_default();
        object(OwnedKind::Service, service.id, spec.name, spec.labels)
    };
    Ok(found.map(convert).collect())
}

async fn secrets(docker: &Docker, filters: &Filters) -> Result<Vec<OwnedObject>> {
    let options = ListSecretsOptionsBuilder::new().filters(filters).build();
    let found = docker.list_secrets(Some(options)).await;
    let found = found.map_err(during("list_owned"))?.into_iter();
    let convert = |secret: bollard::models::Secret| {
        let spec = secret.spec.unwrap_or_default();
        object(OwnedKind::Secret, secret.id, spec.name, spec.labels)
    };
    Ok(found.map(convert).collect())
}

async fn networks(docker: &Docker, filters: &Filters) -> Result<Vec<OwnedObject>> {
    let options = ListNetworksOptionsBuilder::new().filters(filters).build();
    let found = docker.list_networks(Some(options)).await;
    let found = found.map_err(during("list_owned"))?.into_iter();
    Ok(found
        .map(|network| object(OwnedKind::Network, network.id, network.name, network.labels))
        .collect())
}

async fn volumes(docker: &Docker, filters: &Filters) -> Result<Vec<OwnedObject>> {
    let options = ListVolumesOptionsBuilder::new().filters(filters).build();
    let found = docker.list_volumes(Some(options)).await;
    let found = found.map_err(during("list_owned"))?;
    let convert = |volume: bollard::models::Volume| {
        let (id, name) = (Some(volume.name.clone()), Some(volume.name));
        object(OwnedKind::Volume, id, name, Some(volume.labels))
    };
    Ok(found.volumes.into_iter().flatten().map(convert).collect())
}

pub(super) async fn remove(docker: &Docker, object: &OwnedObject) -> Result<bool> {
    // The label is asked of the engine, not of the caller.
    let Some(labels) = labels_of(docker, object).await? else {
        return Ok(true);
    };
    let what = match object.kind {
        OwnedKind::Service => "service",
        OwnedKind::Secret => "secret",
        OwnedKind::Network => "network",
        OwnedKind::Volume => "volume",
        OwnedKind::Image => "image",
    };
    if !is_ours(Some(&labels)) {
        return Err(foreign(what, &object.name));
    }
    let removed = match object.kind {
        OwnedKind::Service => docker.delete_service(&object.id).await,
        OwnedKind::Secret => docker.delete_secret(&object.id).await,
        OwnedKind::Network => docker.remove_network(&object.id).await,
        OwnedKind::Volume => {
            docker
                .remove_volume(&object.id, None::<RemoveVolumeOptions>)
                .await
        }
        OwnedKind::Image => return Ok(false),
    };
    match removed {
        Ok(()) => Ok(true),
        Err(error) if is_not_found(&error) => Ok(true),
        Err(error) if is_in_use(&error) => Ok(false),
        Err(error) => Err(during("remove_owned")(error)),
    }
}

async fn labels_of(docker: &Docker, object: &OwnedObject) -> Result<Option<Labels>> {
    let id = object.id.as_str();
    let labels = match object.kind {
        OwnedKind::Service => {
            let service = docker.inspect_service(id, None).await;
            service.map(|found| found.spec.and_then(|spec| spec.labels))
        }
        OwnedKind::Secret => {
            let secret = docker.inspect_secret(id).await;
            secret.map(|found| found.spec.and_then(|spec| spec.labels))
        }
        OwnedKind::Network => {
            let network = docker.inspect_network(id, None).await;
            network.map(|found| found.labels)
        }
        OwnedKind::Volume => {
            let volume = docker.inspect_volume(id).await;
            volume.map(|found| Some(found.labels))
        }
        OwnedKind::Image => return Ok(None),
    };
    match labels {
        Ok(labels) => Ok(Some(labels.unwrap_or_default())),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(during("remove_owned")(error)),
    }
}

/// The engine has no one status for it: 400 of a secret, 403 of a network, 409 of a volume.
fn is_in_use(error: &bollard::errors::Error) -> bool {
    use bollard::errors::Error::DockerResponseServerError;
    matches!(error, DockerResponseServerError { message, .. }
        if message.contains("in use") || message.contains("active endpoints"))
}
