//! A tree as files of a directory.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{self, Mode, OFlags};

use super::tree::{self, Entry, EntryKind, FileContent, TreeReader, read_failed};
use crate::error::{Error, ErrorKind, Result};

/// Writes a tree into an empty directory.
///
/// Each file is made anew through the descriptor of its parent, and no name of a tree holds a slash: nothing can land
/// outside, and no symbolic link of the tree is ever written through.
///
/// # Errors
///
/// `invalid_spec` when the directory is not empty; what was written before an error stays for the caller to remove.
pub(crate) fn write<R: TreeReader>(reader: &mut R, directory: &Path) -> Result<()> {
    let failed = |error: io::Error| {
        Error::new(
            ErrorKind::Unexpected,
            format!("the source could not be written to {}", directory.display()),
        )
        .with_source(error)
    };
    if std::fs::read_dir(directory)
        .map_err(failed)?
        .next()
        .is_some()
    {
        return Err(Error::new(
            ErrorKind::InvalidSpec,
            format!("{} is not empty", directory.display()),
        ));
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let target = fs::open(directory, flags, Mode::empty()).map_err(|error| failed(error.into()))?;
    let root = reader.root()?;
    Checkout {
        reader,
        path: Vec::new(),
        depth: 0,
    }
    .directory(&root, &target)
}

struct Checkout<'a, R> {
    reader: &'a mut R,
    path: Vec<u8>,
    depth: usize,
}

impl<R: TreeReader> Checkout<'_, R> {
    fn directory(&mut self, from: &R::Directory, to: &OwnedFd) -> Result<()> {
        tree::check_depth(self.depth, &self.path)?;
        for entry in tree::sorted_entries(self.reader, from)? {
            let length = self.path.len();
            if length > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(&entry.name);
            self.entry(from, &entry, to)?;
            self.path.truncate(length);
        }
        Ok(())
    }

    fn entry(&mut self, from: &R::Directory, entry: &Entry<R::Id>, to: &OwnedFd) -> Result<()> {
        let name = entry.name.as_slice();
        match entry.kind {
            EntryKind::Directory => {
                let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
                let below = fs::mkdirat(to, name, Mode::from_raw_mode(0o755))
                    .and_then(|()| fs::openat(to, name, flags, Mode::empty()))
                    .map_err(|error| write_failed(&self.path, error.into()))?;
                let directory = self.reader.open_directory(from, entry)?;
                self.depth += 1;
                self.directory(&directory, &below)?;
                self.depth -= 1;
                Ok(())
            }
            EntryKind::Symlink => {
                let target = self.reader.link_target(from, entry)?;
                fs::symlinkat(target.as_slice(), to, name)
                    .map_err(|error| write_failed(&self.path, error.into()))
            }
            EntryKind::File => {
                let content = self.reader.open_file(from, entry)?;
                write_file(&self.path, content, to, name)
            }
        }
    }
}

fn write_file(path: &[u8], content: FileContent<'_>, to: &OwnedFd, name: &[u8]) -> Result<()> {
    let FileContent {
        executable,
        mut reader,
        ..
    } = content;
    let mode = Mode::from_raw_mode(if executable { 0o755 } else { 0o644 });
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = fs::openat(to, name, flags, mode)
        .map(File::from)
        .map_err(|error| write_failed(path, error.into()))?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(read) => file
                .write_all(&buffer[..read])
                .map_err(|error| write_failed(path, error))?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(read_failed(path, error)),
        }
    }
}

fn write_failed(path: &[u8], error: io::Error) -> Error {
    Error::new(
        ErrorKind::Unexpected,
        format!("{} could not be written", String::from_utf8_lossy(path)),
    )
    .with_source(error)
}
