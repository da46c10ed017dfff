//! Git without a git program: https, http, ssh and, where it is allowed, repositories of this machine.
//!
//! A bare mirror is kept for each application, and each fetch brings only what is new of one commit. The tree is read
//! from its objects; no work tree, hook, filter, attribute or configuration of anybody is involved. Files that are
//! stored with Git LFS therefore stay the pointers that git itself holds.

mod address;
mod fetch;
mod http;
mod link;
mod local;
mod mirror;
mod objects;
mod reference;
mod remote;
#[cfg(feature = "git-ssh")]
mod ssh;
mod submodules;
mod transfer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use ureq::tls::Certificate;

use self::address::{Address, Scheme};
use self::fetch::Fetch;
use self::link::{Link, Patience, cancelled};
use self::mirror::Shelf;
use self::objects::{GitStore, Objects};
use self::reference::Wanted;
use self::remote::Remote;
use super::tree::WalkedTree;
use super::work::blocking;
use super::{NetworkPolicy, SourceFetcher, SourceRequest, SourceTree};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ApplicationId;
use crate::model::{GitSource, Revision, Source};

/// How git repositories are fetched. Every limit is per call.
#[derive(Clone, Debug)]
pub struct GitOptions {
    /// Directory of the mirrors; made when it is missing.
    pub mirrors: PathBuf,
    /// Which hosts may be reached, and whether `file://` is allowed.
    pub policy: NetworkPolicy,
    /// Certificates of authorities, in PEM form, that are trusted besides the public ones.
    pub authorities: Vec<String>,
    /// Longest wait for a connection to one address.
    pub connect_timeout: Duration,
    /// Longest silence of a server.
    pub idle_timeout: Duration,
    /// Longest time for everything.
    pub timeout: Duration,
    /// Most bytes that one fetch may transfer.
    pub pack_bytes_max: u64,
    /// Most bytes of one file. A file is held in memory while it is read.
    pub file_bytes_max: usize,
    /// Most files and directories of a tree.
    pub entries_max: u64,
}

impl GitOptions {
    /// Defaults with mirrors below a data directory: public hosts only, 10 seconds to connect, a minute of silence,
    /// 10 minutes in all, 4 GiB a fetch, 512 MiB a file, a million files.
    pub fn new(data_directory: impl Into<PathBuf>) -> Self {
        Self {
            mirrors: data_directory.into().join("mirrors"),
            policy: NetworkPolicy::default(),
            authorities: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            timeout: Duration::from_mins(10),
            pack_bytes_max: 4 << 30,
            file_bytes_max: 512 << 20,
            entries_max: 1_000_000,
        }
    }
}

/// Fetches from git repositories.
#[derive(Clone, Debug)]
pub struct GitFetcher {
    options: Arc<GitOptions>,
    authorities: Arc<Vec<Certificate<'static>>>,
}

impl GitFetcher {
    /// Creates a fetcher. Nothing is read or connected to yet.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when a certificate cannot be read.
    pub fn new(options: GitOptions) -> Result<Self> {
        let authorities = options
            .authorities
            .iter()
            .map(|pem| Certificate::from_pem(pem.as_bytes()))
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| {
                Error::invalid_field("authorities", "a certificate is not in PEM form")
                    .with_source(error)
            })?;
        Ok(Self {
            options: Arc::new(options),
            authorities: Arc::new(authorities),
        })
    }

    fn link(&self, cancel: &CancellationToken) -> Arc<Link> {
        let options = &self.options;
        let patience = Patience {
            connect: options.connect_timeout,
            idle: options.idle_timeout,
            total: options.timeout,
        };
        Arc::new(Link::new(options.policy.clone(), patience, cancel))
    }

    fn shelf(&self, application: ApplicationId) -> Shelf {
        Shelf::new(
            &self.options.mirrors,
            application,
            self.options.file_bytes_max,
        )
    }

    /// Checks an address before anything is done with it. A name is checked again when it was resolved.
    fn check(&self, address: &Address) -> Result<()> {
        match address.scheme {
            Scheme::File => self
                .options
                .policy
                .check_file_source("a file:// repository"),
            _ => self.options.policy.check_host(&address.host),
        }
    }

    fn remote(&self, request: &SourceRequest, address: &Address, link: &Arc<Link>) -> Remote {
        let credential = request.credential.clone();
        Remote {
            address: address.clone(),
            credential: credential.filter(|credential| address.is_at(&credential.host)),
            authorities: Arc::clone(&self.authorities),
            link: Arc::clone(link),
            pack_bytes_max: self.options.pack_bytes_max,
            object_bytes_max: self.options.file_bytes_max,
        }
    }

    /// Asks where a reference points to.
    async fn look_up(
        &self,
        request: &SourceRequest,
        address: &Address,
        wanted: Wanted,
        cancel: &CancellationToken,
    ) -> Result<Revision> {
        if let Some(path) = address.directory() {
            let path = path.to_owned();
            let max = self.options.file_bytes_max;
            return blocking(move || local::look_up(&path, &wanted, max)).await;
        }
        let link = self.link(cancel);
        let _guard = link.guard();
        let remote = self.remote(request, address, &link);
        link.run(blocking(move || remote.look_up(&wanted))).await
    }

    /// Adds what is known here about a commit, where it is here already.
    async fn described(
        &self,
        request: &SourceRequest,
        address: Address,
        revision: Revision,
    ) -> Result<Revision> {
        let mirrors = self.shelf(request.application);
        let max = self.options.file_bytes_max;
        blocking(move || {
            let commit = reference::commit(&revision.id)?;
            let objects = match address.directory() {
                Some(path) => objects::open(path, max)
                    .ok()
                    .map(|it| Objects::Local(Box::new(it))),
                None => mirrors
                    .find(&address)
                    .filter(|mirror| mirror.has(commit))
                    .map(|mirror| Objects::Mirror(Arc::new(mirror))),
            };
            // What is not known, or damaged, is no error here: fetching finds out, and repairs it.
            let known =
                objects.and_then(|it| objects::describe(&it.repository(), commit, &revision).ok());
            Ok(known.unwrap_or(revision))
        })
        .await
    }
}

#[async_trait]
impl SourceFetcher for GitFetcher {
    async fn resolve(
        &self,
        request: &SourceRequest,
        cancel: &CancellationToken,
    ) -> Result<Revision> {
        let source = git_source(request)?;
        let address = Address::parse(&source.repo_url)?;
        self.check(&address)?;
        let branch = request.branch.as_ref().or(source.branch.as_ref());
        let wanted = Wanted::parse(branch.map(String::as_str))?;
        let commit = request
            .commit
            .as_deref()
            .map(reference::commit)
            .transpose()?;
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        let revision = match commit {
            Some(commit) => Revision {
                reference: branch.map(|_| wanted.full_name().to_owned()),
                ..reference::bare(commit)
            },
            None => self.look_up(request, &address, wanted, cancel).await?,
        };
        self.described(request, address, revision).await
    }

    async fn fetch(
        &self,
        request: &SourceRequest,
        revision: &Revision,
        cancel: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>> {
        let source = git_source(request)?;
        let address = Address::parse(&source.repo_url)?;
        self.check(&address)?;
        reference::commit(&revision.id)?;
        let link = self.link(cancel);
        let _guard = link.guard();
        let fetch = Fetch {
            fetcher: self.clone(),
            request: request.clone(),
            link: Arc::clone(&link),
            lock: link
                .run(self.shelf(request.application).lock(&link))
                .await?,
        };
        let (revision, submodules) = (revision.clone(), source.submodules);
        let tree = link
            .run(blocking(move || fetch.run(&address, &revision, submodules)))
            .await?;
        Ok(Arc::new(WalkedTree::new(GitStore(tree))))
    }

    async fn forget(&self, application: ApplicationId) -> Result<()> {
        let link = self.link(&CancellationToken::new());
        self.shelf(application).remove(&link).await
    }
}

fn git_source(request: &SourceRequest) -> Result<&GitSource> {
    match &request.source {
        Source::Git(source) => Ok(source),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "the git fetcher only fetches git repositories",
        )),
    }
}
