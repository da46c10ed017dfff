//! Sources of each kind, made of trees in memory.

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use dokploy_core::conformance::source::SourceFixture;
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{GitSource, Source};
use dokploy_core::source::{
    ArchiveFetcher, ArchiveLimits, DirectoryFetcher, FakeEntry, FakeSource, FakeTree,
    NetworkPolicy, SourceFetcher, SourceRequest,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// A request for a whole source.
pub(crate) fn request(source: Source) -> SourceRequest {
    SourceRequest {
        application: ApplicationId::new(),
        source,
        branch: None,
        commit: None,
        credential: None,
    }
}

fn git(repo_url: &str) -> Source {
    Source::Git(GitSource {
        repo_url: repo_url.to_owned(),
        branch: None,
        credential_id: None,
        submodules: false,
        watch_paths: Vec::new(),
    })
}

#[derive(Default)]
pub(crate) struct FakeFixture(FakeSource);

const URL: &str = "https://git.example/shop.git";

#[async_trait]
impl SourceFixture for FakeFixture {
    fn fetcher(&self) -> Arc<dyn SourceFetcher> {
        Arc::new(self.0.clone())
    }

    fn has_branches(&self) -> bool {
        true
    }

    async fn write(&self, branch: &str, tree: &FakeTree) -> SourceRequest {
        self.0.commit(URL, branch, tree.clone());
        SourceRequest {
            branch: Some(branch.to_owned()),
            ..request(git(URL))
        }
    }

    fn missing(&self) -> SourceRequest {
        request(git("https://git.example/missing.git"))
    }
}

pub(crate) struct DirectoryFixture {
    parent: TempDir,
    fetcher: DirectoryFetcher,
}

impl DirectoryFixture {
    pub(crate) fn new() -> Self {
        Self {
            parent: TempDir::new().unwrap(),
            fetcher: DirectoryFetcher::new(NetworkPolicy::trusting(), 1 << 30),
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.parent.path().join("source")
    }

    pub(crate) fn request(&self) -> SourceRequest {
        request(Source::Directory { path: self.path() })
    }
}

#[async_trait]
impl SourceFixture for DirectoryFixture {
    fn fetcher(&self) -> Arc<dyn SourceFetcher> {
        Arc::new(self.fetcher.clone())
    }

    fn has_branches(&self) -> bool {
        false
    }

    async fn write(&self, _branch: &str, tree: &FakeTree) -> SourceRequest {
        let path = self.path();
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::create_dir(&path).unwrap();
        write_tree(tree, &path);
        self.request()
    }

    fn missing(&self) -> SourceRequest {
        request(Source::Directory {
            path: self.parent.path().join("missing"),
        })
    }
}

/// Writes a tree into a directory.
pub(crate) fn write_tree(tree: &FakeTree, root: &Path) {
    for (path, entry) in tree.entries() {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match entry {
            FakeEntry::File {
                content,
                executable,
            } => {
                fs::write(&path, content).unwrap();
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            }
            FakeEntry::Symlink { target } => symlink(target, &path).unwrap(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Format {
    Tar,
    GzippedTar,
    Zip,
}

pub(crate) struct ArchiveFixture {
    pub(crate) data: TempDir,
    pub(crate) fetcher: ArchiveFetcher,
    format: Format,
}

impl ArchiveFixture {
    pub(crate) fn new(format: Format) -> Self {
        Self::with_limits(format, ArchiveLimits::default())
    }

    pub(crate) fn with_limits(format: Format, limits: ArchiveLimits) -> Self {
        let data = TempDir::new().unwrap();
        let fetcher = ArchiveFetcher::new(NetworkPolicy::strict(), data.path(), limits);
        fs::create_dir(fetcher.archives()).unwrap();
        Self {
            data,
            fetcher,
            format,
        }
    }

    /// Uploads these bytes.
    pub(crate) fn upload(&self, bytes: &[u8]) -> SourceRequest {
        let path = self.fetcher.archives().join("upload");
        fs::write(&path, bytes).unwrap();
        request(Source::Archive { path })
    }

    /// Directories that are left below the one for unpacking.
    pub(crate) fn unpacked(&self) -> usize {
        fs::read_dir(self.data.path().join("unpacked")).map_or(0, |entries| {
            entries
                .filter(|entry| entry.as_ref().unwrap().file_type().unwrap().is_dir())
                .count()
        })
    }
}

#[async_trait]
impl SourceFixture for ArchiveFixture {
    fn fetcher(&self) -> Arc<dyn SourceFetcher> {
        Arc::new(self.fetcher.clone())
    }

    fn has_branches(&self) -> bool {
        false
    }

    async fn write(&self, _branch: &str, tree: &FakeTree) -> SourceRequest {
        self.upload(&pack(self.format, tree))
    }

    fn missing(&self) -> SourceRequest {
        request(Source::Archive {
            path: self.fetcher.archives().join("missing.tar"),
        })
    }
}

/// Packs a tree as `tar -c .` or `zip -r` do.
pub(crate) fn pack(format: Format, tree: &FakeTree) -> Vec<u8> {
    match format {
        Format::Tar => pack_tar(tree),
        Format::GzippedTar => gzip(&pack_tar(tree)),
        Format::Zip => pack_zip(tree),
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn pack_tar(tree: &FakeTree) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut root = tar::Header::new_gnu();
    root.set_entry_type(tar::EntryType::Directory);
    root.set_mode(0o755);
    root.set_size(0);
    builder
        .append_data(&mut root, "./", std::io::empty())
        .unwrap();
    for (path, entry) in tree.entries() {
        let mut header = tar::Header::new_gnu();
        match entry {
            FakeEntry::File {
                content,
                executable,
            } => {
                header.set_mode(if *executable { 0o755 } else { 0o644 });
                header.set_size(content.len() as u64);
                builder
                    .append_data(&mut header, path, content.as_ref())
                    .unwrap();
            }
            FakeEntry::Symlink { target } => {
                header.set_entry_type(tar::EntryType::Symlink);
                header.set_size(0);
                builder.append_link(&mut header, path, target).unwrap();
            }
        }
    }
    builder.into_inner().unwrap()
}

fn pack_zip(tree: &FakeTree) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, entry) in tree.entries() {
        let options = SimpleFileOptions::default();
        match entry {
            FakeEntry::File {
                content,
                executable,
            } => {
                let mode = if *executable { 0o755 } else { 0o644 };
                writer
                    .start_file(path, options.unix_permissions(mode))
                    .unwrap();
                writer.write_all(content).unwrap();
            }
            FakeEntry::Symlink { target } => writer.add_symlink(path, target, options).unwrap(),
        }
    }
    writer.finish().unwrap().into_inner()
}
