use serde_json::{Value, json};

use super::*;

fn known() -> Known {
    Known {
        secrets: BTreeMap::from([("shop-key-1".to_owned(), "s1".to_owned())]),
        networks: BTreeMap::from([("front".to_owned(), "n1".to_owned())]),
    }
}

fn bare() -> ServiceSpec {
    ServiceSpec {
        name: "shop".to_owned(),
        labels: BTreeMap::new(),
        container_labels: BTreeMap::new(),
        image: "shop@sha256:1".to_owned(),
        command: None,
        env: Vec::new(),
        secrets: Vec::new(),
        mode: ServiceMode::Replicated,
        replicas: 2,
        ports: Vec::new(),
        volumes: Vec::new(),
        tmpfs: Vec::new(),
        health: None,
        memory_limit: None,
        nano_cpus: None,
        memory_reservation: None,
        nano_cpus_reservation: None,
        restart: RestartPolicy::default(),
        networks: Vec::new(),
        endpoint_mode: EndpointMode::Vip,
        constraints: Vec::new(),
        user: None,
        drop_capabilities: Vec::new(),
        read_only_root: false,
        init: false,
        stop_grace: Duration::from_secs(30),
        order: UpdateOrder::StartFirst,
        parallelism: 1,
        delay: Duration::from_secs(10),
        monitor: Duration::from_secs(30),
    }
}

fn full() -> ServiceSpec {
    ServiceSpec {
        labels: BTreeMap::from([("team".to_owned(), "red".to_owned())]),
        container_labels: BTreeMap::from([("dokploy.deployment".to_owned(), "d1".to_owned())]),
        command: Some(vec!["serve".to_owned(), "--fast".to_owned()]),
        env: vec![
            ("B".to_owned(), Secret::new("2 = two")),
            ("A".to_owned(), Secret::new("1")),
        ],
        secrets: vec![SecretMount {
            secret_name: "shop-key-1".to_owned(),
            file_name: "KEY".to_owned(),
        }],
        ports: vec![
            Port {
                target: 80,
                published: Some(8080),
                mode: PortMode::Host,
                protocol: Protocol::Tcp,
            },
            Port {
                target: 53,
                published: None,
                mode: PortMode::Ingress,
                protocol: Protocol::Udp,
            },
        ],
        volumes: vec![Volume {
            source: "data".to_owned(),
            target: "/data".to_owned(),
            read_only: true,
        }],
        tmpfs: vec![Tmpfs {
            target: "/tmp".to_owned(),
            size_limit: Some(64),
        }],
        health: Some(ServiceHealth {
            command: CommandLine::Shell("true".to_owned()),
            interval: Duration::from_secs(1),
            timeout: Duration::from_millis(1500),
            retries: 4,
            start_period: Some(Duration::from_secs(9)),
        }),
        memory_limit: Some(256 << 20),
        nano_cpus: Some(500_000_000),
        memory_reservation: Some(64 << 20),
        nano_cpus_reservation: Some(250_000_000),
        networks: vec!["front".to_owned()],
        constraints: vec!["node.labels.disk==ssd".to_owned()],
        user: Some("1000:1000".to_owned()),
        drop_capabilities: vec!["ALL".to_owned()],
        read_only_root: true,
        init: true,
        order: UpdateOrder::StopFirst,
        ..bare()
    }
}

fn converted(spec: &ServiceSpec, forced: u64) -> Value {
    serde_json::to_value(service(spec, &known(), forced).unwrap()).unwrap()
}

#[test]
fn a_full_specification_becomes_exactly_this() {
    let policy = |failure: &str| {
        json!({
            "Parallelism": 1, "Delay": 10_000_000_000_i64, "FailureAction": failure,
            "Monitor": 30_000_000_000_i64, "MaxFailureRatio": 0.0, "Order": "stop-first",
        })
    };
    let expected = json!({
        "Name": "shop",
        "Labels": {"dokploy.managed": "dokploy", "team": "red"},
        "Mode": {"Replicated": {"Replicas": 2}},
        "UpdateConfig": policy("rollback"),
        "RollbackConfig": policy("pause"),
        "EndpointSpec": {"Mode": "vip", "Ports": [
            {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 8080, "PublishMode": "host"},
            {"Protocol": "udp", "TargetPort": 53, "PublishMode": "ingress"},
        ]},
        "TaskTemplate": {
            "Runtime": "container",
            "ForceUpdate": 7,
            "Networks": [{"Target": "n1"}],
            "Placement": {"Constraints": ["node.labels.disk==ssd"]},
            "Resources": {
                "Limits": {"NanoCPUs": 500_000_000, "MemoryBytes": 256 << 20},
                "Reservations": {"NanoCPUs": 250_000_000, "MemoryBytes": 64 << 20},
            },
            "RestartPolicy": {
                "Condition": "on-failure", "Delay": 5_000_000_000_i64, "MaxAttempts": 3,
                "Window": 120_000_000_000_i64,
            },
            "ContainerSpec": {
                "Image": "shop@sha256:1",
                "Labels": {"dokploy.managed": "dokploy", "dokploy.deployment": "d1"},
                "Args": ["serve", "--fast"],
                "Env": ["B=2 = two", "A=1"],
                "User": "1000:1000",
                "ReadOnly": true,
                "Init": true,
                "CapabilityDrop": ["ALL"],
                "StopGracePeriod": 30_000_000_000_i64,
                "Secrets": [{
                    "SecretID": "s1", "SecretName": "shop-key-1",
                    "File": {"Name": "KEY", "UID": "0", "GID": "0", "Mode": 0o444},
                }],
                "Mounts": [
                    {
                        "Type": "volume", "Source": "data", "Target": "/data", "ReadOnly": true,
                        "VolumeOptions": {"Labels": {"dokploy.managed": "dokploy"}},
                    },
                    {"Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": {"SizeBytes": 64 << 20}},
                ],
                "HealthCheck": {
                    "Test": ["CMD-SHELL", "true"], "Interval": 1_000_000_000,
                    "Timeout": 1_500_000_000, "Retries": 4, "StartPeriod": 9_000_000_000_i64,
                },
            },
        },
    });
    assert_eq!(converted(&full(), 7), expected);
}

#[test]
fn a_bare_specification_sends_no_field_that_was_not_set() {
    let value = converted(&bare(), 0);
    let container = value["TaskTemplate"]["ContainerSpec"].as_object().unwrap();
    let mut fields: Vec<_> = container.keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "Env",
            "Image",
            "Labels",
            "Mounts",
            "Secrets",
            "StopGracePeriod"
        ]
    );
}

#[test]
fn an_update_configuration_never_has_an_unlimited_parallelism() {
    let spec = ServiceSpec {
        parallelism: 0,
        ..bare()
    };
    let value = converted(&spec, 0);
    assert_eq!(value["UpdateConfig"]["Parallelism"], 1);
    assert_eq!(value["RollbackConfig"]["Parallelism"], 1);
}

#[test]
fn a_global_service_has_no_number_of_tasks() {
    let spec = ServiceSpec {
        mode: ServiceMode::Global,
        ..bare()
    };
    assert_eq!(converted(&spec, 0)["Mode"], json!({"Global": {}}));
}

#[test]
fn a_health_check_in_words_needs_no_shell() {
    let mut spec = full();
    if let Some(health) = &mut spec.health {
        health.command = CommandLine::Exec(vec!["/probe".to_owned(), "-q".to_owned()]);
    }
    let value = converted(&spec, 0);
    let test = &value["TaskTemplate"]["ContainerSpec"]["HealthCheck"]["Test"];
    assert_eq!(*test, json!(["CMD", "/probe", "-q"]));
}

#[test]
fn a_path_is_no_volume() {
    for source in ["/", "/etc", "../x", ".", "a/b", "", "C:\\", "-v", "a:b"] {
        let spec = ServiceSpec {
            volumes: vec![Volume {
                source: source.to_owned(),
                target: "/data".to_owned(),
                read_only: false,
            }],
            ..bare()
        };
        let error = service(&spec, &known(), 0).unwrap_err();
        assert_eq!(error.code(), "invalid_spec", "{source}");
    }
}

#[test]
fn a_secret_stays_in_its_folder() {
    for file_name in ["/etc/passwd", "../x", "a/b", ""] {
        let mut spec = full();
        spec.secrets[0].file_name = file_name.to_owned();
        let error = service(&spec, &known(), 0).unwrap_err();
        assert_eq!(error.code(), "invalid_spec", "{file_name}");
    }
}

#[test]
fn what_is_not_known_by_identifier_is_not_sent_by_name() {
    let error = service(&full(), &Known::default(), 0).unwrap_err();
    assert_eq!(error.code(), "not_found");
}

#[test]
fn nothing_in_a_specification_gives_power_over_the_host() {
    let text = converted(&full(), 0).to_string();
    for word in [
        "Privileges",
        "bind",
        "npipe",
        "Devices",
        "CapabilityAdd",
        "Sysctls",
        "Ulimits",
        "docker.sock",
        "Isolation",
        "OomScoreAdj",
        "Hosts",
        "TTY",
        "DriverConfig",
        "PluginSpec",
        "Configs",
    ] {
        assert!(!text.contains(&format!("\"{word}\"")), "{word} in {text}");
    }
}

#[test]
fn a_one_off_task_is_never_started_again_and_runs_its_words_as_they_are() {
    let spec = TaskSpec {
        name: "shop-release-1".to_owned(),
        labels: BTreeMap::new(),
        image: "shop@sha256:1".to_owned(),
        command: CommandLine::Exec(vec!["migrate".to_owned(), "$HOME; rm".to_owned()]),
        env: vec![("A".to_owned(), Secret::new("1"))],
        secrets: Vec::new(),
        networks: vec!["front".to_owned()],
        volumes: Vec::new(),
        user: Some("nobody".to_owned()),
        memory_limit: Some(1 << 20),
        constraints: vec!["node.role==worker".to_owned()],
        credential: None,
    };
    let expected = json!({
        "Name": "shop-release-1",
        "Labels": {"dokploy.managed": "dokploy"},
        "Mode": {"Replicated": {"Replicas": 1}},
        "EndpointSpec": {"Mode": "dnsrr", "Ports": []},
        "TaskTemplate": {
            "Runtime": "container",
            "Networks": [{"Target": "n1"}],
            "Placement": {"Constraints": ["node.role==worker"]},
            "Resources": {"Limits": {"MemoryBytes": 1 << 20}, "Reservations": {}},
            "RestartPolicy": {"Condition": "none", "MaxAttempts": 0},
            "ContainerSpec": {
                "Image": "shop@sha256:1",
                "Labels": {"dokploy.managed": "dokploy"},
                "Command": ["migrate", "$HOME; rm"],
                "Env": ["A=1"],
                "User": "nobody",
                "Secrets": [],
                "Mounts": [],
                "HealthCheck": {"Test": ["NONE"]},
                "StopGracePeriod": 5_000_000_000_i64,
            },
        },
    });
    let value = serde_json::to_value(task(&spec, &known()).unwrap()).unwrap();
    assert_eq!(value, expected);
    let shell = TaskSpec {
        command: CommandLine::Shell("a && b".to_owned()),
        ..spec
    };
    let value = serde_json::to_value(task(&shell, &known()).unwrap()).unwrap();
    let command = &value["TaskTemplate"]["ContainerSpec"]["Command"];
    assert_eq!(*command, json!(["/bin/sh", "-c", "a && b"]));
}
