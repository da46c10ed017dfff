//! Git against real repositories: over http with `git http-backend`, over ssh with `sshd`, and from files.
#![cfg(feature = "git")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "conformance")]
mod conformance;
mod fetching;
mod hostile;
mod mirror;
mod network;
mod repository;
#[cfg(feature = "git-ssh")]
mod ssh;
mod submodules;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dokploy_core::id::ApplicationId;
use dokploy_core::model::{CredentialSecret, GitSource, Revision, Source};
use dokploy_core::secret::Secret;
use dokploy_core::source::{
    ContextRequest, GitFetcher, GitOptions, NetworkPolicy, SourceCredential, SourceFetcher,
    SourceRequest, SourceTree,
};
use dokploy_core::{Error, Result};
use dokploy_tests::git_server::Server;
use futures::TryStreamExt;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use self::repository::Repository;

/// A repository, a server for it, and a fetcher with a data directory of its own.
struct Fixture {
    directory: TempDir,
    repository: Repository,
    server: Server,
    fetcher: GitFetcher,
}

impl Fixture {
    /// With one commit on `main`.
    fn new() -> Self {
        Self::serving(Server::start)
    }

    fn serving(start: impl FnOnce(&Path) -> Server) -> Self {
        let directory = TempDir::new().unwrap();
        let repository = Repository::new(directory.path().join("git/app"));
        repository.write("Dockerfile", "FROM scratch\n");
        repository.write("src/main.txt", "one\n");
        repository.commit("First commit\n\nWith a body.");
        let server = start(&directory.path().join("git"));
        let fetcher = GitFetcher::new(options(directory.path())).unwrap();
        Self {
            directory,
            repository,
            server,
            fetcher,
        }
    }

    fn request(&self) -> SourceRequest {
        request(&self.server.url("app/.git"))
    }

    async fn resolve(&self, request: &SourceRequest) -> Result<Revision> {
        self.fetcher
            .resolve(request, &CancellationToken::new())
            .await
    }

    async fn fetch(&self, request: &SourceRequest) -> Result<Arc<dyn SourceTree>> {
        let revision = self.resolve(request).await?;
        self.fetcher
            .fetch(request, &revision, &CancellationToken::new())
            .await
    }

    fn mirrors(&self) -> std::path::PathBuf {
        self.directory.path().join("data/mirrors")
    }
}

fn options(directory: &Path) -> GitOptions {
    GitOptions {
        policy: NetworkPolicy::trusting(),
        idle_timeout: Duration::from_secs(20),
        ..GitOptions::new(directory.join("data"))
    }
}

fn request(url: &str) -> SourceRequest {
    SourceRequest {
        application: ApplicationId::new(),
        source: Source::Git(GitSource {
            repo_url: url.to_owned(),
            branch: None,
            credential_id: None,
            submodules: false,
            watch_paths: Vec::new(),
        }),
        branch: None,
        commit: None,
        credential: None,
    }
}

fn with_submodules(mut request: SourceRequest) -> SourceRequest {
    if let Source::Git(source) = &mut request.source {
        source.submodules = true;
    }
    request
}

fn token(host: &impl ToString, token: &str) -> SourceCredential {
    let secret = CredentialSecret::Token {
        token: Secret::new(token),
    };
    SourceCredential {
        host: host.to_string(),
        secret,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "programs of the tests are found where those of the machine are"
)]
fn environment(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

async fn read(tree: &Arc<dyn SourceTree>, path: &str) -> Option<String> {
    let bytes = tree.read_file(path, 1 << 20).await.unwrap()?;
    Some(String::from_utf8(bytes.to_vec()).unwrap())
}

async fn context(tree: &Arc<dyn SourceTree>) -> Result<Vec<u8>, Error> {
    let request = ContextRequest {
        directory: ".".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        bytes_max: 1 << 30,
    };
    tree.context(&request)
        .try_fold(Vec::new(), |mut all, chunk| async move {
            all.extend_from_slice(&chunk);
            Ok(all)
        })
        .await
}
