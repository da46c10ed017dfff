//! The trait, as a fake engine carries it out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use super::super::{
    BuildRequest, ContainerRuntime, Image, LogSink, ObservedService, OwnedKind, OwnedObject,
    RegistryCredential, RuntimeInfo, ServiceLogLine, ServiceLogQuery, ServiceSpec, ServiceStats,
    TaskOutcome, TaskSpec, TaskStats, label,
};
use super::image::pinned;
use super::journal::FakeEffect;
use super::one_off::Stop;
use super::service::Service;
use super::world::{Labelled, World, conflict};
use super::{FakeRuntime, FakeVerb};
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

#[async_trait]
impl ContainerRuntime for FakeRuntime {
    async fn info(&self) -> Result<RuntimeInfo> {
        self.ask(FakeVerb::Info, |world| {
            Ok(RuntimeInfo {
                version: "fake".to_owned(),
                api_version: "1.41".to_owned(),
                swarm_manager: world.in_swarm,
                nodes: u32::try_from(world.around.nodes.len()).unwrap_or(u32::MAX),
                build_kit: true,
                disk_free: None,
            })
        })
        .await
    }

    async fn ensure_swarm(&self) -> Result<()> {
        self.call(FakeVerb::EnsureSwarm, |world| {
            if !std::mem::replace(&mut world.in_swarm, true) {
                world.journal.push(FakeEffect::SwarmMade);
            }
            Ok(())
        })
        .await
    }

    async fn build_image(
        &self,
        request: &BuildRequest,
        context: BoxStream<'static, Result<Bytes>>,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<Image> {
        self.build(request, context, log, cancel).await
    }

    async fn find_image(&self, reference: &str) -> Result<Option<Image>> {
        self.ask(FakeVerb::FindImage, |world| {
            let found = world.around.images.find_local(reference);
            Ok(found.map(|found| found.image.clone()))
        })
        .await
    }

    async fn pull_image(
        &self,
        reference: &str,
        _credential: Option<&RegistryCredential>,
        cancel: &CancellationToken,
    ) -> Result<Image> {
        if cancel.is_cancelled() {
            return Err(cancelled("pull", reference));
        }
        self.call(FakeVerb::PullImage, |world| {
            let images = &mut world.around.images;
            let found = images.find_remote(reference).cloned();
            let found = found.ok_or_else(|| Error::not_found("image", reference))?;
            if images.find_local(reference).is_none() {
                images.add_local(found.clone());
                let image = reference.to_owned();
                world.journal.push(FakeEffect::ImagePulled { image });
            }
            Ok(found.image)
        })
        .await
    }

    async fn push_image(
        &self,
        image_id: &str,
        name: &str,
        _credential: Option<&RegistryCredential>,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<String> {
        self.push(image_id, name, log, cancel).await
    }

    async fn resolve_digest(
        &self,
        reference: &str,
        _credential: Option<&RegistryCredential>,
    ) -> Result<String> {
        self.ask(FakeVerb::ResolveDigest, |world| {
            let found = world.around.images.find_remote(reference);
            let found = found.ok_or_else(|| Error::not_found("image", reference))?;
            Ok(pinned(reference, &found.image.id))
        })
        .await
    }

    async fn apply_service(
        &self,
        spec: &ServiceSpec,
        expected_version: Option<u64>,
        _credential: Option<&RegistryCredential>,
    ) -> Result<ObservedService> {
        self.call(FakeVerb::ApplyService, |world| {
            apply(world, spec, expected_version)?;
            observe_existing(world, &spec.name)
        })
        .await
    }

    async fn observe_service(&self, name: &str) -> Result<Option<ObservedService>> {
        self.ask(FakeVerb::ObserveService, |world| Ok(observe(world, name)))
            .await
    }

    fn watch_service(&self, name: &str) -> BoxStream<'static, Result<()>> {
        self.changes_of(name)
    }

    async fn scale_service(
        &self,
        name: &str,
        replicas: u32,
        expected_version: u64,
    ) -> Result<ObservedService> {
        self.call(FakeVerb::ScaleService, |world| {
            let mut spec = own(world, name, expected_version)?.spec().clone();
            if spec.mode == crate::model::ServiceMode::Global {
                let message = format!("service {name} is global and has no number of tasks");
                return Err(Error::new(ErrorKind::InvalidSpec, message));
            }
            if spec.replicas != replicas {
                spec.replicas = replicas;
                write(world, name, spec)?;
                let name = name.to_owned();
                world
                    .journal
                    .push(FakeEffect::ServiceScaled { name, replicas });
            }
            observe_existing(world, name)
        })
        .await
    }

    async fn restart_service(&self, name: &str, expected_version: u64) -> Result<ObservedService> {
        self.call(FakeVerb::RestartService, |world| {
            let service = own(world, name, expected_version)?;
            service.forced += 1;
            let spec = service.spec().clone();
            write(world, name, spec)?;
            let effect = FakeEffect::ServiceRestarted {
                name: name.to_owned(),
            };
            world.journal.push(effect);
            observe_existing(world, name)
        })
        .await
    }

    async fn remove_service(&self, service: &str) -> Result<()> {
        self.remove(service).await
    }

    async fn task_tail(&self, task_id: &str, lines: u32) -> Result<Vec<String>> {
        self.ask(FakeVerb::TaskTail, |world| {
            let mut tasks = world.services.values().flat_map(|service| &service.tasks);
            let task = tasks
                .find(|task| task.id == task_id)
                .ok_or_else(|| Error::not_found("task", task_id))?;
            let from = task.lines.len().saturating_sub(lines as usize);
            Ok(task.lines[from..]
                .iter()
                .map(|line| line.text.clone())
                .collect())
        })
        .await
    }

    fn service_logs(&self, query: &ServiceLogQuery) -> BoxStream<'static, Result<ServiceLogLine>> {
        self.lines_of(query)
    }

    async fn service_stats(&self, name: &str) -> Result<ServiceStats> {
        self.ask(FakeVerb::ServiceStats, |world| stats(world, name))
            .await
    }

    async fn run_task(
        &self,
        spec: &TaskSpec,
        deadline: Duration,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<TaskOutcome> {
        self.run_one_off(spec, deadline, log, cancel).await
    }

    async fn remove_task(&self, name: &str) -> Result<()> {
        self.call(FakeVerb::RemoveTask, |world| {
            let now = world.now();
            let name = name.to_owned();
            if world.one_offs.stop(&name, now, Stop::Cancelled) {
                world
                    .journal
                    .push(FakeEffect::TaskStopped { name: name.clone() });
            }
            if world.one_offs.remove(&name) {
                world.journal.push(FakeEffect::TaskRemoved { name });
            }
            Ok(())
        })
        .await
    }

    async fn ensure_network(&self, name: &str) -> Result<()> {
        self.call(FakeVerb::EnsureNetwork, |world| {
            let thing = Labelled::new(&BTreeMap::new(), None);
            if insert_absent(&mut world.networks, name, thing) {
                let name = name.to_owned();
                world.journal.push(FakeEffect::NetworkCreated { name });
            }
            Ok(())
        })
        .await
    }

    async fn ensure_volume(&self, name: &str, labels: &BTreeMap<String, String>) -> Result<()> {
        self.call(FakeVerb::EnsureVolume, |world| {
            if insert_absent(&mut world.volumes, name, Labelled::new(labels, None)) {
                let name = name.to_owned();
                world.journal.push(FakeEffect::VolumeCreated { name });
            }
            Ok(())
        })
        .await
    }

    async fn ensure_secret(
        &self,
        name: &str,
        value: &Secret,
        labels: &BTreeMap<String, String>,
    ) -> Result<()> {
        self.call(FakeVerb::EnsureSecret, |world| {
            let thing = Labelled::new(labels, Some(value.clone()));
            if insert_absent(&mut world.secrets, name, thing) {
                let name = name.to_owned();
                world.journal.push(FakeEffect::SecretCreated { name });
            }
            Ok(())
        })
        .await
    }

    async fn list_owned(
        &self,
        kind: OwnedKind,
        labels: &BTreeMap<String, String>,
    ) -> Result<Vec<OwnedObject>> {
        self.ask(FakeVerb::ListOwned, |world| {
            Ok(super::owned::list(world, kind, labels))
        })
        .await
    }

    async fn remove_owned(&self, object: &OwnedObject) -> Result<bool> {
        self.call(FakeVerb::RemoveOwned, |world| {
            super::owned::remove(world, object)
        })
        .await
    }
}

pub(super) fn cancelled(what: &str, name: &str) -> Error {
    Error::new(
        ErrorKind::Cancelled,
        format!("{what} of {name} was cancelled"),
    )
}

pub(super) fn observe(world: &World, name: &str) -> Option<ObservedService> {
    let service = world
        .services
        .get(name)
        .filter(|service| !service.removed)?;
    Some(service.observe(name, world.epoch, &world.around))
}

fn observe_existing(world: &mut World, name: &str) -> Result<ObservedService> {
    world.catch_up();
    observe(world, name).ok_or_else(|| Error::not_found("service", name))
}

/// A service that is ours and whose version is the expected one.
fn own<'a>(world: &'a mut World, name: &str, expected: u64) -> Result<&'a mut Service> {
    let service = world.service_mut(name)?;
    if !label::is_ours(&service.spec().labels) {
        return Err(foreign(name));
    }
    if service.version != expected {
        return Err(conflict(name, "was changed in the meantime"));
    }
    Ok(service)
}

pub(super) fn foreign(name: &str) -> Error {
    Error::new(
        ErrorKind::PermissionDenied,
        format!(
            "{name} does not carry the label {}={}",
            label::MANAGED_BY,
            label::OURS
        ),
    )
    .with_hint("it belongs to somebody else: choose another name, or remove it by hand")
}

fn write(world: &mut World, name: &str, spec: ServiceSpec) -> Result<()> {
    let version = world.around.next_version();
    world.service_mut(name)?.write(spec, version);
    world.touch(name);
    Ok(())
}

fn apply(world: &mut World, spec: &ServiceSpec, expected: Option<u64>) -> Result<()> {
    let name = spec.name.clone();
    let mut spec = spec.clone();
    spec.labels = with_our_label(&spec.labels);
    for mount in &spec.secrets {
        if !world.secrets.contains_key(&mount.secret_name) {
            return Err(Error::not_found("secret", &mount.secret_name));
        }
    }
    for network in &spec.networks {
        if !world.networks.contains_key(network) {
            return Err(Error::not_found("network", network));
        }
    }
    check_constraints(world, &spec)?;
    match (world.services.get(&name), expected) {
        (None, None) => create(world, name, spec),
        (None, Some(_)) => return Err(conflict(&name, "was removed in the meantime")),
        (Some(service), None) if label::is_ours(&service.spec().labels) => {
            return Err(conflict(&name, "exists already"));
        }
        (Some(_), None) => return Err(foreign(&name)),
        (Some(_), Some(expected)) => {
            let service = own(world, &name, expected)?;
            if service.spec().mode != spec.mode {
                return Err(Error::new(
                    ErrorKind::InvalidSpec,
                    format!("the mode of service {name} cannot be changed"),
                )
                .with_hint("remove the service first"));
            }
            write(world, &name, spec)?;
            world.journal.push(FakeEffect::ServiceUpdated { name });
        }
    }
    Ok(())
}

fn check_constraints(world: &World, spec: &ServiceSpec) -> Result<()> {
    if world.around.nodes_for(&spec.constraints).is_empty() && !spec.constraints.is_empty() {
        let constraints = spec.constraints.join(" and ");
        let message = format!("no node of the swarm meets {constraints}");
        return Err(Error::invalid_field("constraints", message));
    }
    Ok(())
}

fn create(world: &mut World, name: String, spec: ServiceSpec) {
    let id = world.around.new_id("service");
    let version = world.around.next_version();
    for volume in &spec.volumes {
        let thing = Labelled::new(&spec.labels, None);
        insert_absent(&mut world.volumes, &volume.source, thing);
    }
    world
        .services
        .insert(name.clone(), Service::new(id, spec, version));
    world.touch(&name);
    world.journal.push(FakeEffect::ServiceCreated { name });
}

pub(super) fn with_our_label(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut labels = labels.clone();
    labels.insert(label::MANAGED_BY.to_owned(), label::OURS.to_owned());
    labels
}

impl Labelled {
    pub(super) fn new(labels: &BTreeMap<String, String>, value: Option<Secret>) -> Self {
        Self {
            labels: with_our_label(labels),
            value,
        }
    }
}

/// Inserts unless the name is taken, and returns whether it did.
fn insert_absent(map: &mut BTreeMap<String, Labelled>, name: &str, thing: Labelled) -> bool {
    let is_absent = !map.contains_key(name);
    if is_absent {
        map.insert(name.to_owned(), thing);
    }
    is_absent
}

fn stats(world: &World, name: &str) -> Result<ServiceStats> {
    let service = world.services.get(name).filter(|service| !service.removed);
    let service = service.ok_or_else(|| Error::not_found("service", name))?;
    let (cpu, memory) = world.usage;
    let running = service.tasks.iter().filter(|task| task.is_running());
    let tasks = running.map(|task| TaskStats {
        task: task.id.clone(),
        cpu,
        memory,
        memory_limit: task.template.spec.memory_limit.unwrap_or(8 << 30),
        network_received: 1024,
        network_sent: 2048,
        receive_rate: 10.0,
        send_rate: 20.0,
    });
    Ok(ServiceStats::of(tasks.collect()))
}
