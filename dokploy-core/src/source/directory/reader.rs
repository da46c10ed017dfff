//! A directory of the file system as a tree, read through open descriptors.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Stat};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind, Result};
use crate::source::tree::{Entry, EntryKind, FileContent, TreeReader, read_failed};
use crate::source::work::check_cancelled;

/// The name that git keeps to itself; it is no part of a tree at any depth, as git itself has it.
const GIT: &[u8] = b".git";

/// One walk through a directory.
///
/// Everything is opened by its name in an open parent and never through a symbolic link, so that no change of the
/// directory in mid-walk can lead the walk outside. Sockets, pipes and devices are left out, as git leaves them out.
#[derive(Debug)]
pub(crate) struct DirectoryReader {
    root: Arc<OwnedFd>,
    cancel: CancellationToken,
}

impl DirectoryReader {
    pub(crate) fn new(root: Arc<OwnedFd>, cancel: CancellationToken) -> Self {
        Self { root, cancel }
    }

    /// Looks at an entry without opening it.
    pub(super) fn stat(parent: &OwnedFd, name: &[u8]) -> Result<Stat> {
        fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| read_failed(name, error.into()))
    }
}

/// Opens a directory from which walks start. Only here may the path lead through symbolic links: whoever names the
/// path could name their target.
pub(crate) fn open_root(path: &Path) -> Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    fs::open(path, flags, Mode::empty()).map_err(|error| {
        let what = match error {
            rustix::io::Errno::NOENT => "does not exist",
            rustix::io::Errno::NOTDIR => "is not a directory",
            _ => "cannot be opened",
        };
        Error::new(
            ErrorKind::SourceFailed,
            format!("the source directory {} {what}", path.display()),
        )
        .with_source(io::Error::from(error))
    })
}

impl TreeReader for DirectoryReader {
    type Directory = OwnedFd;
    type Id = ();

    fn root(&mut self) -> Result<OwnedFd> {
        open(&self.root, b".", OFlags::DIRECTORY)
    }

    fn entries(&mut self, directory: &OwnedFd) -> Result<Vec<Entry<()>>> {
        check_cancelled(&self.cancel)?;
        let failed =
            |error: rustix::io::Errno| read_failed(b"a directory of the source", error.into());
        let mut entries = Vec::new();
        for entry in Dir::read_from(directory).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if matches!(name, b"." | b".." | GIT) {
                continue;
            }
            let file_type = match entry.file_type() {
                // Some file systems do not say in the listing.
                FileType::Unknown => FileType::from_raw_mode(Self::stat(directory, name)?.st_mode),
                known => known,
            };
            let kind = match file_type {
                FileType::Directory => EntryKind::Directory,
                FileType::RegularFile => EntryKind::File,
                FileType::Symlink => EntryKind::Symlink,
                _ => continue,
            };
            entries.push(Entry {
                name: name.to_vec(),
                kind,
                id: (),
            });
        }
        Ok(entries)
    }

    fn open_directory(&mut self, parent: &OwnedFd, entry: &Entry<()>) -> Result<OwnedFd> {
        open(parent, &entry.name, OFlags::DIRECTORY)
    }

    fn open_file(&mut self, parent: &OwnedFd, entry: &Entry<()>) -> Result<FileContent<'_>> {
        check_cancelled(&self.cancel)?;
        // A pipe that took the place of the file must not make the open wait for its other end.
        let file = open(parent, &entry.name, OFlags::NONBLOCK)?;
        let stat = fs::fstat(&file).map_err(|error| read_failed(&entry.name, error.into()))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(read_failed(
                &entry.name,
                io::Error::other("it is no regular file any more"),
            ));
        }
        Ok(FileContent {
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            executable: Mode::from_raw_mode(stat.st_mode).contains(Mode::XUSR),
            reader: Box::new(File::from(file)),
        })
    }

    fn link_target(&mut self, parent: &OwnedFd, entry: &Entry<()>) -> Result<Vec<u8>> {
        fs::readlinkat(parent, entry.name.as_slice(), Vec::new())
            .map(std::ffi::CString::into_bytes)
            .map_err(|error| read_failed(&entry.name, error.into()))
    }
}

fn open(parent: &OwnedFd, name: &[u8], flags: OFlags) -> Result<OwnedFd> {
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    fs::openat(parent, name, flags, Mode::empty()).map_err(|error| read_failed(name, error.into()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::error::ErrorKind;

    /// Lists a directory with a file and a directory, and opens them after something else took their places.
    fn opened_after(change: impl FnOnce(&Path)) -> (Result<()>, Result<()>) {
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "secret").unwrap();
        let inside = tempfile::tempdir().unwrap();
        std::fs::write(inside.path().join("file"), "content").unwrap();
        std::fs::create_dir(inside.path().join("directory")).unwrap();
        let root = Arc::new(open_root(inside.path()).unwrap());
        let mut reader = DirectoryReader::new(root, CancellationToken::new());
        let root = reader.root().unwrap();
        let entry = |name: &[u8], kind| Entry {
            name: name.to_vec(),
            kind,
            id: (),
        };
        std::fs::remove_file(inside.path().join("file")).unwrap();
        std::fs::remove_dir(inside.path().join("directory")).unwrap();
        symlink(outside.path(), inside.path().join("outside")).unwrap();
        change(inside.path());
        let file = reader
            .open_file(&root, &entry(b"file", EntryKind::File))
            .map(drop);
        let directory = reader
            .open_directory(&root, &entry(b"directory", EntryKind::Directory))
            .map(drop);
        (file, directory)
    }

    #[test]
    fn a_link_that_takes_the_place_of_an_entry_is_not_followed() {
        let (file, directory) = opened_after(|inside| {
            symlink("outside/secret", inside.join("file")).unwrap();
            symlink("outside", inside.join("directory")).unwrap();
        });
        assert_eq!(file.unwrap_err().kind(), ErrorKind::SourceFailed);
        assert_eq!(directory.unwrap_err().kind(), ErrorKind::SourceFailed);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_that_takes_the_place_of_an_entry_is_not_waited_for() {
        let (file, directory) = opened_after(|inside| {
            let root = open_root(inside).unwrap();
            fs::mknodat(&root, "file", FileType::Fifo, Mode::RWXU, 0).unwrap();
            fs::mknodat(&root, "directory", FileType::Fifo, Mode::RWXU, 0).unwrap();
        });
        assert_eq!(file.unwrap_err().kind(), ErrorKind::SourceFailed);
        assert_eq!(directory.unwrap_err().kind(), ErrorKind::SourceFailed);
    }
}
