//! Streaming a build context: from a directory and from git objects, against a tar of a checkout.
//!
//! Every subject gives one uncompressed tar of the same tree to a reader that throws it away. What comes before, a
//! fetch here and a clone there, is not part of it; the last baseline adds the checkout that git needs before any
//! other program can read the files.

use std::fs;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{GitSource, Source};
use dokploy_core::source::{
    ContextRequest, NetworkPolicy, SourceFetcher, SourceRequest, SourceTree, Sources,
    SourcesOptions,
};
use futures::StreamExt;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// A tree of one shape, as a work tree and as a bare repository.
struct Fixture {
    name: &'static str,
    root: tempfile::TempDir,
    bytes: u64,
}

impl Fixture {
    fn new(name: &'static str, files: u64, size: usize) -> Result<Self> {
        let root = tempfile::tempdir()?;
        let checkout = root.path().join("checkout");
        fs::create_dir(&checkout)?;
        fs::write(checkout.join("Dockerfile"), "FROM scratch\nCOPY . /\n")?;
        let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
        for number in 0..files {
            let directory = checkout.join(format!("directory-{}/below", number % 50));
            fs::create_dir_all(&directory)?;
            // Half of it does not compress, as in a repository with pictures.
            let content: Vec<u8> = (0..size)
                .map(|position| {
                    noise = noise
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    if position % 2 == 0 {
                        b'a'
                    } else {
                        noise.to_be_bytes()[0]
                    }
                })
                .collect();
            fs::write(directory.join(format!("file-{number}")), content)?;
        }
        let fixture = Self {
            name,
            root,
            bytes: files * size as u64,
        };
        fixture.git(&["init", "--quiet", "--initial-branch", "main", "."])?;
        fixture.git(&["add", "."])?;
        fixture.git(&[
            "-c",
            "user.name=bench",
            "-c",
            "user.email=bench@example.com",
            "commit",
            "--quiet",
            "-m",
            "all",
        ])?;
        fixture.git(&["clone", "--quiet", "--bare", ".", "../bare.git"])?;
        // The baselines would pack the repository with its own objects.
        fs::remove_dir_all(fixture.checkout().join(".git"))?;
        Ok(fixture)
    }

    fn checkout(&self) -> PathBuf {
        self.root.path().join("checkout")
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        run(program("git").args(arguments).current_dir(self.checkout()))
    }

    /// Fetches the tree through the engine's own fetchers.
    fn fetch(&self, runtime: &Runtime, source: Source) -> Result<Arc<dyn SourceTree>> {
        let sources = Sources::new(&SourcesOptions {
            policy: NetworkPolicy::trusting(),
            ..SourcesOptions::new(self.root.path().join("data"))
        })?;
        let request = SourceRequest {
            application: ApplicationId::new(),
            source,
            branch: None,
            commit: None,
            credential: None,
        };
        let cancel = CancellationToken::new();
        Ok(runtime.block_on(async {
            let revision = sources.resolve(&request, &cancel).await?;
            sources.fetch(&request, &revision, &cancel).await
        })?)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the programs are what we compare with"
)]
fn program(name: &str) -> Command {
    Command::new(name)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?} failed with {status}");
    Ok(())
}

/// Reads a context to its end; returns how many bytes it has.
async fn drain(tree: &dyn SourceTree) -> u64 {
    let mut context = tree.context(&ContextRequest {
        directory: ".".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        bytes_max: u64::MAX,
    });
    let mut bytes = 0;
    while let Some(chunk) = context.next().await {
        bytes += black_box(chunk.expect("the context streams to its end")).len() as u64;
    }
    bytes
}

/// Packs a directory with the library alone.
fn pack(directory: &Path) -> u64 {
    let mut builder = tar::Builder::new(Counter(0));
    builder.follow_symlinks(false);
    builder
        .append_dir_all(".", directory)
        .expect("the directory can be packed");
    builder.into_inner().expect("the archive has an end").0
}

struct Counter(u64);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += black_box(bytes).len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Packs a directory with the program, read through a pipe.
fn tar_program(directory: &Path) -> Result<u64> {
    let mut child = program("tar")
        .args(["-c", "-C"])
        .arg(directory)
        .arg(".")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut output = child.stdout.take().context("tar has an output")?;
    let mut counter = Counter(0);
    io::copy(&mut output, &mut counter)?;
    ensure!(child.wait()?.success(), "tar failed");
    Ok(counter.0)
}

/// Checks the tree out into a fresh directory, as a clone would, and packs that.
fn checkout_and_tar(fixture: &Fixture) -> Result<u64> {
    let target = tempfile::tempdir_in(fixture.root.path())?;
    let mut command = program("git");
    command
        .arg("--git-dir")
        .arg(fixture.root.path().join("bare.git"));
    command
        .arg("--work-tree")
        .arg(target.path())
        .args(["checkout", "--quiet", "--force", "main", "--", "."]);
    run(&mut command)?;
    tar_program(target.path())
}

fn compare(
    group: &mut BenchmarkGroup<'_, WallTime>,
    runtime: &Runtime,
    fixture: &Fixture,
) -> Result<()> {
    let directory = Source::Directory {
        path: fixture.checkout(),
    };
    let repository = Source::Git(GitSource {
        repo_url: format!("file://{}", fixture.root.path().join("bare.git").display()),
        branch: Some("main".to_owned()),
        credential_id: None,
        submodules: false,
        watch_paths: Vec::new(),
    });
    let directory = fixture.fetch(runtime, directory)?;
    let objects = fixture.fetch(runtime, repository)?;
    let expected = runtime.block_on(drain(&*directory));
    ensure!(
        runtime.block_on(drain(&*objects)) == expected,
        "both sources give the same context"
    );
    group.throughput(Throughput::Bytes(fixture.bytes));
    group.bench_function(format!("directory/{}", fixture.name), |bencher| {
        bencher.to_async(runtime).iter(|| drain(&*directory));
    });
    group.bench_function(format!("git_objects/{}", fixture.name), |bencher| {
        bencher.to_async(runtime).iter(|| drain(&*objects));
    });
    group.bench_function(format!("baseline_tar_crate/{}", fixture.name), |bencher| {
        bencher.iter(|| pack(&fixture.checkout()));
    });
    group.bench_function(
        format!("baseline_tar_program/{}", fixture.name),
        |bencher| {
            bencher.iter(|| tar_program(&fixture.checkout()).expect("tar runs"));
        },
    );
    group.bench_function(
        format!("baseline_checkout_and_tar/{}", fixture.name),
        |bencher| {
            bencher.iter(|| checkout_and_tar(fixture).expect("git and tar run"));
        },
    );
    Ok(())
}

fn context(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime can be made");
    let mut group = criterion.benchmark_group("context");
    group.sample_size(10);
    for (name, files, size) in [
        ("2000_files_of_16_KiB", 2000, 16 << 10),
        ("8_files_of_16_MiB", 8, 16 << 20),
    ] {
        let fixture = Fixture::new(name, files, size).expect("the fixture can be made");
        compare(&mut group, &runtime, &fixture).expect("the subjects can be compared");
    }
    group.finish();
}

criterion_group!(benches, context);
criterion_main!(benches);
