//! An uploaded archive as a source.

mod format;
mod name;
mod unpack;
mod workspace;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rustix::fs::{Mode, OFlags, open, openat};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use self::unpack::Unpacker;
use self::workspace::{Unpacked, Workspace};
use super::directory::{DirectoryReader, digest_revision, open_root};
use super::tree::{TreeStore, WalkedTree};
use super::work::{blocking, check_cancelled, or_cancelled};
use super::{NetworkPolicy, SourceFetcher, SourceRequest, SourceTree};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ApplicationId;
use crate::model::{Revision, Source};

/// Below this size of all contents, no archive counts as a bomb.
const RATIO_FLOOR: u64 = 64 * 1024 * 1024;

/// What an archive may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveLimits {
    /// Most bytes of all contents, and of the archive itself.
    pub bytes_max: u64,
    /// Most files, directories and links.
    pub entries_max: usize,
    /// Most bytes of content for each byte of the archive, once there are more than 64 MiB of content.
    pub ratio_max: u64,
}

impl Default for ArchiveLimits {
    fn default() -> Self {
        Self {
            bytes_max: 4 * 1024 * 1024 * 1024,
            entries_max: 100_000,
            ratio_max: 200,
        }
    }
}

/// Fetches code from uploaded archives: tar, gzipped tar and zip, told apart by their content.
///
/// Archives lie in the directory `archives` of the data directory; elsewhere only where the policy allows file
/// sources. The revision is the SHA-256 of the archive. An archive is unpacked into a private directory that is
/// removed with the tree; when everything lies in one directory, as in the archives that git hosts make, that
/// directory is the root of the tree.
#[derive(Clone, Debug)]
pub struct ArchiveFetcher {
    policy: NetworkPolicy,
    data_directory: PathBuf,
    limits: ArchiveLimits,
    workspace: Arc<Mutex<Option<Arc<Workspace>>>>,
}

impl ArchiveFetcher {
    /// Makes a fetcher. Nothing is written before the first archive is fetched.
    pub fn new(
        policy: NetworkPolicy,
        data_directory: impl Into<PathBuf>,
        limits: ArchiveLimits,
    ) -> Self {
        Self {
            policy,
            data_directory: data_directory.into(),
            limits,
            workspace: Arc::default(),
        }
    }

    /// Where uploads belong.
    pub fn archives(&self) -> PathBuf {
        self.data_directory.join("archives")
    }

    fn workspace(&self) -> Result<Arc<Workspace>> {
        let mut workspace = self
            .workspace
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(workspace) = workspace.as_ref() {
            return Ok(Arc::clone(workspace));
        }
        let opened = Arc::new(Workspace::open(self.data_directory.join("unpacked"))?);
        *workspace = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Opens the archive of a request, where it may be one.
    fn open(&self, request: &SourceRequest) -> Result<File> {
        let Source::Archive { path } = &request.source else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "only archives can be fetched as an archive",
            ));
        };
        for (field, value) in [("branch", &request.branch), ("commit", &request.commit)] {
            if value.is_some() {
                return Err(Error::invalid_field(
                    field,
                    "an archive has no branches and no commits",
                ));
            }
        }
        let file = if let Ok(below) = path.strip_prefix(self.archives()) {
            open_below(&self.archives(), below)?
        } else {
            self.policy
                .check_file_source("an archive outside the data directory")?;
            File::open(path).map_err(|error| open_failed(path, error))?
        };
        let metadata = file.metadata().map_err(|error| open_failed(path, error))?;
        if !metadata.is_file() {
            return Err(open_failed(
                path,
                io::Error::other("it is not a regular file"),
            ));
        }
        if metadata.len() > self.limits.bytes_max {
            return Err(too_large(&self.limits));
        }
        Ok(file)
    }

    fn unpack(&self, file: &File, cancel: &CancellationToken) -> Result<ArchiveStore> {
        let unpacked = self.workspace()?.directory()?;
        let length = file.metadata().map_err(damaged)?.len();
        let mut limits = self.limits;
        limits.bytes_max = limits
            .bytes_max
            .min(length.saturating_mul(limits.ratio_max).max(RATIO_FLOOR));
        let mut writer = Unpacker::new(unpacked.path(), limits, cancel);
        let reader = file.try_clone().map_err(damaged)?;
        format::read(reader, &limits, cancel, &mut writer)?;
        let names_the_root = writer.finish()?;
        let root = match single_directory(unpacked.path()).map_err(damaged)? {
            Some(directory) if !names_the_root => open_root(&directory)?,
            _ => open_root(unpacked.path())?,
        };
        Ok(ArchiveStore {
            root: Arc::new(root),
            _unpacked: unpacked,
        })
    }
}

#[async_trait]
impl SourceFetcher for ArchiveFetcher {
    async fn resolve(
        &self,
        request: &SourceRequest,
        cancel: &CancellationToken,
    ) -> Result<Revision> {
        let (this, request, token) = (self.clone(), request.clone(), cancel.clone());
        let digest = blocking(move || digest(&mut this.open(&request)?, &token));
        or_cancelled(cancel, digest).await.map(digest_revision)
    }

    async fn fetch(
        &self,
        request: &SourceRequest,
        revision: &Revision,
        cancel: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>> {
        let (this, request, token) = (self.clone(), request.clone(), cancel.clone());
        let expected = revision.id.clone();
        let store = blocking(move || {
            let mut file = this.open(&request)?;
            let before = state(&file)?;
            if digest(&mut file, &token)? != expected {
                return Err(changed());
            }
            let store = this.unpack(&file, &token)?;
            if state(&file)? != before {
                return Err(changed());
            }
            Ok(store)
        });
        let store = or_cancelled(cancel, store).await?;
        Ok(Arc::new(WalkedTree::new(store)))
    }

    async fn forget(&self, _application: ApplicationId) -> Result<()> {
        // An unpacked tree is removed with its last user, and an upload belongs to whoever uploaded it.
        Ok(())
    }
}

/// An unpacked archive.
#[derive(Debug)]
struct ArchiveStore {
    root: Arc<OwnedFd>,
    /// Removes the files with the last user of the tree.
    _unpacked: Unpacked,
}

impl TreeStore for ArchiveStore {
    type Reader = DirectoryReader;

    fn reader(&self) -> Result<DirectoryReader> {
        Ok(DirectoryReader::new(
            Arc::clone(&self.root),
            CancellationToken::new(),
        ))
    }
}

/// Opens a file below a directory without following a symbolic link on the way.
fn open_below(directory: &Path, below: &Path) -> Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let path = directory.join(below);
    let failed = |error: rustix::io::Errno| open_failed(&path, error.into());
    let mut opened = open(directory, flags | OFlags::DIRECTORY, Mode::empty()).map_err(failed)?;
    for component in below.components() {
        let Component::Normal(name) = component else {
            return Err(Error::invalid_field(
                "archive",
                format!("{} climbs out of the archives", path.display()),
            ));
        };
        opened = openat(&opened, name, flags, Mode::empty()).map_err(failed)?;
    }
    Ok(File::from(opened))
}

/// The only thing in a directory, when that is a directory.
fn single_directory(path: &Path) -> io::Result<Option<PathBuf>> {
    let mut entries = fs::read_dir(path)?;
    let (Some(only), None) = (entries.next().transpose()?, entries.next()) else {
        return Ok(None);
    };
    Ok(only.file_type()?.is_dir().then(|| only.path()))
}

/// Hashes a file from its beginning and goes back there.
fn digest(file: &mut File, cancel: &CancellationToken) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        check_cancelled(cancel)?;
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => hash.update(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(damaged(error)),
        }
    }
    file.seek(SeekFrom::Start(0)).map_err(damaged)?;
    Ok(hex::encode(hash.finalize()))
}

/// What changes when somebody writes to the archive.
fn state(file: &File) -> Result<(u64, i64, i64)> {
    let metadata = file.metadata().map_err(damaged)?;
    Ok((metadata.len(), metadata.ctime(), metadata.ctime_nsec()))
}

fn changed() -> Error {
    Error::new(
        ErrorKind::SourceFailed,
        "the archive changed since the deployment was accepted",
    )
    .with_hint("deploy again, and upload each version under a name of its own")
}

fn open_failed(path: &Path, error: io::Error) -> Error {
    let what = match error.kind() {
        io::ErrorKind::NotFound => "does not exist",
        _ => "cannot be opened",
    };
    Error::new(
        ErrorKind::SourceFailed,
        format!("the archive {} {what}", path.display()),
    )
    .with_source(error)
}

/// An archive that cannot be read to its end.
fn damaged(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(
            ErrorKind::SourceFailed,
            "the archive is damaged, or is no tar, gzipped tar or zip",
        )
        .with_source(error),
    }
}

/// An archive that breaks a rule.
fn refused(what: impl fmt::Display) -> Error {
    Error::new(
        ErrorKind::InvalidSpec,
        format!("the archive is refused: {what}"),
    )
}

fn too_large(limits: &ArchiveLimits) -> Error {
    refused(format!(
        "it, or what it holds, is larger than the {} bytes that are allowed for it",
        limits.bytes_max
    ))
}
