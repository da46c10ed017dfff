//! Services: create, update, scale, restart, remove.

use std::collections::HashMap;
use std::time::Duration;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use bollard::models::{ContainerSummary, NodeState, Service, ServiceSpec as EngineSpec, Task};
use bollard::query_parameters::{
    ListTasksOptions, RemoveContainerOptionsBuilder, UpdateServiceOptionsBuilder,
};
use tokio::time::Instant;

use super::convert::{self, Known};
use super::error::{during, is_not_found};
use super::owned::{foreign, is_ours};
use super::{network, observe, placement, registry, secret};
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::model::Volume;
use crate::runtime::{ObservedService, RegistryCredential, SecretMount, ServiceSpec, label};

/// How long the tasks of a removed service may take beyond their grace until they are gone.
const GONE: Duration = Duration::from_mins(1);
/// How long after its task a container may go by itself. One that is still there was forgotten by an engine that was
/// killed.
const LEFT_BEHIND: Duration = Duration::from_secs(1);
/// How often to look whether they are.
const LOOK: Duration = Duration::from_millis(100);

/// The service of exactly this name: the engine also finds services by identifier.
pub(super) async fn find(docker: &Docker, name: &str) -> Result<Option<Service>> {
    let found = inspect(docker, name).await?;
    Ok(found.filter(|service| is_named(service, name)))
}

fn is_named(service: &Service, name: &str) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.name.as_deref()) == Some(name)
}

/// What the engine finds: it also takes the beginning of an identifier.
async fn inspect(docker: &Docker, name: &str) -> Result<Option<Service>> {
    match docker.inspect_service(name, None).await {
        Ok(service) => Ok(Some(service)),
        Err(error) if is_not_found(&error) => Ok(None),
        Err(error) => Err(during("find_service")(error)),
    }
}

/// Looks up what a specification names.
pub(super) async fn known(
    docker: &Docker,
    secrets: &[SecretMount],
    networks: &[String],
) -> Result<Known> {
    let mut known = Known::default();
    for mount in secrets {
        let id = secret::secret_id(docker, &mount.secret_name).await?;
        known.secrets.insert(mount.secret_name.clone(), id);
    }
    for name in networks {
        let id = network::network_id(docker, name).await?;
        known.networks.insert(name.clone(), id);
    }
    Ok(known)
}

pub(super) async fn apply(
    docker: &Docker,
    spec: &ServiceSpec,
    expected_version: Option<u64>,
    credential: Option<&RegistryCredential>,
) -> Result<ObservedService> {
    let name = &spec.name;
    let current = find(docker, name).await?;
    check_volumes(docker, &spec.volumes).await?;
    placement::check(docker, &spec.constraints).await?;
    let known = known(docker, &spec.secrets, &spec.networks).await?;
    let credentials = registry::credentials_of(&spec.image, credential)?;
    match (current, expected_version) {
        (None, None) => {
            let spec = convert::service(spec, &known, 0)?;
            create(docker, name, spec, credentials).await?;
        }
        (None, Some(_)) => return Err(conflict(name, "was removed in the meantime")),
        (Some(current), None) => {
            check_ours(&current, name)?;
            return Err(conflict(name, "exists already"));
        }
        (Some(current), Some(expected)) => {
            let spec = convert::service(spec, &known, forced(&current))?;
            check_mode(&current, &spec, name)?;
            update(docker, &current, expected, spec, credentials).await?;
        }
    }
    observed(docker, name).await
}

/// Creates a service; `conflict` when its name was taken in the meantime.
pub(super) async fn create(
    docker: &Docker,
    name: &str,
    spec: EngineSpec,
    credentials: Option<DockerCredentials>,
) -> Result<()> {
    let created = docker.create_service(spec, credentials).await;
    created.map(|_| ()).map_err(|error| {
        let error = during("apply_service")(error);
        match error.kind() {
            ErrorKind::Conflict => conflict(name, "exists already").with_source(error),
            _ => error,
        }
    })
}

/// Writes a specification over the expected version of a service of ours.
async fn update(
    docker: &Docker,
    current: &Service,
    expected: u64,
    spec: EngineSpec,
    credentials: Option<DockerCredentials>,
) -> Result<()> {
    let name = spec.name.clone().unwrap_or_default();
    check_ours(current, &name)?;
    let version = version(current);
    if version != expected {
        return Err(conflict(&name, "was changed in the meantime"));
    }
    let version = i32::try_from(version).map_err(|error| {
        let message = format!("version {version} of service {name} is too large to be sent");
        Error::new(ErrorKind::Unexpected, message).with_source(error)
    })?;
    let options = UpdateServiceOptionsBuilder::new().version(version).build();
    // By identifier, so that a service of the same name that was made in the meantime is not meant.
    let id = current.id.as_deref().unwrap_or(&name);
    match docker.update_service(id, spec, options, credentials).await {
        Ok(_) => Ok(()),
        Err(error) if is_not_found(&error) => Err(conflict(&name, "was removed in the meantime")),
        Err(error) => Err(during("apply_service")(error)),
    }
}

pub(super) async fn scale(
    docker: &Docker,
    name: &str,
    replicas: u32,
    expected_version: u64,
) -> Result<ObservedService> {
    let (current, mut spec) = existing(docker, name).await?;
    let mode = spec.mode.as_ref().and_then(|mode| mode.replicated.as_ref());
    let Some(mode) = mode else {
        let message = format!("service {name} is global and has no number of tasks");
        return Err(Error::new(ErrorKind::InvalidSpec, message));
    };
    if mode.replicas == Some(i64::from(replicas)) && version(&current) == expected_version {
        return observed(docker, name).await;
    }
    spec.mode = Some(convert::replicated(replicas));
    update(docker, &current, expected_version, spec, None).await?;
    observed(docker, name).await
}

pub(super) async fn restart(
    docker: &Docker,
    name: &str,
    expected_version: u64,
) -> Result<ObservedService> {
    let (current, mut spec) = existing(docker, name).await?;
    let forced = forced(&current) + 1;
    spec.task_template.get_or_insert_default().force_update = Some(forced);
    update(docker, &current, expected_version, spec, None).await?;
    observed(docker, name).await
}

/// Sets labels and the number of tasks of a service of ours, whatever its version.
pub(super) async fn retire(
    docker: &Docker,
    current: &Service,
    labels: HashMap<String, String>,
) -> Result<()> {
    let mut spec = current.spec.clone().unwrap_or_default();
    spec.labels.get_or_insert_default().extend(labels);
    spec.mode = Some(convert::replicated(0));
    update(docker, current, version(current), spec, None).await
}

/// Removes the service of exactly this name or identifier.
pub(super) async fn remove(docker: &Docker, name: &str) -> Result<()> {
    let found = inspect(docker, name).await?;
    let meant =
        found.filter(|service| is_named(service, name) || service.id.as_deref() == Some(name));
    let Some(current) = meant else {
        return Ok(());
    };
    check_ours(&current, name)?;
    let id = current.id.clone().unwrap_or_default();
    match docker.delete_service(&id).await {
        Ok(()) => {}
        Err(error) if is_not_found(&error) => {}
        Err(error) => return Err(during("remove_service")(error)),
    }
    wait_until_gone(docker, &current, name).await
}

/// Waits until a service has no tasks any more.
pub(super) async fn wait_until_gone(docker: &Docker, service: &Service, name: &str) -> Result<()> {
    let id = service.id.as_deref().unwrap_or_default();
    let latest = Instant::now() + grace(service) + GONE;
    let mut forgotten_at = None;
    loop {
        if !has_tasks(docker, id).await? {
            // A task is forgotten a moment before its container, which keeps networks and volumes in use.
            let left = observe::local_containers(docker, id, true).await?;
            if left.is_empty() {
                return Ok(());
            }
            if forgotten_at.get_or_insert_with(Instant::now).elapsed() > LEFT_BEHIND {
                remove_containers(docker, &left).await?;
            }
        }
        if Instant::now() >= latest {
            let message = format!("the tasks of service {name} do not end");
            return Err(Error::new(ErrorKind::TimedOut, message)
                .with_retry(Retry::After(None))
                .with_hint("see whether a node of the swarm is down"));
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether a service has a task on a node that can be reached. One on a node that is lost is removed by Swarm when the
/// node comes back, which may be never.
async fn has_tasks(docker: &Docker, service_id: &str) -> Result<bool> {
    // All tasks: the filter by service is an error once the service is gone.
    let tasks = docker.list_tasks(None::<ListTasksOptions>).await;
    let tasks = tasks.map_err(during("remove_service"))?;
    let nodes = placement::list(docker).await?;
    let is_lost = |task: &Task| {
        let node = nodes.iter().find(|node| node.id == task.node_id);
        let state = node.and_then(|node| node.status.as_ref()?.state);
        state == Some(NodeState::DOWN)
    };
    Ok(tasks
        .iter()
        .any(|task| task.service_id.as_deref() == Some(service_id) && !is_lost(task)))
}

/// An engine that was killed forgets the containers that it was just making or stopping.
async fn remove_containers(docker: &Docker, containers: &[ContainerSummary]) -> Result<()> {
    let ours = containers.iter().filter(|container| {
        let labels = container.labels.clone().unwrap_or_default();
        label::is_ours(&labels.into_iter().collect())
    });
    for id in ours.filter_map(|container| container.id.as_deref()) {
        let options = RemoveContainerOptionsBuilder::new().force(true).build();
        match docker.remove_container(id, Some(options)).await {
            Ok(()) => {}
            Err(error) if is_not_found(&error) || is_on_its_way(&error) => {}
            Err(error) => return Err(during("remove_service")(error)),
        }
    }
    Ok(())
}

/// Whether the engine is removing that container by itself.
fn is_on_its_way(error: &bollard::errors::Error) -> bool {
    matches!(
        error,
        bollard::errors::Error::DockerResponseServerError {
            status_code: 409,
            message,
        } if message.contains("in progress")
    )
}

/// A foreign volume may be a directory of the host in disguise.
async fn check_volumes(docker: &Docker, volumes: &[Volume]) -> Result<()> {
    for volume in volumes {
        network::check_volume(docker, &volume.source).await?;
    }
    Ok(())
}

/// A service that is there and ours.
async fn existing(docker: &Docker, name: &str) -> Result<(Service, EngineSpec)> {
    let current = find(docker, name).await?;
    let current = current.ok_or_else(|| Error::not_found("service", name))?;
    check_ours(&current, name)?;
    let spec = current.spec.clone().unwrap_or_default();
    Ok((current, spec))
}

async fn observed(docker: &Docker, name: &str) -> Result<ObservedService> {
    let observed = observe::service(docker, name).await?;
    observed.ok_or_else(|| conflict(name, "was removed in the meantime"))
}

pub(super) fn check_ours(service: &Service, name: &str) -> Result<()> {
    let labels = service.spec.as_ref().and_then(|spec| spec.labels.as_ref());
    if is_ours(labels) {
        Ok(())
    } else {
        Err(foreign("service", name))
    }
}

fn check_mode(current: &Service, new: &EngineSpec, name: &str) -> Result<()> {
    let is_global = |spec: Option<&EngineSpec>| {
        let mode = spec.and_then(|spec| spec.mode.as_ref());
        mode.is_some_and(|mode| mode.global.is_some())
    };
    if is_global(current.spec.as_ref()) == is_global(Some(new)) {
        return Ok(());
    }
    let message = format!("the mode of service {name} cannot be changed");
    Err(Error::new(ErrorKind::InvalidSpec, message).with_hint("remove the service first"))
}

pub(super) fn version(service: &Service) -> u64 {
    let version = service.version.as_ref();
    version
        .and_then(|version| version.index)
        .unwrap_or_default()
}

pub(super) fn forced(service: &Service) -> u64 {
    let template = service
        .spec
        .as_ref()
        .and_then(|spec| spec.task_template.as_ref());
    template
        .and_then(|template| template.force_update)
        .unwrap_or_default()
}

fn grace(service: &Service) -> Duration {
    let template = service
        .spec
        .as_ref()
        .and_then(|spec| spec.task_template.as_ref());
    let container = template.and_then(|template| template.container_spec.as_ref());
    let nanos = container.and_then(|container| container.stop_grace_period);
    let nanos = nanos.and_then(|nanos| u64::try_from(nanos).ok());
    nanos.map_or(Duration::from_secs(10), Duration::from_nanos)
}

fn conflict(name: &str, why: &str) -> Error {
    Error::new(ErrorKind::Conflict, format!("service {name} {why}"))
        .with_hint("somebody else changed it: read it again and decide anew")
}
