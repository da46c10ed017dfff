//! A directory of the engine's machine as a source.

mod reader;
mod stamp;

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use self::stamp::Stamp;
use super::context::{Selection, TarWriter, Walk};
use super::tree::{TreeReader, TreeStore, WalkedTree};
use super::work::{blocking, check_cancelled, or_cancelled};
use super::{NetworkPolicy, SourceFetcher, SourceRequest, SourceTree};
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ApplicationId;
use crate::model::{Revision, Source};

pub(super) use self::reader::{DirectoryReader, open_root};

/// Directories of which the digest is remembered.
const REMEMBERED_MAX: usize = 64;

/// Fetches code from directories of the engine's machine, where the policy allows it.
///
/// The revision is the SHA-256 of everything in the directory: names, contents, executable bits and where symbolic
/// links point, but not owners and times. Ignore files are not applied to it, because what they leave out depends on
/// the context that is built; `.git` never counts.
///
/// Nothing is copied. A directory that changes between resolving it and the end of the build context fails the
/// deployment, so that a revision always names what was built.
#[derive(Clone, Debug)]
pub struct DirectoryFetcher {
    policy: NetworkPolicy,
    bytes_max: u64,
    clock: Arc<dyn Clock>,
    remembered: Arc<Mutex<BTreeMap<PathBuf, Remembered>>>,
}

#[derive(Clone, Debug)]
struct Remembered {
    stamp: Stamp,
    digest: String,
}

impl DirectoryFetcher {
    /// Makes a fetcher that refuses directories with more than `bytes_max` of content.
    pub fn new(policy: NetworkPolicy, bytes_max: u64) -> Self {
        Self {
            policy,
            bytes_max,
            clock: Arc::new(SystemClock),
            remembered: Arc::default(),
        }
    }

    /// Opens the directory of a request and computes its digest.
    async fn read(&self, request: &SourceRequest, cancel: &CancellationToken) -> Result<Opened> {
        let path = self.check(request)?.to_owned();
        let this = self.clone();
        let token = cancel.clone();
        or_cancelled(cancel, blocking(move || this.open(&path, &token))).await
    }

    fn check<'r>(&self, request: &'r SourceRequest) -> Result<&'r Path> {
        let Source::Directory { path } = &request.source else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "only directories can be fetched as a directory",
            ));
        };
        self.policy.check_file_source("a directory")?;
        if !path.is_absolute() {
            return Err(Error::invalid_field(
                "directory",
                format!("{} is not an absolute path", path.display()),
            ));
        }
        for (field, value) in [("branch", &request.branch), ("commit", &request.commit)] {
            if value.is_some() {
                return Err(Error::invalid_field(
                    field,
                    "a directory has no branches and no commits",
                ));
            }
        }
        Ok(path)
    }

    fn open(&self, path: &Path, cancel: &CancellationToken) -> Result<Opened> {
        let root = Arc::new(open_root(path)?);
        let mut reader = DirectoryReader::new(Arc::clone(&root), cancel.clone());
        let now = self.clock.now();
        let stamp = Stamp::take(&mut reader)?;
        let remembered = self.lock().get(path).cloned();
        if let Some(remembered) = remembered.filter(|remembered| remembered.stamp == stamp) {
            let digest = remembered.digest;
            return Ok(Opened {
                root,
                stamp,
                digest,
            });
        }
        let digest = digest(&mut reader, self.bytes_max, cancel)?;
        if Stamp::take(&mut reader)? != stamp {
            return Err(changed(path, "while it was read"));
        }
        if stamp.is_settled(now) {
            let digest = digest.clone();
            let mut remembered = self.lock();
            if remembered.len() >= REMEMBERED_MAX {
                remembered.clear();
            }
            remembered.insert(path.to_owned(), Remembered { stamp, digest });
        }
        Ok(Opened {
            root,
            stamp,
            digest,
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, Remembered>> {
        self.remembered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

struct Opened {
    root: Arc<OwnedFd>,
    stamp: Stamp,
    digest: String,
}

#[async_trait]
impl SourceFetcher for DirectoryFetcher {
    async fn resolve(
        &self,
        request: &SourceRequest,
        cancel: &CancellationToken,
    ) -> Result<Revision> {
        let opened = self.read(request, cancel).await?;
        Ok(digest_revision(opened.digest))
    }

    async fn fetch(
        &self,
        request: &SourceRequest,
        revision: &Revision,
        cancel: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>> {
        let opened = self.read(request, cancel).await?;
        let path = self.check(request)?.to_owned();
        if opened.digest != revision.id {
            return Err(changed(&path, "since the deployment was accepted"));
        }
        Ok(Arc::new(WalkedTree::new(DirectoryStore {
            path,
            root: opened.root,
            stamp: opened.stamp,
        })))
    }

    async fn forget(&self, _application: ApplicationId) -> Result<()> {
        // Nothing is kept for an application: digests are remembered by path, and there are few of them.
        Ok(())
    }
}

#[derive(Debug)]
struct DirectoryStore {
    path: PathBuf,
    root: Arc<OwnedFd>,
    stamp: Stamp,
}

impl TreeStore for DirectoryStore {
    type Reader = DirectoryReader;

    fn reader(&self) -> Result<DirectoryReader> {
        Ok(DirectoryReader::new(
            Arc::clone(&self.root),
            CancellationToken::new(),
        ))
    }

    fn verify(&self) -> Result<()> {
        if Stamp::take(&mut self.reader()?)? == self.stamp {
            return Ok(());
        }
        Err(changed(&self.path, "while it was read"))
    }
}

/// The revision of a source that is known by the digest of its content.
pub(super) fn digest_revision(id: String) -> Revision {
    Revision {
        id,
        reference: None,
        message: None,
        author: None,
        committed_at: None,
    }
}

/// Hashes a tree: the digest of the tar that all of it would be.
fn digest<R: TreeReader>(
    reader: &mut R,
    bytes_max: u64,
    cancel: &CancellationToken,
) -> Result<String> {
    let root = reader.root()?;
    let everything = Selection::default();
    let mut tar = TarWriter::new(
        HashSink {
            hash: Sha256::new(),
            cancel,
        },
        bytes_max,
    );
    Walk::new(reader, &mut tar, &everything).run(&root)?;
    Ok(hex::encode(tar.finish()?.hash.finalize()))
}

struct HashSink<'a> {
    hash: Sha256,
    cancel: &'a CancellationToken,
}

impl Write for HashSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        check_cancelled(self.cancel).map_err(io::Error::other)?;
        self.hash.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn changed(path: &Path, when: &str) -> Error {
    Error::new(
        ErrorKind::SourceFailed,
        format!("the source directory {} changed {when}", path.display()),
    )
    .with_hint("deploy again when nothing writes to it any more")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::clock::{ManualClock, Timestamp};

    fn fetcher(clock: Timestamp) -> DirectoryFetcher {
        DirectoryFetcher {
            clock: Arc::new(ManualClock::new(clock)),
            ..DirectoryFetcher::new(NetworkPolicy::trusting(), u64::MAX)
        }
    }

    fn digest_of(fetcher: &DirectoryFetcher, path: &Path) -> String {
        fetcher
            .open(path, &CancellationToken::new())
            .unwrap()
            .digest
    }

    #[test]
    fn an_unchanged_directory_is_not_read_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::write(path.join("file"), "content").unwrap();
        let fetcher = fetcher(SystemClock.now().plus(Duration::from_mins(1)));
        let digest = digest_of(&fetcher, path);
        fetcher.lock().get_mut(path).unwrap().digest = "remembered".to_owned();
        assert_eq!(digest_of(&fetcher, path), "remembered");
        fs::write(path.join("file"), "changed").unwrap();
        let changed = digest_of(&fetcher, path);
        assert_ne!(changed, "remembered");
        assert_ne!(changed, digest);
    }

    #[test]
    fn a_directory_that_has_just_changed_is_read_again() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("file"), "content").unwrap();
        let fetcher = fetcher(SystemClock.now());
        digest_of(&fetcher, directory.path());
        assert!(fetcher.lock().is_empty());
    }
}
