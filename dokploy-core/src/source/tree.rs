//! What every kind of tree can be walked through: git objects, directories, unpacked archives, memory.

use std::fmt::Debug;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub(crate) use super::work::blocking;
use super::{ContextRequest, SourceTree, checkout, context};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;

/// Deepest nesting of directories that is walked.
pub(crate) const DEPTH_MAX: usize = 256;

/// One walk through a tree, on a thread that may block. Directories are opened from their parents, so that an
/// implementation never has to resolve a path.
pub(crate) trait TreeReader {
    /// A directory that can be listed: an object id, an open descriptor.
    type Directory;
    /// What an entry is opened by, where its name is not enough.
    type Id;

    /// Opens the root.
    fn root(&mut self) -> Result<Self::Directory>;

    /// Lists a directory, in any order.
    fn entries(&mut self, directory: &Self::Directory) -> Result<Vec<Entry<Self::Id>>>;

    /// Opens a directory that [`entries`](Self::entries) named.
    fn open_directory(
        &mut self,
        parent: &Self::Directory,
        entry: &Entry<Self::Id>,
    ) -> Result<Self::Directory>;

    /// Opens a regular file that [`entries`](Self::entries) named.
    fn open_file(
        &mut self,
        parent: &Self::Directory,
        entry: &Entry<Self::Id>,
    ) -> Result<FileContent<'_>>;

    /// Reads where a symbolic link points, without following it.
    fn link_target(&mut self, parent: &Self::Directory, entry: &Entry<Self::Id>)
    -> Result<Vec<u8>>;
}

/// One entry of a directory.
#[derive(Clone, Debug)]
pub(crate) struct Entry<I> {
    /// A single component, never empty, `.` or `..`. Git and Unix know bytes, not text.
    pub(crate) name: Vec<u8>,
    pub(crate) kind: EntryKind,
    #[cfg_attr(
        not(feature = "git"),
        expect(dead_code, reason = "only git opens entries by an id")
    )]
    pub(crate) id: I,
}

/// What an entry is. There is nothing else: a reader leaves out or refuses devices, sockets and pipes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    Directory,
    File,
    Symlink,
}

/// An open regular file.
pub(crate) struct FileContent<'a> {
    /// Exact number of bytes that `reader` gives.
    pub(crate) size: u64,
    pub(crate) executable: bool,
    pub(crate) reader: Box<dyn Read + 'a>,
}

/// A fetched tree, of which any number of walks can start.
pub(crate) trait TreeStore: Send + Sync + Debug + 'static {
    /// One walk.
    type Reader: TreeReader;

    /// Starts a walk. Called on a thread that may block, on which the walk then stays.
    fn reader(&self) -> Result<Self::Reader>;

    /// See [`SourceTree::revision`].
    fn revision(&self) -> Option<&Revision> {
        None
    }

    /// Called after a walk has given everything, before its last byte counts: where a tree can change beneath the walk,
    /// this says whether it did.
    fn verify(&self) -> Result<()> {
        Ok(())
    }
}

/// Makes a [`SourceTree`] of anything that can be walked.
#[derive(Debug)]
pub(crate) struct WalkedTree<S>(Arc<S>);

impl<S: TreeStore> WalkedTree<S> {
    pub(crate) fn new(store: S) -> Self {
        Self(Arc::new(store))
    }
}

#[async_trait]
impl<S: TreeStore> SourceTree for WalkedTree<S> {
    fn revision(&self) -> Option<&Revision> {
        self.0.revision()
    }

    async fn read_file(&self, path: &str, bytes_max: u64) -> Result<Option<Bytes>> {
        let path = TreePath::parse("path", path)?;
        let store = Arc::clone(&self.0);
        blocking(move || read_file(&mut store.reader()?, &path, bytes_max)).await
    }

    fn context(&self, request: &ContextRequest) -> BoxStream<'static, Result<Bytes>> {
        context::stream(Arc::clone(&self.0), request.clone())
    }

    async fn write_to(&self, directory: &Path) -> Result<()> {
        let directory = directory.to_owned();
        let store = Arc::clone(&self.0);
        blocking(move || {
            checkout::write(&mut store.reader()?, &directory)?;
            store.verify()
        })
        .await
    }
}

/// A relative path inside a tree, in clean components.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TreePath(Vec<String>);

impl TreePath {
    /// Reads a path as a user writes it; `.` and the empty path are the root.
    ///
    /// # Errors
    ///
    /// `invalid_spec` on `field` when the path is absolute, climbs with `..` or holds a NUL.
    pub(crate) fn parse(field: &str, text: &str) -> Result<Self> {
        let wrong = |what| Err(Error::invalid_field(field, format!("{text:?} {what}")));
        if text.starts_with('/') {
            return wrong("is absolute: a path relative to the root of the source is expected");
        }
        if text.contains('\0') {
            return wrong("holds a NUL character");
        }
        let mut components = Vec::new();
        for component in text.split('/') {
            match component {
                "" | "." => {}
                ".." => return wrong("climbs with \"..\": a path inside the source is expected"),
                other => components.push(other.to_owned()),
            }
        }
        Ok(Self(components))
    }

    /// A path below this one.
    pub(crate) fn join(&self, below: &Self) -> Self {
        Self([self.0.as_slice(), below.0.as_slice()].concat())
    }

    /// The directory that holds it; the root holds itself.
    pub(crate) fn parent(&self) -> Self {
        let parents = self.0.split_last().map_or(&[][..], |(_, parents)| parents);
        Self(parents.to_vec())
    }

    /// The components, outermost first.
    pub(crate) fn components(&self) -> &[String] {
        &self.0
    }

    /// The path with `/`; `.` for the root.
    pub(crate) fn display(&self) -> String {
        if self.0.is_empty() {
            ".".to_owned()
        } else {
            self.0.join("/")
        }
    }
}

/// An entry with the directory that holds it.
pub(crate) type Found<R> = (<R as TreeReader>::Directory, Entry<<R as TreeReader>::Id>);

/// Finds an entry; `None` when it, or a directory above it, is missing. Symbolic links
/// are not followed.
pub(crate) fn find<R: TreeReader>(reader: &mut R, path: &TreePath) -> Result<Option<Found<R>>> {
    let Some((name, parents)) = path.components().split_last() else {
        return Ok(None);
    };
    let Some(directory) = find_directory(reader, parents)? else {
        return Ok(None);
    };
    let entry = find_entry(reader, &directory, name)?;
    Ok(entry.map(|entry| (directory, entry)))
}

/// Walks from the root down to a directory; `None` when a component is missing or is no directory.
pub(crate) fn find_directory<R: TreeReader>(
    reader: &mut R,
    components: &[String],
) -> Result<Option<R::Directory>> {
    let mut directory = reader.root()?;
    for component in components {
        match find_entry(reader, &directory, component)? {
            Some(entry) if entry.kind == EntryKind::Directory => {
                directory = reader.open_directory(&directory, &entry)?;
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(directory))
}

fn find_entry<R: TreeReader>(
    reader: &mut R,
    directory: &R::Directory,
    name: &str,
) -> Result<Option<Entry<R::Id>>> {
    let entries = reader.entries(directory)?;
    Ok(entries
        .into_iter()
        .find(|entry| entry.name == name.as_bytes()))
}

/// Lists a directory in the one order that every walk uses, and refuses names that no file can have: a crafted git
/// object may hold anything.
pub(crate) fn sorted_entries<R: TreeReader>(
    reader: &mut R,
    directory: &R::Directory,
) -> Result<Vec<Entry<R::Id>>> {
    let mut entries = reader.entries(directory)?;
    entries.sort_unstable_by(|left, right| left.name.cmp(&right.name));
    let wrong = |name: &[u8], what| {
        let name = String::from_utf8_lossy(name);
        Err(Error::new(
            ErrorKind::SourceFailed,
            format!("the source holds {what} {name:?}"),
        ))
    };
    for entry in &entries {
        let name = entry.name.as_slice();
        if matches!(name, b"" | b"." | b"..") || name.contains(&b'/') || name.contains(&0) {
            return wrong(name, "a file with the impossible name");
        }
    }
    match entries.windows(2).find(|pair| pair[0].name == pair[1].name) {
        Some(pair) => wrong(&pair[0].name, "two files of the name"),
        None => Ok(entries),
    }
}

/// Reads at most `bytes_max` of a regular file; `None` when there is none of this name.
pub(crate) fn read_file<R: TreeReader>(
    reader: &mut R,
    path: &TreePath,
    bytes_max: u64,
) -> Result<Option<Bytes>> {
    let Some((directory, entry)) = find(reader, path)? else {
        return Ok(None);
    };
    if entry.kind != EntryKind::File {
        return Ok(None);
    }
    let content = reader.open_file(&directory, &entry)?;
    let mut bytes = Vec::new();
    content
        .reader
        .take(bytes_max)
        .read_to_end(&mut bytes)
        .map_err(|error| read_failed(path.display().as_bytes(), error))?;
    Ok(Some(bytes.into()))
}

/// A file that could not be read, or that changed while it was.
pub(crate) fn read_failed(path: &[u8], error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::SourceFailed,
        format!("{} could not be read", String::from_utf8_lossy(path)),
    )
    .with_source(error)
}

/// Refuses a tree that is nested deeper than a walk goes.
pub(crate) fn check_depth(depth: usize, path: &[u8]) -> Result<()> {
    if depth <= DEPTH_MAX {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidSpec,
        format!(
            "{} is nested deeper than {DEPTH_MAX} directories",
            String::from_utf8_lossy(path)
        ),
    ))
}
