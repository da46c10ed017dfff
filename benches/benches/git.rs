//! Git against the git program, over http from the same server: a first fetch, a fetch after a one-line change, and
//! everything that a deployment needs until the builder has its context.
//!
//! The repository has 200 MB in 2,000 files, of which half does not compress. Each measured round of the last two groups
//! begins with a new commit that changes one line.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{GitSource, Source};
use dokploy_core::source::{
    ContextRequest, GitFetcher, GitOptions, NetworkPolicy, SourceFetcher, SourceRequest, SourceTree,
};
use dokploy_tests::git_server::{Server, command};
use futures::StreamExt;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use self::repository::Repository;

#[path = "../../dokploy-core/tests/git/repository.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "shared with the tests, which use more of it"
)]
mod repository;

const FILES: usize = 2_000;
const FILE_BYTES: usize = 100_000;

struct Fixture {
    directory: TempDir,
    repository: Repository,
    server: Server,
    runtime: Runtime,
    fetcher: GitFetcher,
}

impl Fixture {
    #[expect(
        clippy::unwrap_used,
        reason = "a bench that cannot be set up fails by panicking"
    )]
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let repository = Repository::new(directory.path().join("git/app"));
        let mut noise = 0x9e37_79b9_7f4a_7c15_u64;
        for number in 0..FILES {
            let content: Vec<u8> = (0..FILE_BYTES)
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
            repository.write(&format!("directory-{}/file-{number}", number % 50), content);
        }
        repository.write("Dockerfile", "FROM scratch\nCOPY . /\n");
        repository.commit("Everything");
        // What a host has: packed, and without bitmaps that only large hosts make.
        repository.git(&["repack", "-adq"]);
        let server = Server::start(&directory.path().join("git"));
        let fetcher = GitFetcher::new(GitOptions {
            policy: NetworkPolicy::trusting(),
            ..GitOptions::new(directory.path().join("data"))
        })
        .unwrap();
        Self {
            directory,
            repository,
            server,
            runtime: Runtime::new().unwrap(),
            fetcher,
        }
    }

    fn url(&self) -> String {
        self.server.url("app/.git")
    }

    fn request(&self) -> SourceRequest {
        SourceRequest {
            application: ApplicationId::new(),
            source: Source::Git(GitSource {
                repo_url: self.url(),
                branch: Some("main".to_owned()),
                credential_id: None,
                submodules: false,
                watch_paths: Vec::new(),
            }),
            branch: None,
            commit: None,
            credential: None,
        }
    }

    /// A commit that changes one line.
    fn change(&self, number: &mut u64) {
        *number += 1;
        self.repository.write("line.txt", format!("{number}\n"));
        self.repository.git(&["add", "line.txt"]);
        self.repository
            .git(&["commit", "--quiet", "-m", "One line"]);
    }

    /// Resolves and fetches.
    #[expect(
        clippy::unwrap_used,
        reason = "a bench that fails does so by panicking"
    )]
    async fn fetch(&self, request: &SourceRequest) -> std::sync::Arc<dyn SourceTree> {
        let cancel = CancellationToken::new();
        let revision = self.fetcher.resolve(request, &cancel).await.unwrap();
        self.fetcher
            .fetch(request, &revision, &cancel)
            .await
            .unwrap()
    }

    /// Runs git in the fixture's directory.
    fn git(&self, arguments: &[&str]) {
        run(command().args(arguments).current_dir(self.directory.path()));
    }

    fn fresh(&self, name: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        // A clone of the round before.
        let _ = std::fs::remove_dir_all(&path);
        path
    }

    fn forget(&self, request: &SourceRequest) {
        self.runtime
            .block_on(self.fetcher.forget(request.application))
            .ok();
    }
}

fn run(command: &mut Command) {
    let status = command.status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "{command:?} failed"
    );
}

#[expect(
    clippy::unwrap_used,
    reason = "a bench that fails does so by panicking"
)]
async fn drain(tree: &dyn SourceTree) {
    let request = ContextRequest {
        directory: ".".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        bytes_max: 1 << 30,
    };
    let mut context = tree.context(&request);
    while let Some(chunk) = context.next().await {
        black_box(chunk.unwrap());
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the program is what we compare with"
)]
fn tar(directory: &Path) {
    let mut command = Command::new("tar");
    command
        .args(["--exclude=.git", "-cf", "-", "."])
        .current_dir(directory);
    run(command.stdout(std::process::Stdio::null()));
}

fn first(criterion: &mut Criterion, fixture: &Fixture) {
    let mut group = criterion.benchmark_group("git_first_fetch");
    group.sample_size(10);
    group.bench_function("ours/200MB", |bencher| {
        bencher.iter_batched(
            || fixture.request(),
            |request| {
                fixture.runtime.block_on(fixture.fetch(&request));
                request
            },
            BatchSize::PerIteration,
        );
        clean(fixture);
    });
    group.bench_function("git_clone_depth_1_bare/200MB", |bencher| {
        bencher.iter_batched(
            || fixture.fresh("clone"),
            |_| {
                fixture.git(&[
                    "clone",
                    "--quiet",
                    "--depth=1",
                    "--bare",
                    &fixture.url(),
                    "clone",
                ]);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Removes all mirrors.
fn clean(fixture: &Fixture) {
    let _ = std::fs::remove_dir_all(fixture.directory.path().join("data"));
}

fn again(criterion: &mut Criterion, fixture: &Fixture) {
    let mut number = 0;
    let mut group = criterion.benchmark_group("git_fetch_after_one_line");
    group.sample_size(10);
    let request = fixture.request();
    fixture.runtime.block_on(fixture.fetch(&request));
    group.bench_function("ours/200MB", |bencher| {
        bencher.iter_batched(
            || fixture.change(&mut number),
            |()| fixture.runtime.block_on(fixture.fetch(&request)),
            BatchSize::PerIteration,
        );
    });
    fixture.forget(&request);
    group.bench_function("git_clone_depth_1/200MB", |bencher| {
        bencher.iter_batched(
            || {
                fixture.change(&mut number);
                fixture.fresh("clone")
            },
            |_| fixture.git(&["clone", "--quiet", "--depth=1", &fixture.url(), "clone"]),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn second_deployment(criterion: &mut Criterion, fixture: &Fixture) {
    let mut number = 1_000_000;
    let mut group = criterion.benchmark_group("git_second_deployment");
    group.sample_size(10);
    let request = fixture.request();
    fixture.runtime.block_on(fixture.fetch(&request));
    group.bench_function("ours_fetch_and_context/200MB", |bencher| {
        bencher.iter_batched(
            || fixture.change(&mut number),
            |()| {
                fixture
                    .runtime
                    .block_on(async { drain(&*fixture.fetch(&request).await).await });
            },
            BatchSize::PerIteration,
        );
    });
    fixture.forget(&request);
    group.bench_function("git_clone_checkout_tar/200MB", |bencher| {
        bencher.iter_batched(
            || {
                fixture.change(&mut number);
                fixture.fresh("clone")
            },
            |clone| {
                fixture.git(&["clone", "--quiet", "--depth=1", &fixture.url(), "clone"]);
                tar(&clone);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn all(criterion: &mut Criterion) {
    let fixture = Fixture::new();
    first(criterion, &fixture);
    again(criterion, &fixture);
    second_deployment(criterion, &fixture);
}

criterion_group!(benches, all);
criterion_main!(benches);
