//! What every [`ContainerRuntime`](crate::runtime::ContainerRuntime) has to do.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::{EndpointMode, RestartPolicy, ServiceMode, UpdateOrder};
use crate::runtime::{ServiceSpec, label};

/// A specification of one task with short times and nothing published, to be changed by tests.
pub fn service(name: &str, image: &str) -> ServiceSpec {
    let ours = BTreeMap::from([(label::MANAGED_BY.to_owned(), label::OURS.to_owned())]);
    ServiceSpec {
        name: name.to_owned(),
        labels: ours.clone(),
        container_labels: ours,
        image: image.to_owned(),
        command: None,
        env: Vec::new(),
        secrets: Vec::new(),
        mode: ServiceMode::Replicated,
        replicas: 1,
        ports: Vec::new(),
        volumes: Vec::new(),
        tmpfs: Vec::new(),
        health: None,
        memory_limit: None,
        nano_cpus: None,
        memory_reservation: None,
        nano_cpus_reservation: None,
        restart: RestartPolicy {
            delay: Duration::from_secs(1),
            ..RestartPolicy::default()
        },
        networks: Vec::new(),
        endpoint_mode: EndpointMode::Dnsrr,
        constraints: Vec::new(),
        user: None,
        drop_capabilities: Vec::new(),
        read_only_root: false,
        init: false,
        stop_grace: Duration::from_secs(1),
        order: UpdateOrder::StartFirst,
        parallelism: 1,
        delay: Duration::ZERO,
        monitor: Duration::from_secs(5),
    }
}
