//! A whole deployment of a tiny repository, against the same steps done by hand with git and the engine's API.
//!
//! Both build with the classic builder, because that is what the engine's API offers without a session, label the image,
//! put the service into the same network, and wait until Swarm says that the new task is healthy (a probe every second)
//! and wants no other one. Needs the test environment.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::models::{
    EndpointSpec, EndpointSpecModeEnum, HealthConfig, NetworkAttachmentConfig, ServiceSpec,
    ServiceSpecMode, ServiceSpecModeReplicated, ServiceSpecUpdateConfig,
    ServiceSpecUpdateConfigOrderEnum, TaskSpec, TaskSpecContainerSpec, TaskState,
};
use bollard::query_parameters::{
    BuildImageOptionsBuilder, ListTasksOptionsBuilder, UpdateServiceOptionsBuilder,
};
use criterion::{Criterion, criterion_group, criterion_main};
use dokploy_core::deployment::Status;
use dokploy_core::id::ApplicationId;
use dokploy_core::{DeployRequest, Deployer, Engine};
use dokploy_tests::assembly::{Assembly, web_application};
use dokploy_tests::environment::Environment;
use dokploy_tests::repository::{Repository, SERVE};
use futures::TryStreamExt;
use tokio::runtime::Runtime;

/// The network that the engine of the tests puts every application in, and that it makes.
const NETWORK: &str = "dokploy-tests";

/// How many labels an image gets.
const LABELS: usize = 6;

/// Longest a deployment may take.
const DEADLINE: Duration = Duration::from_mins(1);

fn deployments(criterion: &mut Criterion) {
    let Some(environment) = Environment::find() else {
        return;
    };
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("deployment");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(40));
    let engine = runtime.block_on(ByEngine::new(&environment));
    let hand = runtime.block_on(ByHand::new(&environment));
    group.bench_function("by_hand", |bencher| {
        bencher.iter_custom(|rounds| runtime.block_on(hand.rounds(rounds)));
    });
    group.bench_function("engine", |bencher| {
        bencher.iter_custom(|rounds| runtime.block_on(engine.rounds(rounds)));
    });
    group.finish();
    runtime.block_on(hand.remove());
    runtime.block_on(engine.remove());
}

struct ByEngine {
    engine: Engine,
    application: ApplicationId,
    repository: Repository,
    base_image: String,
    _data: tempfile::TempDir,
}

impl ByEngine {
    async fn new(environment: &Environment) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let assembly = Assembly {
            lease_millis: 30_000,
            ..Assembly::sqlite(&environment.docker_host, data.path().to_path_buf())
        };
        let engine = assembly.start(None).await.expect("an engine");
        let repository = Repository::new().await.expect("git");
        let name = format!("bench-{}", std::process::id());
        let mut spec = web_application(&name, &repository.url());
        spec.build_memory_limit = Some(512);
        spec.update.monitor = Duration::ZERO;
        spec.health_check.as_mut().expect("it has one").interval = Duration::from_secs(1);
        let project = engine.create_project(&name, "").await.expect("a project");
        let application = engine
            .create_application(project.id, spec)
            .await
            .expect("an application");
        let base_image = environment.base_image.clone();
        let by = Self {
            engine,
            application: application.id,
            repository,
            base_image,
            _data: data,
        };
        by.rounds(1).await;
        by
    }

    async fn rounds(&self, rounds: u64) -> Duration {
        let mut total = Duration::ZERO;
        for _ in 0..rounds {
            commit(&self.repository, &self.base_image).await;
            let start = Instant::now();
            let handle = self
                .engine
                .deploy(DeployRequest::of(self.application))
                .await
                .expect("accepted");
            let done = handle.wait(DEADLINE).await.expect("it ends");
            total += start.elapsed();
            assert_eq!(done.state.status, Status::Success, "{:#?}", done.state);
        }
        total
    }

    async fn remove(self) {
        self.engine
            .delete_application(self.application)
            .await
            .expect("deleted");
        self.engine.shutdown().await;
    }
}

struct ByHand {
    docker: Docker,
    name: String,
    repository: Repository,
    base_image: String,
}

impl ByHand {
    async fn new(environment: &Environment) -> Self {
        let socket = environment.docker_host.trim_start_matches("unix://");
        let docker = Docker::connect_with_unix(socket, 60, bollard::API_DEFAULT_VERSION)
            .expect("an engine")
            .negotiate_version()
            .await
            .expect("a version");
        let name = format!("hand-{}", std::process::id());
        let base_image = environment.base_image.clone();
        let repository = Repository::new().await.expect("git");
        let hand = Self {
            docker,
            name,
            repository,
            base_image,
        };
        commit(&hand.repository, &hand.base_image).await;
        let image = hand.clone_and_build().await;
        hand.docker
            .create_service(hand.spec(&image), None)
            .await
            .expect("created");
        hand.wait(&image).await;
        hand
    }

    async fn rounds(&self, rounds: u64) -> Duration {
        let mut total = Duration::ZERO;
        for _ in 0..rounds {
            commit(&self.repository, &self.base_image).await;
            let start = Instant::now();
            let image = self.clone_and_build().await;
            let current = self
                .docker
                .inspect_service(&self.name, None)
                .await
                .expect("a service");
            let version = current
                .version
                .and_then(|version| version.index)
                .unwrap_or_default();
            let options = UpdateServiceOptionsBuilder::new()
                .version(i32::try_from(version).expect("a small number"))
                .build();
            self.docker
                .update_service(&self.name, self.spec(&image), options, None)
                .await
                .expect("updated");
            self.wait(&image).await;
            total += start.elapsed();
        }
        total
    }

    async fn clone_and_build(&self) -> String {
        let checkout = tempfile::tempdir().expect("a directory");
        let cloned = tokio::process::Command::new("git")
            .args(["clone", "--quiet", "--depth", "1", &self.repository.url()])
            .arg(checkout.path().join("source"))
            .status()
            .await;
        assert!(cloned.expect("git").success(), "cloned");
        let context = archive(&checkout.path().join("source"));
        let image = format!("{}:{}", self.name, context.len() + black_box(0));
        // The classic builder commits a layer for each label: as many as the engine finds its images again by.
        let names = (1..=LABELS).map(|number| format!("hand.label-{number}"));
        let names: Vec<_> = names.collect();
        let labels: HashMap<_, _> = names
            .iter()
            .map(|name| (name.as_str(), self.name.as_str()))
            .collect();
        let options = BuildImageOptionsBuilder::new()
            .t(&image)
            .labels(&labels)
            .memory(512 * 1024 * 1024)
            .rm(true)
            .build();
        let body = bollard::body_full(context.into());
        let built: Vec<_> = self
            .docker
            .build_image(options, None, Some(body))
            .try_collect()
            .await
            .expect("built");
        black_box(built);
        let built = self.docker.inspect_image(&image).await.expect("an image");
        built.id.expect("an id")
    }

    fn spec(&self, image: &str) -> ServiceSpec {
        let probe = [
            "CMD",
            "/bin/busybox",
            "wget",
            "-q",
            "-O",
            "-",
            "http://127.0.0.1:8080/",
        ];
        let nanos = |seconds: i64| Some(seconds * 1_000_000_000);
        ServiceSpec {
            name: Some(self.name.clone()),
            task_template: Some(TaskSpec {
                container_spec: Some(TaskSpecContainerSpec {
                    image: Some(image.to_owned()),
                    stop_grace_period: nanos(1),
                    health_check: Some(HealthConfig {
                        test: Some(probe.map(str::to_owned).to_vec()),
                        interval: nanos(1),
                        timeout: nanos(5),
                        retries: Some(3),
                        ..HealthConfig::default()
                    }),
                    ..TaskSpecContainerSpec::default()
                }),
                networks: Some(vec![NetworkAttachmentConfig {
                    target: Some(NETWORK.to_owned()),
                    ..NetworkAttachmentConfig::default()
                }]),
                ..TaskSpec::default()
            }),
            mode: Some(ServiceSpecMode {
                replicated: Some(ServiceSpecModeReplicated { replicas: Some(1) }),
                ..ServiceSpecMode::default()
            }),
            update_config: Some(ServiceSpecUpdateConfig {
                parallelism: Some(1),
                order: Some(ServiceSpecUpdateConfigOrderEnum::START_FIRST),
                ..ServiceSpecUpdateConfig::default()
            }),
            endpoint_spec: Some(EndpointSpec {
                mode: Some(EndpointSpecModeEnum::DNSRR),
                ..EndpointSpec::default()
            }),
            ..ServiceSpec::default()
        }
    }

    /// Until the new task runs, which with a health check means that it is healthy, and no other one is wanted.
    async fn wait(&self, image: &str) {
        let filters = HashMap::from([("service", vec![self.name.as_str()])]);
        loop {
            let options = ListTasksOptionsBuilder::new().filters(&filters).build();
            let tasks = self.docker.list_tasks(Some(options)).await.expect("tasks");
            let wanted = tasks
                .iter()
                .filter(|task| task.desired_state == Some(TaskState::RUNNING));
            let states: Vec<_> = wanted
                .map(|task| {
                    let container = task
                        .spec
                        .as_ref()
                        .and_then(|spec| spec.container_spec.as_ref());
                    let new = container.and_then(|spec| spec.image.as_deref()) == Some(image);
                    let state = task.status.as_ref().and_then(|status| status.state);
                    new && state == Some(TaskState::RUNNING)
                })
                .collect();
            if !states.is_empty() && states.iter().all(|healthy| *healthy) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn remove(self) {
        self.docker
            .delete_service(&self.name)
            .await
            .expect("deleted");
    }
}

/// A commit that was never there before.
async fn commit(repository: &Repository, base_image: &str) {
    let text = format!("{:?}", Instant::now());
    repository
        .commit_application(base_image, &text, SERVE)
        .await
        .expect("a commit");
}

fn archive(directory: &Path) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for name in ["Dockerfile", "index.html"] {
        archive
            .append_path_with_name(directory.join(name), name)
            .expect("a file");
    }
    archive.into_inner().expect("an archive")
}

criterion_group!(benches, deployments);
criterion_main!(benches);
