use super::*;
use crate::model::{
    Domain, EnvDelivery, EnvValue, EnvVar, GitSource, HealthCheck, Port, PortMode, Protocol,
    ServiceMode, Tmpfs, UpdateOrder, Volume,
};
use crate::secret::SealedSecret;

fn sound() -> ApplicationSpec {
    ApplicationSpec {
        image: Some("nginx:1.27".to_owned()),
        ..ApplicationSpec::named("web")
    }
}

/// The fields that are refused after a change to a sound specification.
fn fields_after(change: impl FnOnce(&mut ApplicationSpec)) -> Vec<String> {
    let mut spec = sound();
    change(&mut spec);
    match spec.validate() {
        Ok(()) => Vec::new(),
        Err(error) => error.violations().iter().map(|v| v.field.clone()).collect(),
    }
}

fn port(target: u16, published: Option<u16>, mode: PortMode) -> Port {
    Port {
        target,
        published,
        mode,
        protocol: Protocol::Tcp,
    }
}

fn volume(source: &str, target: &str) -> Volume {
    Volume {
        source: source.to_owned(),
        target: target.to_owned(),
        read_only: false,
    }
}

fn plain(key: &str, value: &str) -> EnvVar {
    EnvVar {
        key: key.to_owned(),
        value: EnvValue::Plain(value.to_owned()),
        delivery: EnvDelivery::Env,
    }
}

fn domain(host: &str) -> Domain {
    Domain {
        host: host.to_owned(),
        port: 80,
        path: None,
        https: false,
        certificate_resolver: None,
        redirect_www: false,
    }
}

#[test]
fn the_defaults_are_sound() {
    sound().validate().unwrap();
}

#[test]
fn every_broken_rule_is_reported_at_once() {
    let fields = fields_after(|spec| {
        spec.name = "Web".to_owned();
        spec.image = Some("NGINX".to_owned());
        spec.replicas = 0;
        spec.env_vars = vec![plain("A", "1"), plain("A", "2"), plain("9", "\0")];
        spec.ports = vec![
            port(0, Some(80), PortMode::Ingress),
            port(1, Some(80), PortMode::Host),
        ];
        spec.user = Some("-".to_owned());
    });
    assert_eq!(
        fields,
        [
            "name",
            "image",
            "envVars[1].key",
            "envVars[2].key",
            "envVars[2].value",
            "ports[0].target",
            "ports[1].published",
            "replicas",
            "user",
        ]
    );
}

#[test]
fn exactly_one_source_is_expected() {
    assert_eq!(fields_after(|spec| spec.image = None), ["gitSource"]);
    let two = fields_after(|spec| spec.directory = Some("/srv/app".into()));
    assert_eq!(two, ["gitSource"]);
    let relative = fields_after(|spec| {
        spec.image = None;
        spec.directory = Some("/srv/../etc".into());
    });
    assert_eq!(relative, ["directory"]);
}

#[test]
fn a_refused_git_url_is_not_repeated() {
    let mut spec = ApplicationSpec::named("web");
    spec.git_source = Some(GitSource {
        repo_url: "https://user:hunter2@example.com/a".to_owned(),
        branch: Some("--upload-pack=x".to_owned()),
        credential_id: None,
        submodules: false,
        watch_paths: vec!["../**".to_owned()],
    });
    let error = spec.validate().unwrap_err();
    let fields: Vec<_> = error
        .violations()
        .iter()
        .map(|v| v.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "gitSource.repoUrl",
            "gitSource.branch",
            "gitSource.watchPaths[0]"
        ]
    );
    assert!(!error.to_string().contains("hunter2"), "{error}");
}

#[test]
fn a_build_stays_within_its_source() {
    let fields = fields_after(|spec| {
        spec.dockerfile = "../Dockerfile".to_owned();
        spec.context = "/".to_owned();
        spec.target = Some("a b".to_owned());
        spec.build_args.insert("A=B".to_owned(), String::new());
        let secret = EnvValue::Plain("x\0".to_owned());
        spec.build_secrets.insert("npm".to_owned(), secret.clone());
        spec.build_secrets.insert("a,b".to_owned(), secret);
        spec.build_memory_limit = Some(1);
        spec.build_cpu_limit = Some(f64::NAN);
        spec.registry = Some("https://registry.example.com".to_owned());
    });
    let expected = [
        "registry",
        "dockerfile",
        "context",
        "target",
        "buildArgs",
        "buildSecrets",
        "buildSecrets.npm",
        "buildMemoryLimit",
        "buildCpuLimit",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn a_writable_volume_means_one_task_and_stop_first() {
    let writable = |spec: &mut ApplicationSpec| spec.volumes = vec![volume("data", "/data")];
    assert!(fields_after(writable).is_empty());
    let two = fields_after(|spec| {
        writable(spec);
        spec.replicas = 2;
        spec.update.order = Some(UpdateOrder::StartFirst);
    });
    assert_eq!(two, ["replicas", "update.order"]);
    let global = fields_after(|spec| {
        writable(spec);
        spec.mode = ServiceMode::Global;
    });
    assert_eq!(global, ["mode"]);
    let read_only = fields_after(|spec| {
        writable(spec);
        spec.volumes[0].read_only = true;
        spec.replicas = 2;
        spec.update.order = Some(UpdateOrder::StartFirst);
    });
    assert!(read_only.is_empty());
}

#[test]
fn nothing_of_the_host_can_be_mounted() {
    for source in [
        "/",
        "/var/run/docker.sock",
        "./data",
        "../data",
        "~",
        "a",
        "C:\\x",
        "",
    ] {
        let fields = fields_after(|spec| spec.volumes = vec![volume(source, "/data")]);
        assert_eq!(fields, ["volumes[0].source"], "{source}");
    }
    for target in [
        "data",
        "/",
        "/proc/sys",
        "/sys",
        "/dev/sda",
        "/run/secrets/a",
        "/a/../etc",
    ] {
        let fields = fields_after(|spec| spec.volumes = vec![volume("data", target)]);
        assert_eq!(fields, ["volumes[0].target"], "{target}");
    }
    let twice = fields_after(|spec| {
        spec.volumes = vec![volume("data", "/data")];
        spec.tmpfs = vec![
            Tmpfs {
                target: "/data".to_owned(),
                size_limit: Some(0),
            },
            Tmpfs {
                target: "/dev/shm".to_owned(),
                size_limit: None,
            },
        ];
    });
    assert_eq!(twice, ["tmpfs[0].target", "tmpfs[0].sizeLimit"]);
}

#[test]
fn a_host_port_forbids_start_first() {
    let fields = fields_after(|spec| {
        spec.ports = vec![port(80, Some(8080), PortMode::Host)];
        spec.update.order = Some(UpdateOrder::StartFirst);
    });
    assert_eq!(fields, ["update.order"]);
}

#[test]
fn ports_that_cannot_be_published_are_refused() {
    let twice = fields_after(|spec| {
        spec.ports = vec![
            port(80, None, PortMode::Ingress),
            port(80, None, PortMode::Ingress),
            Port {
                protocol: Protocol::Udp,
                ..port(80, None, PortMode::Ingress)
            },
            port(81, Some(0), PortMode::Host),
        ];
    });
    assert_eq!(twice, ["ports[1].target", "ports[3].published"]);
    let dnsrr = fields_after(|spec| {
        spec.ports = vec![port(80, Some(80), PortMode::Ingress)];
        spec.endpoint_mode = crate::model::EndpointMode::Dnsrr;
    });
    assert_eq!(dnsrr, ["ports[0].mode"]);
}

#[test]
fn labels_of_others_are_refused() {
    for key in [
        "dokploy.managed",
        "DOKPLOY.x",
        "com.docker.stack.namespace",
        "traefik.enable",
        "traefik",
        "a b",
        "",
    ] {
        let fields = fields_after(|spec| {
            spec.labels.insert(key.to_owned(), "x".to_owned());
        });
        assert_eq!(fields.len(), 1, "{key}");
    }
    let fine = fields_after(|spec| {
        spec.labels.insert("team".to_owned(), "a".to_owned());
        spec.labels
            .insert("dokployment.x/y".to_owned(), "a".to_owned());
    });
    assert!(fine.is_empty());
}

#[test]
fn domains_cannot_leave_their_rule() {
    for host in ["*.example.com", "a`) || Host(`b", "a b", "", "a|b", "a,b"] {
        let fields = fields_after(|spec| spec.domains = vec![domain(host)]);
        assert_eq!(fields, ["domains[0].host"], "{host}");
    }
    let fields = fields_after(|spec| {
        spec.domains = vec![
            Domain {
                path: Some("/a`)".to_owned()),
                port: 0,
                certificate_resolver: Some("le ts".to_owned()),
                redirect_www: true,
                ..domain("www.example.com")
            },
            domain("example.com"),
            domain("EXAMPLE.com"),
        ];
    });
    let expected = [
        "domains[0].port",
        "domains[0].path",
        "domains[0].certificateResolver",
        "domains[0].certificateResolver",
        "domains[0].redirectWww",
        "domains[2].host",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn networks_of_the_engine_are_refused() {
    for name in [
        "host",
        "none",
        "bridge",
        "ingress",
        "docker_gwbridge",
        "container:x",
        "own",
    ] {
        let fields = fields_after(|spec| spec.networks = vec!["own".to_owned(), name.to_owned()]);
        assert_eq!(fields, ["networks[1]"], "{name}");
    }
}

#[test]
fn capabilities_constraints_and_commands_are_checked() {
    let fields = fields_after(|spec| {
        spec.drop_capabilities = ["NET_RAW", "CAP_NET_RAW", "net_raw"]
            .map(str::to_owned)
            .to_vec();
        spec.constraints = vec!["node.role==manager".to_owned(), "role=manager".to_owned()];
        spec.command = Some(Vec::new());
        spec.release_command = Some(CommandLine::Shell(" ".to_owned()));
        spec.health_check = Some(HealthCheck {
            interval: Duration::ZERO,
            retries: 0,
            ..HealthCheck::new(CommandLine::Exec(vec!["true".to_owned(), "\0".to_owned()]))
        });
    });
    let expected = [
        "command",
        "releaseCommand",
        "healthCheck.command[1]",
        "healthCheck.interval",
        "healthCheck.retries",
        "constraints[1]",
        "dropCapabilities[1]",
        "dropCapabilities[2]",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn resources_and_times_have_bounds() {
    let fields = fields_after(|spec| {
        spec.memory_limit = Some(64);
        spec.memory_reservation = Some(128);
        spec.cpu_limit = Some(-1.0);
        spec.cpu_reservation = Some(f64::INFINITY);
        spec.stop_grace = Duration::from_hours(2);
        spec.update.parallelism = 0;
        spec.update.monitor = Duration::from_mins(1);
        spec.deadlines.build = Duration::ZERO;
        spec.deadlines.total = Duration::from_mins(1);
    });
    let expected = [
        "cpuLimit",
        "cpuReservation",
        "memoryReservation",
        "cpuReservation",
        "stopGrace",
        "update.parallelism",
        "deadlines.build",
        "update.monitor",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn an_empty_secret_file_and_too_much_environment_are_refused() {
    let empty = SealedSecret {
        key_id: "one".to_owned(),
        sealed: base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [0; 28]),
    };
    let fields = fields_after(|spec| {
        spec.env_vars = vec![EnvVar {
            key: "TOKEN".to_owned(),
            value: EnvValue::Sealed(empty),
            delivery: EnvDelivery::File,
        }];
    });
    assert_eq!(fields, ["envVars[0].value"]);
    let large = "x".repeat(60 * 1024);
    let fields = fields_after(|spec| {
        spec.env_vars = (0..9).map(|n| plain(&format!("A{n}"), &large)).collect();
    });
    assert_eq!(fields, ["envVars"]);
}

#[test]
fn a_flood_of_entries_gives_a_short_answer() {
    let fields = fields_after(|spec| spec.networks = vec!["host".to_owned(); 100_000]);
    assert!(fields.len() <= 1 + 2 * ENTRIES_MAX);
    assert_eq!(fields[0], "networks");
}

#[test]
fn a_request_names_a_branch_and_a_whole_commit() {
    let request = |branch: &str, commit: &str, title: &str| {
        let request = DeploymentRequest {
            branch: Some(branch.to_owned()),
            commit_sha: Some(commit.to_owned()),
            title: Some(title.to_owned()),
            ..DeploymentRequest::default()
        };
        request.validate().map_err(|error| error.violations().len())
    };
    assert_eq!(request("main", &"a".repeat(40), "Fix it"), Ok(()));
    assert_eq!(request("-x", "abc", "a\nb"), Err(3));
}
