//! One fetch: the commit, then its submodules, then whatever is no longer needed is removed.

use std::sync::Arc;

use gix::ObjectId;

use super::address::Address;
use super::link::Link;
use super::mirror::{Mirror, ShelfLock};
use super::objects::{self, Census, GitTree, Gitlink, Objects};
use super::remote::{Remote, Trouble};
use super::{GitFetcher, local, reference, submodules};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;
use crate::source::SourceRequest;

/// Everything that one fetch needs. Blocks.
pub(super) struct Fetch {
    pub(super) fetcher: GitFetcher,
    pub(super) request: SourceRequest,
    pub(super) link: Arc<Link>,
    pub(super) lock: ShelfLock,
}

impl Fetch {
    /// Brings a commit, and what it needs, and gives its tree.
    pub(super) fn run(
        &self,
        address: &Address,
        revision: &Revision,
        submodules: bool,
    ) -> Result<Arc<GitTree>> {
        let commit = reference::commit(&revision.id)?;
        let (objects, census) = self.commit(address, commit)?;
        let repository = objects.repository();
        let revision = objects::describe(&repository, commit, revision)?;
        let max = self.fetcher.options.file_bytes_max;
        let mut tree = GitTree::new(revision, objects, census.tree, max);
        if submodules {
            self.submodules(&mut tree, address, &repository, &census, 1)?;
        }
        self.lock.keep_only(&tree.mirrors());
        Ok(Arc::new(tree))
    }

    /// Makes sure that a commit is here with everything below it.
    fn commit(&self, address: &Address, commit: ObjectId) -> Result<(Objects, Census)> {
        if let Some(path) = address.directory() {
            let repository = local::open(path, commit, self.fetcher.options.file_bytes_max)?;
            let census = self.census(&repository.to_thread_local(), commit)?;
            return Ok((Objects::Local(Box::new(repository)), census));
        }
        let remote = self.fetcher.remote(&self.request, address, &self.link);
        let mirror = self.lock.mirror(address)?;
        let is_new = mirror.commits().is_empty();
        let (mirror, census) = match self.bring(&remote, &mirror, commit) {
            Ok(census) => (mirror, census),
            // What was here before may be the culprit, so that one more attempt starts without it.
            Err(Trouble::Data(_)) if !is_new => {
                drop(mirror);
                let mirror = self.lock.replace(address)?;
                let census = self
                    .bring(&remote, &mirror, commit)
                    .map_err(Trouble::into_error)?;
                (mirror, census)
            }
            Err(trouble) => return Err(trouble.into_error()),
        };
        Ok((Objects::Mirror(Arc::new(mirror)), census))
    }

    /// The reference that stands for a whole commit is written last.
    fn bring(&self, remote: &Remote, mirror: &Mirror, commit: ObjectId) -> Result<Census, Trouble> {
        if !mirror.has(commit) {
            remote.fetch(mirror, commit)?;
        }
        let repository = mirror.repository.to_thread_local();
        let census = self
            .census(&repository, commit)
            .map_err(|error| match error.kind() {
                ErrorKind::Unavailable => Trouble::Data(error),
                _ => Trouble::Other(error),
            })?;
        mirror.keep(commit).map_err(Trouble::Other)?;
        Ok(census)
    }

    fn census(&self, repository: &gix::Repository, commit: ObjectId) -> Result<Census> {
        objects::census(
            repository,
            commit,
            self.fetcher.options.entries_max,
            &self.link,
        )
    }

    fn submodules(
        &self,
        tree: &mut GitTree,
        address: &Address,
        repository: &gix::Repository,
        census: &Census,
        depth: usize,
    ) -> Result<()> {
        if census.gitlinks.is_empty() {
            return Ok(());
        }
        if depth > submodules::DEPTH_MAX {
            let max = submodules::DEPTH_MAX;
            return Err(Error::new(
                ErrorKind::SourceFailed,
                format!("submodules are nested deeper than {max}"),
            ));
        }
        let file =
            objects::root_file(repository, census.tree, ".gitmodules", submodules::FILE_MAX)?;
        for (gitlink, address) in submodules::addresses(&file, address, &census.gitlinks)? {
            if !tree.has(gitlink.commit) {
                self.submodule(tree, &gitlink, &address, depth)
                    .map_err(|error| within(&gitlink, error))?;
            }
        }
        Ok(())
    }

    fn submodule(
        &self,
        tree: &mut GitTree,
        gitlink: &Gitlink,
        address: &Address,
        depth: usize,
    ) -> Result<()> {
        if tree.submodules_count() >= submodules::COUNT_MAX {
            let max = submodules::COUNT_MAX;
            return Err(Error::new(
                ErrorKind::SourceFailed,
                format!("there are more than {max} submodules"),
            ));
        }
        self.link.check()?;
        self.fetcher.check(address)?;
        let (objects, census) = self.commit(address, gitlink.commit)?;
        let repository = objects.repository();
        tree.add(gitlink.commit, objects, census.tree);
        self.submodules(tree, address, &repository, &census, depth + 1)
    }
}

/// Says which submodule an error is about, and keeps everything else of it.
fn within(gitlink: &Gitlink, error: Error) -> Error {
    let path = String::from_utf8_lossy(&gitlink.path);
    let outer = Error::new(
        error.kind(),
        format!("submodule {path}: {}", error.message()),
    )
    .with_retry(error.retry());
    let outer = match error.hint() {
        Some(hint) => outer.with_hint(hint.to_owned()),
        None => outer,
    };
    outer.with_source(error)
}
