//! From an application's specification to what is asked of the runtime. Pure.

use std::collections::BTreeMap;

use super::fingerprint::Fingerprint;
use super::order::update_order;
use super::sealing::Opened;
use crate::deployment::Step;
use crate::model::{ApplicationSpec, CommandLine, Deployment, HealthCheck, UpdateOrder};
use crate::runtime::{SecretMount, ServiceHealth, ServiceSpec, label, traefik_labels};

/// MiB as bytes.
pub(crate) const fn mebibytes(value: u64) -> u64 {
    value.saturating_mul(1024 * 1024)
}

/// Cores as billionths of a core.
#[expect(
    clippy::cast_possible_truncation,
    reason = "validated to be at most a few thousand cores"
)]
pub(crate) fn nano_cpus(cores: f64) -> i64 {
    (cores * 1e9).round() as i64
}

/// Labels that make a thing ours.
pub(crate) fn ownership(deployment: &Deployment) -> BTreeMap<String, String> {
    BTreeMap::from([
        (label::MANAGED_BY.to_owned(), "dokploy".to_owned()),
        (
            label::APPLICATION.to_owned(),
            deployment.application_id.to_string(),
        ),
        (label::PROJECT.to_owned(), deployment.project_id.to_string()),
    ])
}

/// Labels that say which step of which deployment wrote a thing.
pub(crate) fn rollout_labels(deployment: &Deployment, step: Step) -> BTreeMap<String, String> {
    BTreeMap::from([
        (label::DEPLOYMENT.to_owned(), deployment.id.to_string()),
        (label::STEP.to_owned(), step.as_str().to_owned()),
    ])
}

/// Value of the label by which the tasks of a rollout are told from those of others.
pub(crate) fn rollout(deployment: &Deployment, step: Step) -> String {
    format!("{}/{step}", deployment.id)
}

/// Name of the task that runs the release command of a deployment.
pub(crate) fn task_name(deployment: &Deployment) -> String {
    format!("dokploy-release-{}", deployment.id)
}

/// Networks of an application: the common one and its own.
pub(crate) fn networks(spec: &ApplicationSpec, common: &str) -> Vec<String> {
    let mut networks = vec![common.to_owned()];
    for network in &spec.networks {
        if !networks.contains(network) {
            networks.push(network.clone());
        }
    }
    networks
}

/// Name of a Swarm secret. Secrets are immutable, so that the name changes with the value.
pub(crate) fn secret_name(service_name: &str, digest: &str) -> String {
    let prefix = service_name.get(..30).unwrap_or(service_name);
    format!("{prefix}-{}", digest.get(..20).unwrap_or(digest))
}

/// The secret files of a container.
pub(crate) fn secret_mounts(service_name: &str, opened: &Opened) -> Vec<SecretMount> {
    let mount = |file: &super::sealing::SecretFile| SecretMount {
        secret_name: secret_name(service_name, &file.digest),
        file_name: file.name.clone(),
    };
    opened.files.iter().map(mount).collect()
}

/// What a service is made from.
pub(crate) struct ServiceInput<'a> {
    pub(crate) deployment: &'a Deployment,
    /// The specification of the release: the deployment's own, or that of the release that is restored.
    pub(crate) spec: &'a ApplicationSpec,
    pub(crate) opened: &'a Opened,
    pub(crate) image: &'a str,
    /// Step that writes it.
    pub(crate) step: Step,
    pub(crate) epoch: u64,
    pub(crate) release: String,
    /// The common network.
    pub(crate) network: &'a str,
}

/// The service that a specification becomes.
pub(crate) fn service_spec(input: &ServiceInput<'_>) -> ServiceSpec {
    let ServiceInput {
        deployment,
        spec,
        opened,
        ..
    } = input;
    let mut service = ServiceSpec {
        name: deployment.service_name.clone(),
        labels: spec.labels.clone(),
        container_labels: ownership(deployment),
        image: input.image.to_owned(),
        command: spec.command.clone(),
        env: opened.env.clone(),
        secrets: secret_mounts(&deployment.service_name, opened),
        mode: spec.mode,
        replicas: spec.replicas,
        ports: spec.ports.clone(),
        volumes: spec.volumes.clone(),
        tmpfs: spec.tmpfs.clone(),
        health: spec.health_check.as_ref().map(health),
        memory_limit: spec.memory_limit.map(mebibytes),
        nano_cpus: spec.cpu_limit.map(nano_cpus),
        memory_reservation: spec.memory_reservation.map(mebibytes),
        nano_cpus_reservation: spec.cpu_reservation.map(nano_cpus),
        restart: spec.restart.clone(),
        networks: networks(spec, input.network),
        endpoint_mode: spec.endpoint_mode,
        constraints: spec.constraints.clone(),
        user: spec.user.clone(),
        drop_capabilities: spec.drop_capabilities.clone(),
        read_only_root: spec.read_only_root,
        init: spec.init,
        stop_grace: spec.stop_grace,
        order: update_order(spec).order,
        parallelism: spec.update.parallelism,
        delay: if spec.replicas > 1 {
            spec.update.delay
        } else {
            std::time::Duration::ZERO
        },
        monitor: spec.update.monitor,
    };
    service
        .labels
        .extend(traefik_labels(&service.name, input.network, &spec.domains));
    service.labels.extend(ownership(deployment));
    let (digest, template) = (content_digest(&service), template_digest(&service));
    service.labels.insert(label::SPEC.to_owned(), digest);
    service.labels.insert(label::TEMPLATE.to_owned(), template);
    service
        .labels
        .extend(rollout_labels(deployment, input.step));
    service
        .labels
        .insert(label::EPOCH.to_owned(), input.epoch.to_string());
    service
        .labels
        .insert(label::RELEASE.to_owned(), input.release.clone());
    service
        .container_labels
        .insert(label::ROLLOUT.to_owned(), rollout(deployment, input.step));
    service
}

fn health(check: &HealthCheck) -> ServiceHealth {
    ServiceHealth {
        command: check.command.clone(),
        interval: check.interval,
        timeout: check.timeout,
        retries: check.retries,
        start_period: check.start_period,
    }
}

/// Digest of everything that a service is, but for the labels that change with each deployment.
///
/// The environment goes in as a digest of its own, so that the whole is as good as unguessable from outside; who can
/// read the labels of a service can read its environment anyway.
fn content_digest(service: &ServiceSpec) -> String {
    let mut fingerprint = Fingerprint::new("service");
    // `Debug` of `Secret` shows nothing, so that the values are added one by one.
    fingerprint.part(format!("{service:?}").as_bytes());
    for (key, value) in &service.env {
        fingerprint
            .part(key.as_bytes())
            .part(value.expose().as_bytes());
    }
    fingerprint.finish()
}

/// Digest of what Swarm replaces the tasks for: everything but labels of the service, the number of tasks and how
/// updates go.
fn template_digest(service: &ServiceSpec) -> String {
    content_digest(&ServiceSpec {
        labels: BTreeMap::new(),
        replicas: 0,
        order: UpdateOrder::StopFirst,
        parallelism: 0,
        delay: std::time::Duration::ZERO,
        monitor: std::time::Duration::ZERO,
        ..service.clone()
    })
}

/// A command as words for people.
pub(crate) fn command_text(command: &CommandLine) -> String {
    match command {
        CommandLine::Shell(text) => text.clone(),
        CommandLine::Exec(words) => words.join(" "),
    }
}
