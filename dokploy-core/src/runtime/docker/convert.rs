//! From our specifications to those of the engine. Pure, and the only place that fills the engine's models.
//!
//! Nothing here can give a container power over its host: bind mounts, privileges, devices, added capabilities, the
//! namespaces of the host and a TTY have no counterpart in our specifications and are left out of the engine's.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use bollard::models as engine;

use crate::error::{Error, Result};
use crate::model::{
    CommandLine, EndpointMode, Port, PortMode, Protocol, RestartCondition, RestartPolicy,
    ServiceMode, Tmpfs, UpdateOrder, Volume,
};
use crate::runtime::{SecretMount, ServiceHealth, ServiceSpec, TaskSpec, label};
use crate::secret::Secret;

/// How long a one-off task may take to stop: a cancelled deployment is to end soon.
const TASK_GRACE: Duration = Duration::from_secs(5);

/// What the engine knows by identifier: looked up before a specification is converted.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Identifiers of secrets, by name.
    pub(super) secrets: BTreeMap<String, String>,
    /// Identifiers of networks, by name.
    pub(super) networks: BTreeMap<String, String>,
}

/// A service. `forced` is the number of restarts that were asked for before: to keep it is to restart nothing.
pub(super) fn service(
    spec: &ServiceSpec,
    known: &Known,
    forced: u64,
) -> Result<engine::ServiceSpec> {
    Ok(engine::ServiceSpec {
        name: Some(spec.name.clone()),
        labels: Some(with_our_label(&spec.labels)),
        task_template: Some(engine::TaskSpec {
            container_spec: Some(container(spec, known)?),
            resources: Some(resources(
                (spec.memory_limit, spec.nano_cpus),
                (spec.memory_reservation, spec.nano_cpus_reservation),
            )),
            restart_policy: Some(restart_policy(&spec.restart)),
            placement: Some(placement(&spec.constraints)),
            networks: Some(networks(&spec.networks, known)?),
            force_update: Some(forced),
            runtime: Some("container".to_owned()),
            ..engine::TaskSpec::default()
        }),
        mode: Some(mode(spec)),
        update_config: Some(update_config(spec)),
        rollback_config: Some(rollback_config(spec)),
        networks: None,
        endpoint_spec: Some(endpoint(spec.endpoint_mode, &spec.ports)),
    })
}

/// A one-off task: a service whose only task is never started again.
pub(super) fn task(spec: &TaskSpec, known: &Known) -> Result<engine::ServiceSpec> {
    let words = match &spec.command {
        CommandLine::Shell(text) => vec!["/bin/sh".to_owned(), "-c".to_owned(), text.clone()],
        CommandLine::Exec(words) => words.clone(),
    };
    let labels = with_our_label(&spec.labels);
    Ok(engine::ServiceSpec {
        name: Some(spec.name.clone()),
        labels: Some(labels.clone()),
        task_template: Some(engine::TaskSpec {
            container_spec: Some(engine::TaskSpecContainerSpec {
                image: Some(spec.image.clone()),
                // The words replace the entry point too, so that they run as they are in every image.
                command: Some(words),
                labels: Some(labels),
                env: Some(env(&spec.env)),
                user: spec.user.clone(),
                secrets: Some(secrets(&spec.secrets, known)?),
                mounts: Some(volumes(&spec.volumes)?),
                stop_grace_period: Some(nanos(TASK_GRACE)),
                // A probe of the image's own would only delay the start of a command that ends by itself.
                health_check: Some(engine::HealthConfig {
                    test: Some(vec!["NONE".to_owned()]),
                    ..engine::HealthConfig::default()
                }),
                ..engine::TaskSpecContainerSpec::default()
            }),
            resources: Some(resources((spec.memory_limit, None), (None, None))),
            restart_policy: Some(engine::TaskSpecRestartPolicy {
                condition: Some(engine::TaskSpecRestartPolicyConditionEnum::NONE),
                max_attempts: Some(0),
                ..engine::TaskSpecRestartPolicy::default()
            }),
            placement: Some(placement(&spec.constraints)),
            networks: Some(networks(&spec.networks, known)?),
            runtime: Some("container".to_owned()),
            ..engine::TaskSpec::default()
        }),
        mode: Some(replicated(1)),
        // It listens to nobody, hence needs no virtual address.
        endpoint_spec: Some(endpoint(EndpointMode::Dnsrr, &[])),
        ..engine::ServiceSpec::default()
    })
}

fn container(spec: &ServiceSpec, known: &Known) -> Result<engine::TaskSpecContainerSpec> {
    let mut mounts = volumes(&spec.volumes)?;
    mounts.extend(spec.tmpfs.iter().map(tmpfs));
    let none_if_empty = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
    Ok(engine::TaskSpecContainerSpec {
        image: Some(spec.image.clone()),
        labels: Some(with_our_label(&spec.container_labels)),
        args: spec.command.clone(),
        env: Some(env(&spec.env)),
        user: spec.user.clone(),
        read_only: spec.read_only_root.then_some(true),
        mounts: Some(mounts),
        stop_grace_period: Some(nanos(spec.stop_grace)),
        health_check: spec.health.as_ref().map(health_check),
        secrets: Some(secrets(&spec.secrets, known)?),
        init: spec.init.then_some(true),
        capability_drop: none_if_empty(&spec.drop_capabilities),
        ..engine::TaskSpecContainerSpec::default()
    })
}

/// The labels of a thing that is ours, whatever the caller forgot.
pub(super) fn with_our_label(labels: &BTreeMap<String, String>) -> HashMap<String, String> {
    let mut labels: HashMap<_, _> = labels.clone().into_iter().collect();
    labels.insert(label::MANAGED_BY.to_owned(), label::OURS.to_owned());
    labels
}

fn env(variables: &[(String, Secret)]) -> Vec<String> {
    variables
        .iter()
        .map(|(name, value)| format!("{name}={}", value.expose()))
        .collect()
}

fn secrets(
    mounts: &[SecretMount],
    known: &Known,
) -> Result<Vec<engine::TaskSpecContainerSpecSecrets>> {
    mounts
        .iter()
        .map(|mount| {
            // A name with a slash would be a path outside of `/run/secrets`.
            if mount.file_name.is_empty() || mount.file_name.contains('/') {
                let message = "is not the plain name of a file";
                return Err(Error::invalid_field("secrets.fileName", message));
            }
            let id = known.secrets.get(&mount.secret_name);
            Ok(engine::TaskSpecContainerSpecSecrets {
                file: Some(engine::TaskSpecContainerSpecFile {
                    name: Some(mount.file_name.clone()),
                    uid: Some("0".to_owned()),
                    gid: Some("0".to_owned()),
                    mode: Some(0o444),
                }),
                secret_id: Some(found("secret", &mount.secret_name, id)?),
                secret_name: Some(mount.secret_name.clone()),
            })
        })
        .collect()
}

fn networks(names: &[String], known: &Known) -> Result<Vec<engine::NetworkAttachmentConfig>> {
    names
        .iter()
        .map(|name| {
            Ok(engine::NetworkAttachmentConfig {
                target: Some(found("network", name, known.networks.get(name))?),
                ..engine::NetworkAttachmentConfig::default()
            })
        })
        .collect()
}

fn found(what: &str, name: &str, id: Option<&String>) -> Result<String> {
    id.cloned().ok_or_else(|| Error::not_found(what, name))
}

fn volumes(volumes: &[Volume]) -> Result<Vec<engine::Mount>> {
    volumes
        .iter()
        .map(|volume| {
            // The engine takes a path for a directory of the host.
            let is_name =
                |character: char| character.is_ascii_alphanumeric() || "_.-".contains(character);
            if !volume
                .source
                .starts_with(|first: char| first.is_ascii_alphanumeric())
                || !volume.source.chars().all(is_name)
            {
                let message = format!("{} is not the name of a volume", volume.source);
                return Err(Error::invalid_field("volumes.source", message));
            }
            Ok(engine::Mount {
                target: Some(volume.target.clone()),
                source: Some(volume.source.clone()),
                typ: Some(engine::MountType::VOLUME),
                read_only: volume.read_only.then_some(true),
                volume_options: Some(engine::MountVolumeOptions {
                    labels: Some(with_our_label(&BTreeMap::new())),
                    ..engine::MountVolumeOptions::default()
                }),
                ..engine::Mount::default()
            })
        })
        .collect()
}

fn tmpfs(tmpfs: &Tmpfs) -> engine::Mount {
    let bytes = |mebibytes: u64| i64::try_from(mebibytes << 20).unwrap_or(i64::MAX);
    engine::Mount {
        target: Some(tmpfs.target.clone()),
        typ: Some(engine::MountType::TMPFS),
        tmpfs_options: tmpfs.size_limit.map(|limit| engine::MountTmpfsOptions {
            size_bytes: Some(bytes(limit)),
            ..engine::MountTmpfsOptions::default()
        }),
        ..engine::Mount::default()
    }
}

fn health_check(health: &ServiceHealth) -> engine::HealthConfig {
    let test = match &health.command {
        CommandLine::Shell(text) => vec!["CMD-SHELL".to_owned(), text.clone()],
        CommandLine::Exec(words) => {
            let head = std::iter::once("CMD".to_owned());
            head.chain(words.iter().cloned()).collect()
        }
    };
    engine::HealthConfig {
        test: Some(test),
        interval: Some(nanos(health.interval)),
        timeout: Some(nanos(health.timeout)),
        retries: Some(i64::from(health.retries)),
        start_period: health.start_period.map(nanos),
        ..engine::HealthConfig::default()
    }
}

type MemoryAndCpus = (Option<u64>, Option<i64>);

fn resources(limits: MemoryAndCpus, reservations: MemoryAndCpus) -> engine::TaskSpecResources {
    let bytes = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    engine::TaskSpecResources {
        limits: Some(engine::Limit {
            memory_bytes: limits.0.map(bytes),
            nano_cpus: limits.1,
            ..engine::Limit::default()
        }),
        reservations: Some(engine::ResourceObject {
            memory_bytes: reservations.0.map(bytes),
            nano_cpus: reservations.1,
            ..engine::ResourceObject::default()
        }),
        ..engine::TaskSpecResources::default()
    }
}

fn restart_policy(policy: &RestartPolicy) -> engine::TaskSpecRestartPolicy {
    use engine::TaskSpecRestartPolicyConditionEnum as Condition;
    let attempts = policy.max_attempts.unwrap_or_default();
    engine::TaskSpecRestartPolicy {
        condition: Some(match policy.condition {
            RestartCondition::None => Condition::NONE,
            RestartCondition::OnFailure => Condition::ON_FAILURE,
            RestartCondition::Any => Condition::ANY,
        }),
        delay: Some(nanos(policy.delay)),
        max_attempts: Some(i64::try_from(attempts).unwrap_or(i64::MAX)),
        window: Some(nanos(policy.window)),
    }
}

fn placement(constraints: &[String]) -> engine::TaskSpecPlacement {
    engine::TaskSpecPlacement {
        constraints: Some(constraints.to_vec()),
        ..engine::TaskSpecPlacement::default()
    }
}

#[expect(
    clippy::zero_sized_map_values,
    reason = "the model's type of an empty object"
)]
fn mode(spec: &ServiceSpec) -> engine::ServiceSpecMode {
    match spec.mode {
        ServiceMode::Replicated => replicated(spec.replicas),
        ServiceMode::Global => engine::ServiceSpecMode {
            global: Some(HashMap::new()),
            ..engine::ServiceSpecMode::default()
        },
    }
}

pub(super) fn replicated(replicas: u32) -> engine::ServiceSpecMode {
    engine::ServiceSpecMode {
        replicated: Some(engine::ServiceSpecModeReplicated {
            replicas: Some(i64::from(replicas)),
        }),
        ..engine::ServiceSpecMode::default()
    }
}

/// Always whole: what is left out of a present update configuration is zero, and a parallelism of zero is unlimited.
fn update_config(spec: &ServiceSpec) -> engine::ServiceSpecUpdateConfig {
    use engine::ServiceSpecUpdateConfigOrderEnum as Order;
    engine::ServiceSpecUpdateConfig {
        parallelism: Some(i64::from(spec.parallelism.max(1))),
        delay: Some(nanos(spec.delay)),
        // Swarm's own rollback is the net for when nobody else watches.
        failure_action: Some(engine::ServiceSpecUpdateConfigFailureActionEnum::ROLLBACK),
        monitor: Some(nanos(spec.monitor)),
        max_failure_ratio: Some(0.0),
        order: Some(match spec.order {
            UpdateOrder::StartFirst => Order::START_FIRST,
            UpdateOrder::StopFirst => Order::STOP_FIRST,
        }),
    }
}

fn rollback_config(spec: &ServiceSpec) -> engine::ServiceSpecRollbackConfig {
    use engine::ServiceSpecRollbackConfigOrderEnum as Order;
    engine::ServiceSpecRollbackConfig {
        parallelism: Some(i64::from(spec.parallelism.max(1))),
        delay: Some(nanos(spec.delay)),
        failure_action: Some(engine::ServiceSpecRollbackConfigFailureActionEnum::PAUSE),
        monitor: Some(nanos(spec.monitor)),
        max_failure_ratio: Some(0.0),
        order: Some(match spec.order {
            UpdateOrder::StartFirst => Order::START_FIRST,
            UpdateOrder::StopFirst => Order::STOP_FIRST,
        }),
    }
}

fn endpoint(mode: EndpointMode, ports: &[Port]) -> engine::EndpointSpec {
    engine::EndpointSpec {
        mode: Some(match mode {
            EndpointMode::Vip => engine::EndpointSpecModeEnum::VIP,
            EndpointMode::Dnsrr => engine::EndpointSpecModeEnum::DNSRR,
        }),
        ports: Some(ports.iter().map(port).collect()),
    }
}

fn port(port: &Port) -> engine::EndpointPortConfig {
    engine::EndpointPortConfig {
        protocol: Some(match port.protocol {
            Protocol::Tcp => engine::EndpointPortConfigProtocolEnum::TCP,
            Protocol::Udp => engine::EndpointPortConfigProtocolEnum::UDP,
        }),
        target_port: Some(i64::from(port.target)),
        published_port: port.published.map(i64::from),
        publish_mode: Some(match port.mode {
            PortMode::Ingress => engine::EndpointPortConfigPublishModeEnum::INGRESS,
            PortMode::Host => engine::EndpointPortConfigPublishModeEnum::HOST,
        }),
        ..engine::EndpointPortConfig::default()
    }
}

fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
