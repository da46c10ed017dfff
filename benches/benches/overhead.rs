//! What the engine itself costs: a whole deployment and a plan on parts that take no time, with a real SQLite file.

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use dokploy_core::deployment::Status;
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{ApplicationSpec, GitSource};
use dokploy_core::runtime::{FakeBehavior, FakeBuild, FakeRuntime, FakeTimings};
use dokploy_core::secret::Keyring;
use dokploy_core::source::{FakeSource, FakeTree};
use dokploy_core::store::{SqlStore, SqlStoreOptions};
use dokploy_core::{DeployRequest, Deployer, Engine, EngineOptions};
use tokio::runtime::Runtime;

const REPO_URL: &str = "https://git.example.com/hello.git";

struct Stage {
    engine: Engine,
    source: FakeSource,
    application: ApplicationId,
    _data: tempfile::TempDir,
}

async fn stage() -> Stage {
    let data = tempfile::tempdir().expect("a directory");
    let url = format!("sqlite://{}", data.path().join("dokploy.db").display());
    let store = SqlStore::open(&url, SqlStoreOptions::default())
        .await
        .expect("a store");
    let runtime = FakeRuntime::new();
    let none = Duration::ZERO;
    runtime.set_timings(FakeTimings {
        place: none,
        prepare: none,
        stop: none,
    });
    runtime.choose_behavior(|_| {
        Some(FakeBehavior::Healthy {
            after: Duration::ZERO,
        })
    });
    runtime.choose_build(|_| {
        Some(FakeBuild {
            duration: Duration::ZERO,
            ..FakeBuild::default()
        })
    });
    let source = FakeSource::new();
    source.commit(
        REPO_URL,
        "main",
        FakeTree::new().file("Dockerfile", "FROM scratch\n"),
    );
    let options = EngineOptions {
        starts_per_minute: u32::MAX,
        ..EngineOptions::default()
    };
    let engine = Engine::builder()
        .store(Arc::new(store))
        .runtime(Arc::new(runtime))
        .source(Arc::new(source.clone()))
        .keyring(Keyring::generate().expect("a key"))
        .data_dir(data.path())
        .options(options)
        .start()
        .await
        .expect("an engine");
    let project = engine.create_project("bench", "").await.expect("a project");
    let mut spec = ApplicationSpec::named("hello");
    spec.git_source = Some(GitSource::branch(REPO_URL, "main"));
    spec.update.monitor = Duration::ZERO;
    let application = engine
        .create_application(project.id, spec)
        .await
        .expect("an application")
        .id;
    Stage {
        engine,
        source,
        application,
        _data: data,
    }
}

impl Stage {
    async fn rounds(&self, rounds: u64) -> Duration {
        let mut total = Duration::ZERO;
        for _ in 0..rounds {
            let dockerfile = format!("FROM scratch\n# {:?}\n", Instant::now());
            self.source.commit(
                REPO_URL,
                "main",
                FakeTree::new().file("Dockerfile", dockerfile),
            );
            let start = Instant::now();
            let deployment = self
                .engine
                .deploy(DeployRequest::of(self.application))
                .await
                .expect("accepted");
            let done = deployment
                .wait(Duration::from_mins(1))
                .await
                .expect("it ends");
            total += start.elapsed();
            assert_eq!(done.state.status, Status::Success, "{:#?}", done.state);
        }
        total
    }
}

fn overhead(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let stage = runtime.block_on(stage());
    let mut group = criterion.benchmark_group("overhead");
    group.sample_size(20);
    group.bench_function("deployment", |bencher| {
        bencher.iter_custom(|rounds| runtime.block_on(stage.rounds(rounds)));
    });
    group.bench_function("plan", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| stage.engine.plan(DeployRequest::of(stage.application)));
    });
    group.finish();
    runtime.block_on(stage.engine.shutdown());
}

criterion_group!(benches, overhead);
criterion_main!(benches);
