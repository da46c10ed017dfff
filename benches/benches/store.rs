//! The store against the same statements by hand, and against its own history.
//!
//! `append` and `claim`: `raw` runs the statements of the store with sqlx and nothing else; the store should reach at
//! least 0.7 of it. `list` and `claim` at 1,000 and at 100,000 deployments should take the same time.
//! PostgreSQL is measured where `DOKPLOY_TEST_POSTGRES_URL` names a server.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a bench fails by panicking, and says what it leaves out"
)]

#[path = "store/subject.rs"]
mod subject;

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use dokploy_core::conformance::store::scene::{LEASE, Scene, append, claimed, warned};
use dokploy_core::id::WorkerId;
use dokploy_core::model::PageRequest;
use dokploy_core::store::{DeploymentFilter, DeploymentStore, QueueStore};
use tokio::runtime::Runtime;

use self::subject::Subject;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// One event at a time to one deployment that a worker has.
fn appending(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("append");
    for subject in runtime.block_on(Subject::all()) {
        let scene = runtime.block_on(Scene::new(subject.shared_store()));
        let claim = runtime.block_on(async {
            scene.deploy().await;
            let claim = scene.claim().await;
            scene.work(&claim, [claimed(&claim)]).await;
            claim
        });
        let id = claim.deployment.id;
        group.bench_function(BenchmarkId::new(subject.name, "raw"), |bencher| {
            bencher.to_async(&runtime).iter_custom(async |count| {
                let mut state = scene.state(id).await;
                let text = serde_json::to_string(&state).unwrap();
                let started = Instant::now();
                for _ in 0..count {
                    subject.raw_append(&claim, state.seq, &text).await;
                    state.seq += 1;
                }
                let elapsed = started.elapsed();
                subject.repair_state(id, &state).await;
                elapsed
            });
        });
        group.bench_function(BenchmarkId::new(subject.name, "store"), |bencher| {
            bencher.to_async(&runtime).iter_custom(async |count| {
                let mut state = scene.state(id).await;
                let started = Instant::now();
                for _ in 0..count {
                    let append = append(id, state, [warned("careful")], Some(claim.fence));
                    (_, state) = subject.store.append_events(&append).await.unwrap();
                }
                started.elapsed()
            });
        });
    }
    group.finish();
}

/// The next deployment of twenty projects, with a short queue and with a long one.
fn claiming(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("claim");
    for count in [1_000, 100_000] {
        for subject in runtime.block_on(Subject::all()) {
            runtime.block_on(subject.fill(count));
            let worker = WorkerId::new();
            let raw = BenchmarkId::new(format!("{}/raw", subject.name), count);
            group.bench_function(raw, |bencher| {
                bencher.to_async(&runtime).iter_custom(async |count| {
                    let mut elapsed = Duration::ZERO;
                    for _ in 0..count {
                        let started = Instant::now();
                        subject.raw_claim(worker).await;
                        elapsed += started.elapsed();
                        subject.unclaim().await;
                    }
                    elapsed
                });
            });
            let store = BenchmarkId::new(format!("{}/store", subject.name), count);
            group.bench_function(store, |bencher| {
                bencher.to_async(&runtime).iter_custom(async |count| {
                    let mut elapsed = Duration::ZERO;
                    for _ in 0..count {
                        let started = Instant::now();
                        let claim = subject.store.claim_next(worker, LEASE, false).await;
                        elapsed += started.elapsed();
                        assert!(claim.unwrap().is_some());
                        subject.unclaim().await;
                    }
                    elapsed
                });
            });
        }
    }
    group.finish();
}

/// The first page of everything, and of one application with one status.
fn listing(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("list");
    for count in [1_000, 100_000] {
        for subject in runtime.block_on(Subject::all()) {
            runtime.block_on(subject.fill(count));
            let all = DeploymentFilter::default();
            let page = runtime
                .block_on(subject.store.list_deployments(&all, PageRequest::first()))
                .unwrap();
            assert_eq!(page.items.len(), 50);
            let of_application = DeploymentFilter {
                application: Some(page.items[0].application_id),
                status: Some(page.items[0].state.status),
                ..DeploymentFilter::default()
            };
            for (name, filter) in [("all", all), ("filtered", of_application)] {
                let id = BenchmarkId::new(format!("{}/{name}", subject.name), count);
                group.bench_function(id, |bencher| {
                    bencher.to_async(&runtime).iter(async || {
                        let request = PageRequest::first();
                        let page = subject.store.list_deployments(&filter, request).await;
                        page.unwrap()
                    });
                });
            }
        }
    }
    group.finish();
}

criterion_group! {
    name = store;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = appending, claiming, listing
}
criterion_main!(store);
