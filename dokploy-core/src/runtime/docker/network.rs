//! Networks and volumes.

use std::collections::BTreeMap;

use bollard::Docker;
use bollard::models::{NetworkCreateRequest, NetworkInspect, VolumeCreateRequest};

use super::convert::with_our_label;
use super::error::{during, is_not_found};
use crate::error::{Error, ErrorKind, Result};

pub(super) async fn ensure_network(docker: &Docker, name: &str) -> Result<()> {
    if let Some(network) = find_network(docker, name).await? {
        return check(&network, name).map(|_| ());
    }
    let request = NetworkCreateRequest {
        name: name.to_owned(),
        driver: Some("overlay".to_owned()),
        attachable: Some(true),
        labels: Some(with_our_label(&BTreeMap::new())),
        ..NetworkCreateRequest::default()
    };
    match docker.create_network(request).await {
        Ok(_) => Ok(()),
        Err(error) => {
            // Somebody else may have made it since.
            match find_network(docker, name).await? {
                Some(network) => check(&network, name).map(|_| ()),
                None => Err(during("ensure_network")(error)),
            }
        }
    }
}

/// The identifier of the network that a service is to join. `not_found` when there is none, `permission_denied` when
/// it is one of the host's own: they would put a container into the namespaces of the host.
pub(super) async fn network_id(docker: &Docker, name: &str) -> Result<String> {
    let network = find_network(docker, name).await?;
    check(
        &network.ok_or_else(|| Error::not_found("network", name))?,
        name,
    )
}

async fn find_network(docker: &Docker, name: &str) -> Result<Option<NetworkInspect>> {
    match docker.inspect_network(name, None).await {
        // The engine also finds networks by the beginning of their identifier.
        Ok(network) => Ok(Some(network).filter(|found| found.name.as_deref() == Some(name))),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(during("find_network")(error)),
    }
}

fn check(network: &NetworkInspect, name: &str) -> Result<String> {
    let is_host_level = matches!(
        network.driver.as_deref(),
        Some("host" | "null" | "bridge") | None
    );
    if is_host_level || network.ingress == Some(true) {
        let message = format!("network {name} belongs to the host");
        return Err(Error::new(ErrorKind::PermissionDenied, message)
            .with_hint("name an overlay network, or one that does not exist yet"));
    }
    if network.scope.as_deref() != Some("swarm") {
        let message = format!("network {name} exists and is not one of the swarm");
        return Err(Error::new(ErrorKind::Conflict, message)
            .with_hint("choose another name, or remove the network by hand"));
    }
    let id = network.id.clone();
    id.ok_or_else(|| Error::new(ErrorKind::Unexpected, format!("network {name} has no id")))
}

pub(super) async fn ensure_volume(
    docker: &Docker,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Result<()> {
    match docker.inspect_volume(name).await {
        Ok(_) => return Ok(()),
        Err(error) if is_not_found(&error) => {}
        Err(error) => return Err(during("ensure_volume")(error)),
    }
    // The engine answers with the present volume when somebody else has made it since.
    let request = VolumeCreateRequest {
        name: Some(name.to_owned()),
        labels: Some(with_our_label(labels)),
        ..VolumeCreateRequest::default()
    };
    let created = docker.create_volume(request).await;
    created.map(|_| ()).map_err(during("ensure_volume"))
}

/// Refuses a volume of somebody else that is a directory of the host in disguise, as far as this engine knows it.
pub(super) async fn check_volume(docker: &Docker, name: &str) -> Result<()> {
    let volume = match docker.inspect_volume(name).await {
        Ok(volume) => volume,
        Err(error) if is_not_found(&error) => return Ok(()),
        Err(error) => return Err(during("find_volume")(error)),
    };
    let option = |name: &str| volume.options.get(name).map(String::as_str);
    let is_bind =
        option("o").is_some_and(|flags| flags.split(',').any(|flag| flag.ends_with("bind")));
    if !is_bind {
        return Ok(());
    }
    let message = format!("volume {name} is a directory of the host");
    Err(Error::new(ErrorKind::PermissionDenied, message)
        .with_hint("use a volume that the engine keeps itself"))
}
