//! Lines a second through the log of a deployment with ten secrets masked, beside a plain write of the same bytes.

use std::fs::File;
use std::hint::black_box;
use std::io::Write as _;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dokploy_core::Secret;
use dokploy_core::deployment::Step;
use dokploy_core::id::DeploymentId;
use dokploy_core::log::{LogLimits, LogStore};
use dokploy_core::runtime::{LogSink as _, LogStream};
use dokploy_core::secret::Redactor;
use futures::StreamExt as _;
use tokio::runtime::Runtime;

const LINE_COUNT: usize = 200_000;

fn secrets() -> Vec<Secret> {
    let value = |number: usize| {
        format!(
            "{}-s3cr3t-{}",
            "kqzjx".repeat(1 + number % 4),
            number * 7919
        )
    };
    (0..10).map(value).map(Secret::new).collect()
}

/// Output of a build, with a secret in every hundredth line.
fn lines(secrets: &[Secret]) -> Vec<String> {
    let line = |number: usize| match number % 100 {
        0 => {
            let secret = secrets[number / 100 % secrets.len()].expose();
            format!(
                "#{number} fetching the index with the token {secret} from registry.example.com"
            )
        }
        _ => format!(
            "#{number} 12.{number} Compiling some-crate v1.{number}.0 (/src/workspace/some-crate)"
        ),
    };
    (0..LINE_COUNT).map(line).collect()
}

async fn write_log(store: &LogStore, redactor: &Redactor, lines: &[String]) {
    let id = DeploymentId::new();
    let writer = store
        .writer(id, Step::BuildImage, redactor.clone())
        .await
        .expect("a log");
    for line in lines {
        writer.line(LogStream::Stdout, line.as_bytes());
    }
    writer.finish().await.expect("a written log");
    store.delete(id).await.expect("a deleted log");
}

fn write_plainly(path: &Path, lines: &[String]) -> std::io::Result<()> {
    let mut file = std::io::BufWriter::with_capacity(256 * 1024, File::create(path)?);
    for line in lines {
        file.write_all(line.as_bytes())?;
        file.write_all(b"\n")?;
    }
    file.into_inner()?.sync_data()?;
    std::fs::remove_file(path)
}

fn log_pipeline(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a directory");
    let limits = LogLimits {
        head_bytes: u64::MAX,
        ..LogLimits::default()
    };
    let store = LogStore::open(folder.path(), limits).expect("a log store");
    let secrets = secrets();
    let redactor = Redactor::new(&secrets);
    let lines = lines(&secrets);

    let mut group = criterion.benchmark_group("log_pipeline");
    group.sample_size(20);
    group.throughput(Throughput::Elements(LINE_COUNT as u64));
    group.bench_function("baseline/plain_write", |bencher| {
        let path = folder.path().join("plain");
        bencher.iter(|| write_plainly(&path, &lines).expect("a written file"));
    });
    group.bench_function("ours/mask_number_write", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| write_log(&store, &redactor, &lines));
    });
    group.bench_function("ours/mask_only", |bencher| {
        bencher.iter(|| {
            for line in &lines {
                black_box(redactor.redact_bytes(line.as_bytes()));
            }
        });
    });
    let id = DeploymentId::new();
    let writer = runtime
        .block_on(store.writer(id, Step::BuildImage, redactor.clone()))
        .expect("a log");
    for line in &lines {
        writer.line(LogStream::Stdout, line.as_bytes());
    }
    group.bench_function("ours/read", |bencher| {
        bencher
            .to_async(&runtime)
            .iter(|| store.read(id, 0, None).count());
    });
    group.finish();
}

criterion_group!(benches, log_pipeline);
criterion_main!(benches);
