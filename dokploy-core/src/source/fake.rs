//! A source in memory, for tests and for trying things out.

mod tree;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

pub use self::tree::{FakeEntry, FakeTree};
use super::tree::WalkedTree;
use super::work::or_cancelled;
use super::{SourceFetcher, SourceRequest, SourceTree};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ApplicationId;
use crate::model::{Revision, Source};

/// A call that a [`FakeSource`] can be told to delay or to fail, and that it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FakeCall {
    /// [`SourceFetcher::resolve`].
    Resolve,
    /// [`SourceFetcher::fetch`].
    Fetch,
    /// [`SourceFetcher::forget`].
    Forget,
}

/// Sources in memory: repositories with branches, by URL; directories and archives, by path.
///
/// Clones share what they hold. Delays run on tokio's clock, which tests can pause.
///
/// # Examples
///
/// ```
/// use dokploy_core::source::{FakeSource, FakeTree};
///
/// let source = FakeSource::new();
/// let tree = FakeTree::new().file("Dockerfile", "FROM scratch\n");
/// let revision = source.commit("https://git.example/shop.git", "main", tree);
/// assert_eq!(revision.reference.as_deref(), Some("refs/heads/main"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct FakeSource {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    repositories: BTreeMap<String, Repository>,
    calls: BTreeMap<FakeCall, Script>,
}

#[derive(Debug, Default)]
struct Repository {
    /// The first branch that was committed to.
    head: String,
    /// Commit of each full reference.
    references: BTreeMap<String, String>,
    commits: BTreeMap<String, (Revision, FakeTree)>,
}

#[derive(Debug, Default)]
struct Script {
    count: u64,
    delay: Duration,
    failures: u32,
    failure: Option<(ErrorKind, String)>,
}

impl FakeSource {
    /// Makes a source that holds nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Commits a tree. `location` is the URL of a repository, or the path of a directory or an archive; `branch` a
    /// branch or a full reference. The first branch of a location is its default. Committing the same tree again is
    /// no change.
    pub fn commit(&self, location: &str, branch: &str, tree: FakeTree) -> Revision {
        let reference = full_reference(branch);
        let mut state = self.lock();
        let repository = state.repositories.entry(location.to_owned()).or_default();
        if repository.head.is_empty() {
            repository.head.clone_from(&reference);
        }
        let mut hash = Sha256::new();
        if let Some(parent) = repository.references.get(&reference) {
            let (revision, current) = &repository.commits[parent];
            if *current == tree {
                return revision.clone();
            }
            hash.update(parent);
        }
        hash.update(&reference);
        hash.update(tree.digest());
        // As long as a git commit, so that nothing downstream learns to tell them apart.
        let mut id = hex::encode(hash.finalize());
        id.truncate(40);
        let revision = Revision {
            id: id.clone(),
            reference: Some(reference.clone()),
            message: Some(format!("commit {}", repository.commits.len() + 1)),
            author: Some("Fake Author".to_owned()),
            committed_at: None,
        };
        repository.references.insert(reference, id.clone());
        repository.commits.insert(id, (revision.clone(), tree));
        revision
    }

    /// Fails the next calls with errors of this kind, as many as `times`.
    pub fn fail(&self, call: FakeCall, times: u32, kind: ErrorKind, message: impl Into<String>) {
        let mut state = self.lock();
        let script = state.calls.entry(call).or_default();
        script.failures = times;
        script.failure = Some((kind, message.into()));
    }

    /// Makes every later call take this long; a cancelled one still ends at once.
    pub fn delay(&self, call: FakeCall, delay: Duration) {
        self.lock().calls.entry(call).or_default().delay = delay;
    }

    /// How often a call was made, failed ones included.
    pub fn count(&self, call: FakeCall) -> u64 {
        self.lock()
            .calls
            .get(&call)
            .map_or(0, |script| script.count)
    }

    /// Counts a call, waits as long as it was told to and fails if it was told to.
    async fn enter(&self, call: FakeCall) -> Result<()> {
        let (delay, failure) = {
            let mut state = self.lock();
            let script = state.calls.entry(call).or_default();
            script.count += 1;
            let fails = script.failures > 0;
            script.failures = script.failures.saturating_sub(1);
            (script.delay, script.failure.clone().filter(|_| fails))
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match failure {
            Some((kind, message)) => Err(Error::new(kind, message)),
            None => Ok(()),
        }
    }

    /// Finds the commit that a request names, or the head of its branch.
    fn find(&self, request: &SourceRequest) -> Result<(Revision, FakeTree)> {
        let (location, branch) = locate(&request.source)?;
        let branch = request.branch.as_deref().or(branch);
        for (field, text) in [
            ("repoUrl", Some(location.as_str())),
            ("branch", branch),
            ("commit", request.commit.as_deref()),
        ] {
            check_text(field, text.unwrap_or_default())?;
        }
        let state = self.lock();
        let Some(repository) = state.repositories.get(&location) else {
            return Err(failed(format!("there is no source {location}")));
        };
        let id = if let Some(commit) = &request.commit {
            commit
        } else {
            let reference = branch.map_or_else(|| repository.head.clone(), full_reference);
            repository
                .references
                .get(&reference)
                .ok_or_else(|| failed(format!("{location} has no {reference}")))?
        };
        repository
            .commits
            .get(id)
            .cloned()
            .ok_or_else(|| failed(format!("{location} has no commit {id}")))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SourceFetcher for FakeSource {
    async fn resolve(
        &self,
        request: &SourceRequest,
        cancel: &CancellationToken,
    ) -> Result<Revision> {
        or_cancelled(cancel, self.enter(FakeCall::Resolve)).await?;
        self.find(request).map(|(revision, _)| revision)
    }

    async fn fetch(
        &self,
        request: &SourceRequest,
        revision: &Revision,
        cancel: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>> {
        or_cancelled(cancel, self.enter(FakeCall::Fetch)).await?;
        let request = SourceRequest {
            commit: Some(revision.id.clone()),
            ..request.clone()
        };
        let (_, tree) = self.find(&request)?;
        Ok(Arc::new(WalkedTree::new(tree)))
    }

    async fn forget(&self, _application: ApplicationId) -> Result<()> {
        self.enter(FakeCall::Forget).await
    }
}

fn locate(source: &Source) -> Result<(String, Option<&str>)> {
    match source {
        Source::Git(git) => Ok((git.repo_url.clone(), git.branch.as_deref())),
        Source::Directory { path } | Source::Archive { path } => {
            Ok((path.display().to_string(), None))
        }
        Source::Image { .. } => Err(Error::new(
            ErrorKind::Unsupported,
            "an image has no code that could be fetched",
        )),
    }
}

/// Refuses what no real source accepts, so that a test on the fake does not pass for the wrong reason.
fn check_text(field: &str, text: &str) -> Result<()> {
    if text.starts_with('-') || text.chars().any(char::is_control) {
        return Err(Error::invalid_field(
            field,
            format!("{text:?} begins with a hyphen or holds control characters"),
        ));
    }
    Ok(())
}

fn full_reference(branch: &str) -> String {
    if branch.starts_with("refs/") {
        branch.to_owned()
    } else {
        format!("refs/heads/{branch}")
    }
}

fn failed(message: String) -> Error {
    Error::new(ErrorKind::SourceFailed, message)
}
