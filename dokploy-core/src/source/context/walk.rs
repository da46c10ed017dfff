//! The walk that decides which entries of a tree are sent, and in which order.

use std::io::Write;

use super::TarWriter;
use crate::error::{Error, ErrorKind, Result};
use crate::source::dockerignore::{self, DirectoryMatch, Dockerignore};
use crate::source::tree::{self, Entry, EntryKind, TreePath, TreeReader};

/// Which entries of a tree are sent.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    rules: Dockerignore,
    /// Files that are sent even where the rules ignore them.
    kept: Vec<Vec<u8>>,
}

impl Selection {
    /// Reads the ignore file of a Dockerfile: its own, `<dockerfile>.dockerignore`, else that of the context.
    pub(super) fn read<R: TreeReader>(
        reader: &mut R,
        directory: &TreePath,
        dockerfile: &TreePath,
    ) -> Result<Self> {
        let dockerfile = dockerfile.display();
        let names = [
            format!("{dockerfile}.dockerignore"),
            ".dockerignore".to_owned(),
        ];
        let mut rules = Dockerignore::default();
        for name in &names {
            let path = directory.join(&TreePath::parse("dockerfile", name)?);
            let Some(text) = tree::read_file(reader, &path, dockerignore::BYTES_MAX + 1)? else {
                continue;
            };
            if text.len() as u64 > dockerignore::BYTES_MAX {
                return Err(Error::new(
                    ErrorKind::InvalidSpec,
                    format!("{name} is larger than {} bytes", dockerignore::BYTES_MAX),
                ));
            }
            rules = Dockerignore::parse(&text)
                .map_err(|error| Error::new(error.kind(), format!("{name}: {error}")))?;
            break;
        }
        let [specific, general] = names;
        let kept = [dockerfile, specific, general]
            .map(String::into_bytes)
            .into();
        Ok(Self { rules, kept })
    }

    fn ignores(&self, parent: &DirectoryMatch, path: &[u8]) -> bool {
        self.rules.ignores_below(parent, path) && !self.kept.iter().any(|kept| kept == path)
    }

    /// Whether something below an ignored directory is sent all the same.
    fn reaches_below(&self, directory: &[u8]) -> bool {
        let holds = |kept: &Vec<u8>| {
            kept.strip_prefix(directory)
                .is_some_and(|rest| rest.starts_with(b"/"))
        };
        self.kept.iter().any(holds) || self.rules.excepts_below(directory)
    }
}

/// Walks a tree depth first, each directory sorted by name, and writes what is selected.
pub(crate) struct Walk<'a, R, W> {
    reader: &'a mut R,
    tar: &'a mut TarWriter<W>,
    selection: &'a Selection,
    path: Vec<u8>,
    /// Lengths of `path` at the ignored directories above: they are sent once something in them is.
    unsent: Vec<usize>,
    depth: usize,
}

impl<'a, R: TreeReader, W: Write> Walk<'a, R, W> {
    pub(crate) fn new(
        reader: &'a mut R,
        tar: &'a mut TarWriter<W>,
        selection: &'a Selection,
    ) -> Self {
        Self {
            reader,
            tar,
            selection,
            path: Vec::new(),
            unsent: Vec::new(),
            depth: 0,
        }
    }

    /// Writes everything below `root`, which gets no entry of its own.
    pub(crate) fn run(mut self, root: &R::Directory) -> Result<()> {
        let matched = self.selection.rules.root();
        let mut largest = (0, Vec::new());
        for entry in tree::sorted_entries(self.reader, root)? {
            let before = self.tar.bytes();
            let outcome = self.entry(root, &entry, &matched);
            largest = largest.max((self.tar.bytes() - before, entry.name));
            match outcome {
                Err(error) if self.tar.is_full() => return Err(explain_size(error, &largest.1)),
                outcome => outcome?,
            }
        }
        Ok(())
    }

    fn entry(
        &mut self,
        parent: &R::Directory,
        entry: &Entry<R::Id>,
        matched: &DirectoryMatch,
    ) -> Result<()> {
        let length = self.path.len();
        if length > 0 {
            self.path.push(b'/');
        }
        self.path.extend_from_slice(&entry.name);
        let ignored = self.selection.ignores(matched, &self.path);
        match entry.kind {
            EntryKind::Directory => self.directory(parent, entry, matched, ignored)?,
            _ if ignored => {}
            EntryKind::File => {
                self.send_parents()?;
                let content = self.reader.open_file(parent, entry)?;
                self.tar.file(&self.path, content)?;
            }
            EntryKind::Symlink => {
                self.send_parents()?;
                let target = self.reader.link_target(parent, entry)?;
                self.tar.symlink(&self.path, &target)?;
            }
        }
        self.path.truncate(length);
        Ok(())
    }

    fn directory(
        &mut self,
        parent: &R::Directory,
        entry: &Entry<R::Id>,
        matched: &DirectoryMatch,
        ignored: bool,
    ) -> Result<()> {
        if ignored && !self.selection.reaches_below(&self.path) {
            return Ok(());
        }
        self.unsent.push(self.path.len());
        if !ignored {
            self.send_parents()?;
        }
        self.depth += 1;
        tree::check_depth(self.depth, &self.path)?;
        let matched = self.selection.rules.enter(matched, &self.path);
        let directory = self.reader.open_directory(parent, entry)?;
        for entry in tree::sorted_entries(self.reader, &directory)? {
            self.entry(&directory, &entry, &matched)?;
        }
        self.depth -= 1;
        self.unsent.retain(|length| *length < self.path.len());
        Ok(())
    }

    fn send_parents(&mut self) -> Result<()> {
        for length in self.unsent.drain(..) {
            self.tar.directory(&self.path[..length])?;
        }
        Ok(())
    }
}

/// Says what to leave out of a context that is too large.
fn explain_size(error: Error, largest: &[u8]) -> Error {
    let largest = String::from_utf8_lossy(largest);
    error.with_hint(format!(
        "the largest part so far is {largest:?}; keep what is not needed out of the source, or out of the build context with a .dockerignore file"
    ))
}
