//! The bare repositories that are kept for an application, one for each address that it fetches from.
//!
//! ```text
//! mirrors/<application>/lock          held by whoever changes anything below
//! mirrors/<application>/<key>.git/    a bare repository without hooks, remotes or a work tree
//!     in-use                          held, shared, by everybody who reads from it
//!     refs/dokploy/<commit>           a commit whose whole tree was seen to be here
//! ```
//!
//! A reference is written last, after the tree of its commit was walked. A process that is killed at any moment
//! therefore leaves at worst files that nothing names, and the next one that gets the lock removes them.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gix::ObjectId;

use super::address::Address;
use super::link::Link;
use super::objects;
use crate::error::{Error, ErrorKind, Result};
use crate::id::ApplicationId;

/// Most commits that are named to the server as known; more would cost time and gain nothing.
const KNOWN_MAX: usize = 16;
/// Most packs of a mirror. Each fetch adds one and each read may look into all, so that a mirror with more of them is
/// replaced by a fresh one when nobody reads it.
const PACKS_MAX: usize = 64;
/// How long to wait before the lock is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// All mirrors of one application.
#[derive(Debug)]
pub(super) struct Shelf {
    directory: PathBuf,
    object_bytes_max: usize,
}

/// The right to change the mirrors of an application.
#[derive(Debug)]
pub(super) struct ShelfLock {
    directory: PathBuf,
    object_bytes_max: usize,
    _lock: File,
}

/// One bare repository, kept from being removed as long as this value lives.
#[derive(Debug)]
pub(super) struct Mirror {
    path: PathBuf,
    pub(super) repository: gix::ThreadSafeRepository,
    _in_use: File,
}

impl Shelf {
    pub(super) fn new(mirrors: &Path, application: ApplicationId, object_bytes_max: usize) -> Self {
        Self {
            directory: mirrors.join(application.to_string()),
            object_bytes_max,
        }
    }

    /// Waits for the lock, and cleans up after a process that was killed while it held it.
    pub(super) async fn lock(&self, link: &Link) -> Result<ShelfLock> {
        loop {
            fs::create_dir_all(&self.directory).map_err(|error| broken(&self.directory, error))?;
            if let Some(lock) = self
                .try_lock()
                .map_err(|error| broken(&self.directory, error))?
            {
                let lock = ShelfLock {
                    directory: self.directory.clone(),
                    object_bytes_max: self.object_bytes_max,
                    _lock: lock,
                };
                lock.sweep()
                    .map_err(|error| broken(&self.directory, error))?;
                return Ok(lock);
            }
            tokio::time::sleep(LOCK_PAUSE).await;
            link.check()?;
        }
    }

    fn try_lock(&self) -> io::Result<Option<File>> {
        let path = self.directory.join("lock");
        let file = File::options().create(true).append(true).open(&path)?;
        match file.try_lock() {
            // Whoever removed the mirrors also removed the file that was waited for.
            Ok(()) => Ok(same_file(&file, &path)?.then_some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Removes everything. Readers fail when they next look for an object.
    pub(super) async fn remove(self, link: &Link) -> Result<()> {
        if !self.directory.exists() {
            return Ok(());
        }
        let _lock = self.lock(link).await?;
        fs::remove_dir_all(&self.directory).map_err(|error| broken(&self.directory, error))
    }

    /// Opens the mirror of an address where there is one.
    pub(super) fn find(&self, address: &Address) -> Option<Mirror> {
        Mirror::open(
            &mirror_path(&self.directory, address),
            self.object_bytes_max,
        )
        .ok()
    }
}

impl ShelfLock {
    /// Opens the mirror of an address, or makes an empty one where there is none that can be used.
    pub(super) fn mirror(&self, address: &Address) -> Result<Mirror> {
        let path = mirror_path(&self.directory, address);
        let packs = packs(&path).unwrap_or_default();
        let usable =
            are_whole(&packs).unwrap_or(false) && !(packs.len() > PACKS_MAX && is_unused(&path));
        let opened = usable.then(|| Mirror::open(&path, self.object_bytes_max).ok());
        match opened.flatten() {
            Some(mirror) => Ok(mirror),
            None => self.replace(address),
        }
    }

    /// Throws a mirror away and makes an empty one.
    pub(super) fn replace(&self, address: &Address) -> Result<Mirror> {
        let path = mirror_path(&self.directory, address);
        self.discard(&path)
            .and_then(|()| create(&self.directory, &path))
            .map_err(|error| broken(&path, error))?;
        Mirror::open(&path, self.object_bytes_max)
    }

    /// Removes the mirrors of addresses that the application no longer fetches from.
    pub(super) fn keep_only(&self, used: &[Arc<Mirror>]) {
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return;
        };
        for path in entries.flatten().map(|entry| entry.path()) {
            let is_mirror = has_extension(&path, "git");
            if is_mirror && !used.iter().any(|mirror| mirror.path == path) && is_unused(&path) {
                // What cannot be removed now is tried again after the next fetch.
                let _ = self.discard(&path);
            }
        }
    }

    /// The name goes first and at once, so that no half-removed mirror is ever opened.
    fn discard(&self, path: &Path) -> io::Result<()> {
        if !path.exists() {
            return Ok(());
        }
        let grave = tempfile::Builder::new()
            .prefix("discarded-")
            .tempdir_in(&self.directory)?;
        fs::rename(path, grave.path().join("mirror"))?;
        grave.close()
    }

    fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if has_extension(&path, "git") {
                sweep_mirror(&path)?;
            } else if path.is_dir() {
                fs::remove_dir_all(&path)?;
            }
        }
        Ok(())
    }
}

impl Mirror {
    fn open(path: &Path, object_bytes_max: usize) -> Result<Self> {
        let in_use = File::open(path.join("in-use")).map_err(|error| broken(path, error))?;
        in_use
            .try_lock_shared()
            .map_err(|error| broken(path, error.into()))?;
        let repository = objects::open(path, object_bytes_max)?;
        Ok(Self {
            path: path.to_owned(),
            repository,
            _in_use: in_use,
        })
    }

    /// The commits whose whole tree is here, the latest first.
    pub(super) fn commits(&self) -> Vec<ObjectId> {
        let mut found: Vec<(SystemTime, ObjectId)> = fs::read_dir(self.path.join("refs/dokploy"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let id = ObjectId::from_hex(entry.file_name().as_encoded_bytes()).ok()?;
                Some((entry.metadata().ok()?.modified().ok()?, id))
            })
            .collect();
        found.sort_unstable_by(|left, right| right.cmp(left));
        found
            .into_iter()
            .map(|(_, id)| id)
            .take(KNOWN_MAX)
            .collect()
    }

    /// Whether the whole tree of a commit was seen to be here.
    pub(super) fn has(&self, commit: ObjectId) -> bool {
        self.reference(commit).exists()
    }

    /// Remembers that the whole tree of a commit is here.
    pub(super) fn keep(&self, commit: ObjectId) -> Result<()> {
        let path = self.reference(commit);
        let write = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(self.path.join("refs"))?;
            writeln!(file, "{commit}")?;
            file.persist(&path)?;
            Ok(())
        };
        write().map_err(|error| broken(&path, error))
    }

    /// Where packs are written to.
    pub(super) fn packs(&self) -> PathBuf {
        self.path.join("objects/pack")
    }

    /// Marks the mirror as damaged; it is replaced by the next fetch.
    pub(super) fn condemn(&self) {
        // Without its head it is no repository. When even that fails, the next fetch finds the damage by itself.
        let _ = fs::remove_file(self.path.join("HEAD"));
    }

    fn reference(&self, commit: ObjectId) -> PathBuf {
        self.path.join("refs/dokploy").join(commit.to_string())
    }
}

/// Makes an empty bare repository. It appears under its name only when it is whole.
fn create(directory: &Path, path: &Path) -> io::Result<()> {
    let draft = tempfile::Builder::new()
        .prefix("draft-")
        .tempdir_in(directory)?;
    for name in ["objects/pack", "objects/info", "refs/heads", "refs/dokploy"] {
        fs::create_dir_all(draft.path().join(name))?;
    }
    fs::write(
        draft.path().join("config"),
        "[core]\n\trepositoryformatversion = 0\n\tbare = true\n",
    )?;
    fs::write(draft.path().join("in-use"), "")?;
    fs::write(draft.path().join("HEAD"), "ref: refs/heads/main\n")?;
    fs::rename(draft.path(), path)
}

/// Removes what a killed fetch left: locks, temporary files, and packs that have no index yet.
fn sweep_mirror(path: &Path) -> io::Result<()> {
    remove_matching(path, |file| has_extension(file, "lock"))?;
    remove_matching(&path.join("refs"), Path::is_file)?;
    remove_matching(&path.join("objects/pack"), |file| {
        let is_whole = file.with_extension("idx").exists();
        !(is_whole && (has_extension(file, "pack") || has_extension(file, "idx")))
    })
}

fn remove_matching(directory: &Path, is_rubbish: impl Fn(&Path) -> bool) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() && is_rubbish(&entry.path()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// The indices of the packs of a mirror.
fn packs(mirror: &Path) -> io::Result<Vec<PathBuf>> {
    let mut packs = Vec::new();
    for entry in fs::read_dir(mirror.join("objects/pack"))? {
        let path = entry?.path();
        if has_extension(&path, "idx") {
            packs.push(path);
        }
    }
    Ok(packs)
}

/// Whether each pack ends as its index says that it does: what is cut off or empty is found so, without reading all.
fn are_whole(indices: &[PathBuf]) -> io::Result<bool> {
    const CHECKSUM: usize = 20;
    for path in indices {
        // An index ends with the checksum of its pack and with its own, a pack with its own.
        let index = tail::<{ 2 * CHECKSUM }>(path)?;
        let pack = tail::<CHECKSUM>(&path.with_extension("pack"))?;
        if index[..CHECKSUM] != pack {
            return Ok(false);
        }
    }
    Ok(true)
}

fn tail<const N: usize>(path: &Path) -> io::Result<[u8; N]> {
    let mut file = File::open(path)?;
    let mut bytes = [0; N];
    file.seek(SeekFrom::End(-i64::try_from(N).unwrap_or(i64::MAX)))?;
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Whether nobody reads from a mirror.
fn is_unused(mirror: &Path) -> bool {
    File::open(mirror.join("in-use")).is_ok_and(|file| file.try_lock().is_ok())
}

fn mirror_path(directory: &Path, address: &Address) -> PathBuf {
    directory.join(format!("{}.git", address.key()))
}

#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let held = file.metadata()?;
    match fs::metadata(path) {
        Ok(named) => Ok((held.dev(), held.ino()) == (named.dev(), named.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Elsewhere an open file cannot be removed, hence not be replaced.
#[cfg(not(unix))]
fn same_file(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

fn broken(path: &Path, error: io::Error) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("the git mirror {} cannot be used", path.display()),
    )
    .with_source(error)
    .with_hint("check the free space and the rights of the data directory")
}
