//! What may be in a specification, and what may change.

use std::time::Duration;

use dokploy_core::ContainerRuntime;
use dokploy_core::conformance::runtime::{all_run, eventually, health};
use serde_json::json;

use super::{STEADY, shell, start};
use crate::engine::Engine;

#[tokio::test]
async fn mode_and_name_cannot_be_changed() {
    let Some(engine) = Engine::find() else { return };
    let spec = shell(&engine, "fixed", STEADY);
    start(&engine, &spec).await;
    let service = engine.service(&spec.name);
    let path = format!(
        "/services/{}/update?version={}",
        spec.name, service["Version"]["Index"]
    );
    let mut changed = service["Spec"].clone();
    changed["Mode"] = json!({"Global": {}});
    let (status, answer) = engine.ask("POST", &path, Some(&changed));
    assert!(status >= 400, "{answer}");
    let mut changed = service["Spec"].clone();
    changed["Name"] = json!(engine.name("renamed"));
    let (status, answer) = engine.ask("POST", &path, Some(&changed));
    assert!(status >= 400, "{answer}");
}

#[tokio::test]
async fn a_name_has_at_most_63_characters() {
    let Some(engine) = Engine::find() else { return };
    let long = |length: usize| {
        let mut spec = shell(&engine, "", STEADY);
        spec.name = format!("{:x<length$}", spec.name);
        spec
    };
    engine
        .runtime
        .apply_service(&long(63), None, None)
        .await
        .unwrap();
    let refused = engine
        .runtime
        .apply_service(&long(64), None, None)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "invalid_spec", "{refused:?}");
    let mut odd = shell(&engine, "odd", STEADY);
    odd.name.push_str("_/ä");
    let refused = engine
        .runtime
        .apply_service(&odd, None, None)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "invalid_spec", "{refused:?}");
}

#[tokio::test]
async fn a_health_check_waits_a_whole_interval_before_its_first_probe() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "interval", STEADY);
    let mut check = health(&["true"]);
    check.interval = Duration::from_secs(4);
    spec.health = Some(check);
    let started = std::time::Instant::now();
    engine
        .runtime
        .apply_service(&spec, None, None)
        .await
        .unwrap();
    eventually(&engine.runtime, &spec.name, all_run).await;
    assert!(
        started.elapsed() >= Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_secret_cannot_be_changed() {
    let Some(engine) = Engine::find() else { return };
    let name = engine.name("secret");
    let labels = std::collections::BTreeMap::new();
    engine
        .runtime
        .ensure_secret(&name, &"one".into(), &labels)
        .await
        .unwrap();
    let (_, secret) = engine.ask("GET", &format!("/secrets/{name}"), None);
    let mut spec = secret["Spec"].clone();
    spec["Data"] = json!("dHdv");
    let path = format!(
        "/secrets/{name}/update?version={}",
        secret["Version"]["Index"]
    );
    let (status, answer) = engine.ask("POST", &path, Some(&spec));
    assert!(status >= 400, "{answer}");
    let foreign = json!({"Name": engine.name("foreign"), "Data": "dHdv"});
    assert_eq!(engine.ask("POST", "/secrets/create", Some(&foreign)).0, 201);
    let name = engine.name("foreign");
    let refused = engine
        .runtime
        .ensure_secret(&name, &"one".into(), &labels)
        .await;
    assert_eq!(refused.unwrap_err().code(), "permission_denied");
}

#[tokio::test]
async fn the_networks_of_the_host_cannot_be_joined() {
    let Some(engine) = Engine::find() else { return };
    for network in ["host", "bridge", "none", "docker_gwbridge", "ingress"] {
        let mut spec = shell(&engine, "host", STEADY);
        spec.networks = vec![network.to_owned()];
        let refused = engine
            .runtime
            .apply_service(&spec, None, None)
            .await
            .unwrap_err();
        assert_eq!(
            refused.code(),
            "permission_denied",
            "{network}: {refused:?}"
        );
        let refused = engine.runtime.ensure_network(network).await.unwrap_err();
        assert_eq!(
            refused.code(),
            "permission_denied",
            "{network}: {refused:?}"
        );
    }
    // Nor by their identifier, which the engine would take for a name.
    let (_, host) = engine.ask("GET", "/networks/host", None);
    let mut spec = shell(&engine, "host", STEADY);
    spec.networks = vec![host["Id"].as_str().unwrap().to_owned()];
    let refused = engine
        .runtime
        .apply_service(&spec, None, None)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "not_found");
}

#[tokio::test]
async fn a_volume_that_is_a_directory_of_the_host_is_refused() {
    let Some(engine) = Engine::find() else { return };
    let name = engine.name("bind");
    let volume = json!({
        "Name": name, "Driver": "local",
        "DriverOpts": {"type": "none", "o": "bind", "device": "/etc"},
    });
    assert_eq!(engine.ask("POST", "/volumes/create", Some(&volume)).0, 201);
    let mut spec = shell(&engine, "bind", STEADY);
    spec.volumes = vec![dokploy_core::model::Volume {
        source: name,
        target: "/data".to_owned(),
        read_only: true,
    }];
    let refused = engine
        .runtime
        .apply_service(&spec, None, None)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "permission_denied");
}

#[tokio::test]
async fn what_is_asked_for_is_what_a_container_gets() {
    let Some(engine) = Engine::find() else { return };
    let line = "echo user=$(id -u); echo env=$KEY; echo secret=$(cat /run/secrets/KEY); \
        echo caps=$(grep CapEff /proc/self/status); touch /x && echo writable; \
        touch /tmp/x && echo tmpfs; touch /data/x && echo volume; exec sleep 3600";
    let mut spec = shell(&engine, "all", line);
    let secret = engine.name("key");
    let labels = std::collections::BTreeMap::new();
    engine
        .runtime
        .ensure_secret(&secret, &"hidden".into(), &labels)
        .await
        .unwrap();
    spec.secrets = vec![dokploy_core::runtime::SecretMount {
        secret_name: secret,
        file_name: "KEY".to_owned(),
    }];
    spec.env = vec![("KEY".to_owned(), "a value with $HOME and = in it".into())];
    spec.user = Some("65534:65534".to_owned());
    spec.drop_capabilities = vec!["ALL".to_owned()];
    spec.read_only_root = true;
    spec.tmpfs = vec![dokploy_core::model::Tmpfs {
        target: "/tmp".to_owned(),
        size_limit: Some(1),
    }];
    spec.volumes = vec![dokploy_core::model::Volume {
        source: engine.name("data"),
        target: "/data".to_owned(),
        read_only: true,
    }];
    spec.memory_limit = Some(32 << 20);
    spec.nano_cpus = Some(500_000_000);
    let service = start(&engine, &spec).await;
    let container = service.tasks[0].container.clone().unwrap();
    let (_, inspected) = engine.ask("GET", &format!("/containers/{container}/json"), None);
    let host = &inspected["HostConfig"];
    assert_eq!(host["Memory"], 32 << 20);
    assert_eq!(host["NanoCpus"], 500_000_000);
    assert_eq!(host["Privileged"], false);
    assert_eq!(host["ReadonlyRootfs"], true);
    let (_, volume) = engine.ask("GET", &format!("/volumes/{}", engine.name("data")), None);
    assert_eq!(volume["Labels"]["dokploy.managed"], "dokploy");
    let tail = wait_for_lines(&engine, &service.tasks[0].id, "tmpfs").await;
    assert_eq!(
        tail.iter()
            .filter(|line| !line.contains("touch:"))
            .collect::<Vec<_>>(),
        [
            "user=65534",
            "env=a value with $HOME and = in it",
            "secret=hidden",
            "caps=CapEff: 0000000000000000",
            "tmpfs",
        ]
    );
}

async fn wait_for_lines(engine: &Engine, task: &str, last: &str) -> Vec<String> {
    for _ in 0..100 {
        let tail = engine.runtime.task_tail(task, 20).await.unwrap();
        if tail.iter().any(|line| line == last) {
            return tail;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("task {task} does not write {last}");
}
