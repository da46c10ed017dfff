//! The objects of a commit: checked once after fetching, then read as a tree without a work tree.

use std::collections::HashMap;
use std::fmt;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::tree::EntryKind as Mode;
use gix::validate::path::component;
use time::OffsetDateTime;

use super::link::Link;
use super::mirror::Mirror;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;
use crate::source::tree::{DEPTH_MAX, Entry, EntryKind, FileContent, TreeReader, TreeStore};

/// Where objects come from.
#[derive(Debug)]
pub(super) enum Objects {
    /// A mirror, which stays as long as somebody reads from it.
    Mirror(Arc<Mirror>),
    /// A repository of this machine, which is read where it is.
    Local(Box<gix::ThreadSafeRepository>),
}

impl Objects {
    pub(super) fn repository(&self) -> gix::Repository {
        match self {
            Self::Mirror(mirror) => mirror.repository.to_thread_local(),
            Self::Local(repository) => repository.to_thread_local(),
        }
    }

    /// Called when objects that were here are missing or damaged.
    fn condemn(&self) {
        if let Self::Mirror(mirror) = self {
            mirror.condemn();
        }
    }
}

/// Opens a repository without any configuration from outside it. Objects larger than `object_bytes_max` cannot be
/// read.
pub(super) fn open(path: &Path, object_bytes_max: usize) -> Result<gix::ThreadSafeRepository> {
    let options = gix::open::Options::isolated()
        .config_overrides([format!("gitoxide.objects.allocLimit={object_bytes_max}")]);
    gix::ThreadSafeRepository::open_opts(path, options).map_err(|error| {
        Error::new(
            ErrorKind::SourceFailed,
            format!("{} is no git repository", path.display()),
        )
        .with_source(error)
    })
}

/// What a commit says about itself.
pub(super) fn describe(
    repository: &gix::Repository,
    commit: ObjectId,
    into: &Revision,
) -> Result<Revision> {
    let missing = |error: gix::Error| damaged(format!("the commit {commit} cannot be read"), error);
    let found = repository.find_commit(commit).map_err(missing)?;
    let found = found.decode().map_err(missing)?;
    // A commit may hold any bytes for a name or a time; what makes no sense is left out.
    let committed = found
        .committer()
        .ok()
        .and_then(|committer| committer.time().ok());
    Ok(Revision {
        id: commit.to_string(),
        reference: into.reference.clone(),
        message: Some(found.message().title.to_string().trim().to_owned()),
        author: found.author().ok().map(|author| author.name.to_string()),
        committed_at: committed
            .and_then(|time| OffsetDateTime::from_unix_timestamp(time.seconds).ok())
            .map(Into::into),
    })
}

/// A submodule as a tree names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gitlink {
    pub(super) path: Vec<u8>,
    pub(super) commit: ObjectId,
}

/// What a walk through everything below a commit found.
#[derive(Debug)]
pub(super) struct Census {
    pub(super) tree: ObjectId,
    pub(super) gitlinks: Vec<Gitlink>,
}

/// Walks all trees of a commit. Afterwards it is known that every object is there, that every name can be a file's,
/// and that the tree is of reasonable size.
pub(super) fn census(
    repository: &gix::Repository,
    commit: ObjectId,
    entries_max: u64,
    link: &Link,
) -> Result<Census> {
    let unreadable =
        |error: gix::Error| damaged(format!("the commit {commit} cannot be read"), error);
    let object = repository.find_object(commit).map_err(unreadable)?;
    if object.kind != gix::object::Kind::Commit {
        let what = format!("{commit} is a {} and no commit", object.kind);
        return Err(Error::new(ErrorKind::SourceFailed, what));
    }
    let tree = object.into_commit().tree_id().map_err(unreadable)?.detach();
    let mut walk = CensusWalk {
        repository,
        link,
        entries_max,
        sizes: HashMap::new(),
        gitlinks: Vec::new(),
        path: Vec::new(),
    };
    walk.tree(tree, 0)?;
    Ok(Census {
        tree,
        gitlinks: walk.gitlinks,
    })
}

struct CensusWalk<'a> {
    repository: &'a gix::Repository,
    link: &'a Link,
    entries_max: u64,
    /// Entries in and below each tree that was walked. One tree may stand for millions of files when it is named
    /// again and again, hence counting instead of walking twice.
    sizes: HashMap<ObjectId, u64>,
    gitlinks: Vec<Gitlink>,
    path: Vec<u8>,
}

impl CensusWalk<'_> {
    fn tree(&mut self, id: ObjectId, depth: usize) -> Result<u64> {
        if let Some(size) = self.sizes.get(&id) {
            return Ok(*size);
        }
        if depth > DEPTH_MAX {
            return Err(self.refused(&format!("is nested deeper than {DEPTH_MAX} directories")));
        }
        self.link.check()?;
        let object = self
            .repository
            .find_tree(id)
            .map_err(|error| damaged(format!("the tree {id} cannot be read"), error))?;
        let mut size = 0_u64;
        for entry in object.iter() {
            let entry =
                entry.map_err(|error| damaged(format!("the tree {id} cannot be read"), error))?;
            let length = self.path.len();
            self.path.extend_from_slice(b"/");
            self.path.extend_from_slice(entry.filename());
            let below = self.entry(
                entry.filename(),
                entry.mode().kind(),
                entry.oid().to_owned(),
                depth,
            )?;
            self.path.truncate(length);
            size = size.saturating_add(below).saturating_add(1);
            if size > self.entries_max {
                return Err(self.refused(&format!("holds more than {} files", self.entries_max)));
            }
        }
        self.sizes.insert(id, size);
        Ok(size)
    }

    fn entry(
        &mut self,
        name: &gix::bstr::BStr,
        mode: Mode,
        id: ObjectId,
        depth: usize,
    ) -> Result<u64> {
        let link = (mode == Mode::Link).then_some(component::Mode::Symlink);
        // Names that only Windows refuses are fine where an image is built; the disguises of `.git` are not.
        let strict = component::Options {
            protect_windows: false,
            protect_hfs: true,
            protect_ntfs: true,
        };
        component(name, link, strict)
            .map_err(|error| self.refused("is refused").with_source(error))?;
        match mode {
            Mode::Tree => return self.tree(id, depth + 1),
            Mode::Commit => self.gitlinks.push(Gitlink {
                path: self.path[1..].to_vec(),
                commit: id,
            }),
            Mode::Blob | Mode::BlobExecutable | Mode::Link => {
                if !self.repository.has_object(id) {
                    let path = String::from_utf8_lossy(&self.path[1..]);
                    return Err(absent(format!("the content of {path} is missing")));
                }
            }
        }
        Ok(0)
    }

    fn refused(&self, what: &str) -> Error {
        let path = String::from_utf8_lossy(self.path.get(1..).unwrap_or_default());
        let path = if path.is_empty() {
            "the tree"
        } else {
            path.as_ref()
        };
        Error::new(ErrorKind::SourceFailed, format!("{path:?} {what}"))
    }
}

/// Reads a small file in the root of a tree; nothing when it is not there.
pub(super) fn root_file(
    repository: &gix::Repository,
    tree: ObjectId,
    name: &str,
    bytes_max: u64,
) -> Result<Vec<u8>> {
    let unreadable = |error: gix::Error| damaged(format!("{name} cannot be read"), error);
    let tree = repository.find_tree(tree).map_err(unreadable)?;
    let Some(entry) = tree.find_entry(name).filter(|entry| entry.mode().is_blob()) else {
        return Ok(Vec::new());
    };
    if entry.id().header().map_err(unreadable)?.size() > bytes_max {
        return Err(Error::new(
            ErrorKind::SourceFailed,
            format!("{name} is larger than {bytes_max} bytes"),
        ));
    }
    Ok(entry.object().map_err(unreadable)?.detach().data)
}

/// The tree of a commit, with those of its submodules where they were fetched.
pub(super) struct GitTree {
    revision: Revision,
    /// The first one is the repository itself.
    objects: Vec<Objects>,
    root: ObjectId,
    /// Where the tree of a submodule's commit is.
    submodules: HashMap<ObjectId, Directory>,
    object_bytes_max: usize,
}

impl GitTree {
    pub(super) fn new(
        revision: Revision,
        objects: Objects,
        root: ObjectId,
        object_bytes_max: usize,
    ) -> Self {
        Self {
            revision,
            objects: vec![objects],
            root,
            submodules: HashMap::new(),
            object_bytes_max,
        }
    }

    /// Adds the tree of a submodule's commit.
    pub(super) fn add(&mut self, commit: ObjectId, objects: Objects, tree: ObjectId) {
        let place = Directory::Tree {
            objects: self.objects.len(),
            tree,
        };
        self.objects.push(objects);
        self.submodules.insert(commit, place);
    }

    /// Whether the tree of a submodule's commit was added.
    pub(super) fn has(&self, commit: ObjectId) -> bool {
        self.submodules.contains_key(&commit)
    }

    pub(super) fn submodules_count(&self) -> usize {
        self.submodules.len()
    }

    /// The mirrors that are read from.
    pub(super) fn mirrors(&self) -> Vec<Arc<Mirror>> {
        let mirrors = self.objects.iter().filter_map(|objects| match objects {
            Objects::Mirror(mirror) => Some(Arc::clone(mirror)),
            Objects::Local(_) => None,
        });
        mirrors.collect()
    }
}

impl fmt::Debug for GitTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitTree")
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// A directory, by the tree object that lists it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Directory {
    Tree {
        objects: usize,
        tree: ObjectId,
    },
    /// The place of a submodule that was not fetched.
    Empty,
}

/// What an entry is opened by.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntryId {
    mode: Mode,
    object: ObjectId,
}

/// A store that is shared with its readers.
#[derive(Debug)]
pub(super) struct GitStore(pub(super) Arc<GitTree>);

impl TreeStore for GitStore {
    type Reader = GitReader;

    fn reader(&self) -> Result<GitReader> {
        let repositories = self.0.objects.iter().map(Objects::repository).collect();
        Ok(GitReader {
            tree: Arc::clone(&self.0),
            repositories,
        })
    }

    fn revision(&self) -> Option<&Revision> {
        Some(&self.0.revision)
    }
}

/// One walk.
#[derive(Debug)]
pub(super) struct GitReader {
    tree: Arc<GitTree>,
    repositories: Vec<gix::Repository>,
}

impl GitReader {
    /// Reads an object that was there when the tree was fetched.
    fn read(&self, objects: usize, id: ObjectId) -> Result<Vec<u8>> {
        let found = self.repositories[objects].find_object(id);
        found.map(|object| object.detach().data).map_err(|error| {
            self.tree.objects[objects].condemn();
            damaged(format!("the object {id} cannot be read"), error)
        })
    }

    /// A file is inflated in memory, hence limited.
    fn check_size(&self, parent: &Directory, entry: &Entry<EntryId>) -> Result<()> {
        let Directory::Tree { objects, .. } = *parent else {
            return Ok(());
        };
        let max = self.tree.object_bytes_max as u64;
        match self.repositories[objects].find_header(entry.id.object) {
            Ok(header) if header.size() > max => {
                let name = String::from_utf8_lossy(&entry.name);
                Err(Error::new(
                    ErrorKind::SourceFailed,
                    format!("the file {name} is larger than {max} bytes"),
                )
                .with_hint(
                    "keep large files out of the repository and fetch them during the build",
                ))
            }
            // A header that cannot be read is found out about when the object is.
            _ => Ok(()),
        }
    }

    fn read_in(&self, parent: &Directory, entry: &Entry<EntryId>) -> Result<Vec<u8>> {
        match parent {
            Directory::Tree { objects, .. } => self.read(*objects, entry.id.object),
            Directory::Empty => Err(absent("an empty directory holds no file".to_owned())),
        }
    }
}

impl TreeReader for GitReader {
    type Directory = Directory;
    type Id = EntryId;

    fn root(&mut self) -> Result<Directory> {
        Ok(Directory::Tree {
            objects: 0,
            tree: self.tree.root,
        })
    }

    fn entries(&mut self, directory: &Directory) -> Result<Vec<Entry<EntryId>>> {
        let Directory::Tree { objects, tree } = *directory else {
            return Ok(Vec::new());
        };
        let data = self.read(objects, tree)?;
        gix::objs::TreeRefIter::from_bytes(&data, tree.kind())
            .map(|entry| {
                let entry = entry
                    .map_err(|error| damaged(format!("the tree {tree} cannot be read"), error))?;
                let kind = match entry.mode.kind() {
                    Mode::Tree | Mode::Commit => EntryKind::Directory,
                    Mode::Blob | Mode::BlobExecutable => EntryKind::File,
                    Mode::Link => EntryKind::Symlink,
                };
                let id = EntryId {
                    mode: entry.mode.kind(),
                    object: entry.oid.to_owned(),
                };
                Ok(Entry {
                    name: entry.filename.to_vec(),
                    kind,
                    id,
                })
            })
            .collect()
    }

    fn open_directory(&mut self, parent: &Directory, entry: &Entry<EntryId>) -> Result<Directory> {
        Ok(match (*parent, entry.id.mode) {
            (_, Mode::Commit) => self
                .tree
                .submodules
                .get(&entry.id.object)
                .copied()
                .unwrap_or(Directory::Empty),
            (Directory::Tree { objects, .. }, _) => Directory::Tree {
                objects,
                tree: entry.id.object,
            },
            (Directory::Empty, _) => Directory::Empty,
        })
    }

    fn open_file(&mut self, parent: &Directory, entry: &Entry<EntryId>) -> Result<FileContent<'_>> {
        self.check_size(parent, entry)?;
        let data = self.read_in(parent, entry)?;
        Ok(FileContent {
            size: data.len() as u64,
            executable: entry.id.mode == Mode::BlobExecutable,
            reader: Box::new(Cursor::new(data)),
        })
    }

    fn link_target(&mut self, parent: &Directory, entry: &Entry<EntryId>) -> Result<Vec<u8>> {
        self.read_in(parent, entry)
    }
}

/// Something that should be readable is not. Another attempt fetches it anew.
fn damaged(message: String, error: gix::Error) -> Error {
    absent(message).with_source(error)
}

fn absent(message: String) -> Error {
    Error::new(ErrorKind::Unavailable, message)
        .with_hint("the mirror is damaged and is fetched anew by the next attempt")
}
