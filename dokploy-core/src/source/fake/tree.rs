//! Trees in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::source::tree::{Entry, EntryKind, FileContent, TreeReader, TreeStore};

/// A tree in memory, for tests and for trying things out.
///
/// # Examples
///
/// ```
/// use dokploy_core::source::FakeTree;
///
/// let tree = FakeTree::new()
///     .file("Dockerfile", "FROM scratch\nCOPY . /\n")
///     .executable("bin/run", "#!/bin/sh\n")
///     .symlink("latest", "bin/run");
/// assert_eq!(tree.entries().count(), 3);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FakeTree {
    entries: BTreeMap<String, FakeEntry>,
}

/// One entry of a [`FakeTree`]. Directories are there because something is in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FakeEntry {
    /// A regular file.
    File {
        /// What is in it.
        content: Arc<[u8]>,
        /// Whether it may be run.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points.
        target: String,
    },
}

impl FakeTree {
    /// Makes an empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file.
    #[must_use]
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.with(path, content.as_ref(), false)
    }

    /// Adds or replaces an executable file.
    #[must_use]
    pub fn executable(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.with(path, content.as_ref(), true)
    }

    /// Adds or replaces a symbolic link.
    #[must_use]
    pub fn symlink(mut self, path: &str, target: &str) -> Self {
        let target = target.to_owned();
        self.entries
            .insert(path.to_owned(), FakeEntry::Symlink { target });
        self
    }

    /// Every file and link with its path, sorted.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &FakeEntry)> {
        self.entries
            .iter()
            .map(|(path, entry)| (path.as_str(), entry))
    }

    fn with(mut self, path: &str, content: &[u8], executable: bool) -> Self {
        let content = content.into();
        self.entries.insert(
            path.to_owned(),
            FakeEntry::File {
                content,
                executable,
            },
        );
        self
    }

    /// A digest of everything in it.
    pub(super) fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for (path, entry) in &self.entries {
            let (kind, content): (u8, &[u8]) = match entry {
                FakeEntry::File {
                    content,
                    executable,
                } => (u8::from(*executable), content),
                FakeEntry::Symlink { target } => (2, target.as_bytes()),
            };
            for part in [path.as_bytes(), &[kind], content] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        hash.finalize().into()
    }
}

impl TreeStore for FakeTree {
    type Reader = FakeReader;

    fn reader(&self) -> Result<FakeReader> {
        Ok(FakeReader { tree: self.clone() })
    }
}

/// A walk through a tree in memory, in which a directory is the beginning of paths.
#[derive(Debug)]
pub(crate) struct FakeReader {
    tree: FakeTree,
}

impl TreeReader for FakeReader {
    type Directory = String;
    type Id = ();

    fn root(&mut self) -> Result<String> {
        Ok(String::new())
    }

    fn entries(&mut self, directory: &String) -> Result<Vec<Entry<()>>> {
        let mut kinds = BTreeMap::new();
        for (path, entry) in &self.tree.entries {
            let Some(below) = path.strip_prefix(directory.as_str()) else {
                continue;
            };
            let (name, kind) = match (below.split_once('/'), entry) {
                (Some((name, _)), _) => (name, EntryKind::Directory),
                (None, FakeEntry::File { .. }) => (below, EntryKind::File),
                (None, FakeEntry::Symlink { .. }) => (below, EntryKind::Symlink),
            };
            kinds.insert(name, kind);
        }
        Ok(kinds
            .into_iter()
            .map(|(name, kind)| Entry {
                name: name.as_bytes().to_vec(),
                kind,
                id: (),
            })
            .collect())
    }

    fn open_directory(&mut self, parent: &String, entry: &Entry<()>) -> Result<String> {
        Ok(join(parent, entry) + "/")
    }

    fn open_file(&mut self, parent: &String, entry: &Entry<()>) -> Result<FileContent<'_>> {
        match self.tree.entries.get(&join(parent, entry)) {
            Some(FakeEntry::File {
                content,
                executable,
            }) => Ok(FileContent {
                size: content.len() as u64,
                executable: *executable,
                reader: Box::new(content.as_ref()),
            }),
            _ => Err(missing(parent, entry)),
        }
    }

    fn link_target(&mut self, parent: &String, entry: &Entry<()>) -> Result<Vec<u8>> {
        match self.tree.entries.get(&join(parent, entry)) {
            Some(FakeEntry::Symlink { target }) => Ok(target.clone().into_bytes()),
            _ => Err(missing(parent, entry)),
        }
    }
}

fn join(parent: &str, entry: &Entry<()>) -> String {
    format!("{parent}{}", String::from_utf8_lossy(&entry.name))
}

fn missing(parent: &str, entry: &Entry<()>) -> Error {
    Error::new(
        ErrorKind::Unexpected,
        format!("{} is not in the tree", join(parent, entry)),
    )
}
