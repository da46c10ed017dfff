//! What an uploaded archive cannot do.

use std::fs;
use std::io::{Cursor, Write};
use std::os::unix::fs::symlink;
use std::time::Duration;

use dokploy_core::conformance::source::{SourceFixture, unpack};
use dokploy_core::error::{Error, ErrorKind, Result};
use dokploy_core::model::Source;
use dokploy_core::source::{
    ArchiveFetcher, ArchiveLimits, ContextRequest, FakeTree, NetworkPolicy, SourceFetcher,
    SourceRequest, SourceTree,
};
use futures::TryStreamExt;
use proptest::prelude::*;
use tar::EntryType;
use tokio_util::sync::CancellationToken;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::fixtures::{ArchiveFixture, Format, gzip, pack, request};

/// A tar whose names are written as they are, which no library lets one do.
#[derive(Default)]
struct RawTar(Vec<u8>);

impl RawTar {
    fn entry(mut self, kind: EntryType, name: &[u8], link: &[u8], content: &[u8]) -> Self {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, name: &[u8], content: &[u8]) -> Self {
        self.entry(EntryType::Regular, name, b"", content)
    }

    fn end(mut self) -> Vec<u8> {
        self.0.extend_from_slice(&[0; 1024]);
        self.0
    }
}

fn raw_zip(entries: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in entries {
        let options = SimpleFileOptions::default().unix_permissions(*mode);
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

async fn fetch(fixture: &ArchiveFixture, bytes: &[u8]) -> Result<std::sync::Arc<dyn SourceTree>> {
    let request = fixture.upload(bytes);
    fetch_request(&fixture.fetcher, &request).await
}

async fn fetch_request(
    fetcher: &ArchiveFetcher,
    request: &SourceRequest,
) -> Result<std::sync::Arc<dyn SourceTree>> {
    let cancel = CancellationToken::new();
    let revision = fetcher.resolve(request, &cancel).await?;
    fetcher.fetch(request, &revision, &cancel).await
}

async fn refusal(bytes: &[u8]) -> Error {
    let fixture = ArchiveFixture::new(Format::Tar);
    let error = fetch(&fixture, bytes)
        .await
        .expect_err("the archive must be refused");
    nothing_is_left(&fixture).await;
    let data: Vec<_> = fs::read_dir(fixture.data.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        data.len() <= 2,
        "nothing appears beside the uploads: {data:?}"
    );
    error
}

/// Waits until unpacked directories are gone: they are removed on a thread of their own.
async fn nothing_is_left(fixture: &ArchiveFixture) {
    tokio::time::timeout(Duration::from_secs(30), async {
        while fixture.unpacked() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("unpacked directories are removed");
}

async fn names(tree: &dyn SourceTree, dockerfile: &str) -> Vec<String> {
    let request = ContextRequest {
        directory: ".".to_owned(),
        dockerfile: dockerfile.to_owned(),
        bytes_max: 1 << 30,
    };
    let chunks: Vec<_> = tree.context(&request).try_collect().await.unwrap();
    unpack(&chunks.concat())
        .into_iter()
        .map(|member| member.path)
        .collect()
}

#[tokio::test]
async fn a_tar_with_a_hostile_name_is_refused() {
    for name in [
        &b"../evil"[..],
        b"a/../../evil",
        b"a/..",
        b"/etc/evil",
        b"//evil",
        b"..\\evil",
        b"a\\b",
        b"C:/evil",
        b"c:evil",
    ] {
        let error = refusal(&RawTar::default().file(name, b"evil").end()).await;
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
        for kind in [EntryType::Directory, EntryType::Symlink] {
            let error = refusal(&RawTar::default().entry(kind, name, b"target", b"").end()).await;
            assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
        }
        let bytes = RawTar::default()
            .file(b"ok", b"")
            .entry(EntryType::Link, b"hard", name, b"")
            .end();
        assert_eq!(refusal(&bytes).await.kind(), ErrorKind::InvalidSpec);
    }
}

#[tokio::test]
async fn a_zip_with_a_hostile_name_is_refused() {
    for name in [
        "../evil",
        "a/../../evil",
        "/etc/evil",
        "..\\evil",
        "a\\b",
        "C:/evil",
    ] {
        // The writer cleans names, so that a harmless one of the same length is replaced afterwards.
        let harmless = "x".repeat(name.len());
        let mut bytes = raw_zip(&[(&harmless, 0o644, b"evil")]);
        replace(&mut bytes, harmless.as_bytes(), name.as_bytes());
        let error = refusal(&bytes).await;
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{name}: {error:?}");
    }
}

fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    let positions: Vec<_> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from)
        .map(|(at, _)| at)
        .collect();
    assert!(!positions.is_empty());
    for at in positions {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
}

#[tokio::test]
async fn nothing_is_written_through_a_symbolic_link() {
    let outside = tempfile::tempdir().unwrap();
    let target = outside.path().to_str().unwrap().as_bytes();
    for target in [target, b"/tmp", b"../..", b".", b"real"] {
        for order in [true, false] {
            let mut tar = RawTar::default().entry(EntryType::Directory, b"real", b"", b"");
            if order {
                tar = tar
                    .entry(EntryType::Symlink, b"link", target, b"")
                    .file(b"link/evil", b"evil");
            } else {
                tar =
                    tar.file(b"link/evil", b"evil")
                        .entry(EntryType::Symlink, b"link", target, b"");
            }
            let error = refusal(&tar.end()).await;
            assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
        }
        let over = RawTar::default()
            .entry(EntryType::Symlink, b"file", target, b"")
            .file(b"file", b"evil");
        assert_eq!(refusal(&over.end()).await.kind(), ErrorKind::InvalidSpec);
        let hard = RawTar::default()
            .entry(EntryType::Symlink, b"link", target, b"")
            .entry(EntryType::Link, b"hard", b"link", b"");
        assert_eq!(refusal(&hard.end()).await.kind(), ErrorKind::InvalidSpec);
        let below = RawTar::default()
            .entry(EntryType::Symlink, b"link", target, b"")
            .entry(EntryType::Link, b"hard", b"link/evil", b"");
        assert_eq!(refusal(&below.end()).await.kind(), ErrorKind::InvalidSpec);
    }
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn devices_pipes_sparse_files_and_unknown_entries_are_refused() {
    for kind in [
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::GNUSparse,
        EntryType::new(b'Z'),
    ] {
        let bytes = RawTar::default()
            .file(b"Dockerfile", b"")
            .entry(kind, b"x", b"", b"")
            .end();
        let error = refusal(&bytes).await;
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{kind:?}: {error:?}");
    }
    let sparse = RawTar::default()
        .entry(EntryType::XHeader, b"pax", b"", b"22 GNU.sparse.major=1\n")
        .file(b"x", b"");
    assert_eq!(refusal(&sparse.end()).await.kind(), ErrorKind::InvalidSpec);
}

#[tokio::test]
async fn an_entry_never_replaces_another() {
    let twice = RawTar::default().file(b"a", b"1").file(b"./a", b"2").end();
    let below = RawTar::default().file(b"a", b"1").file(b"a/b", b"2").end();
    let above = RawTar::default().file(b"a/b", b"1").file(b"a", b"2").end();
    let directory = RawTar::default()
        .file(b"a", b"1")
        .entry(EntryType::Directory, b"a/", b"", b"")
        .end();
    let mut zip = raw_zip(&[("aaaaa", 0o644, b"1"), ("aaaab", 0o644, b"2")]);
    replace(&mut zip, b"aaaab", b"aaaaa");
    for bytes in [twice, below, above, directory, zip] {
        let error = refusal(&bytes).await;
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
    }
}

#[tokio::test]
async fn a_bomb_is_stopped_at_the_limit_and_leaves_nothing() {
    let limits = ArchiveLimits {
        bytes_max: 1 << 20,
        entries_max: 50,
        ratio_max: 10,
    };
    let zeros = vec![0; 8 << 20];
    let tree = FakeTree::new().file("Dockerfile", "").file("zeros", &zeros);
    let many = (0..60).fold(FakeTree::new(), |tree, number| {
        tree.file(&format!("{number}"), "")
    });
    let deep = FakeTree::new()
        .file(&"d/".repeat(60), "")
        .file(&format!("{}x", "d/".repeat(60)), "");
    for format in [Format::GzippedTar, Format::Zip] {
        for tree in [&tree, &many, &deep] {
            let fixture = ArchiveFixture::with_limits(format, limits);
            let error = fetch(&fixture, &pack(format, tree))
                .await
                .expect_err("it is too large");
            assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
            nothing_is_left(&fixture).await;
        }
    }
    let fixture = ArchiveFixture::with_limits(Format::Tar, limits);
    let error = fetch(&fixture, &zeros)
        .await
        .expect_err("the upload itself is too large");
    assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
}

#[tokio::test]
async fn a_bomb_within_the_size_limit_is_stopped_by_its_ratio() {
    let limits = ArchiveLimits {
        ratio_max: 10,
        ..ArchiveLimits::default()
    };
    let fixture = ArchiveFixture::with_limits(Format::Zip, limits);
    let tree = FakeTree::new().file("zeros", vec![0; 65 << 20]);
    let error = fetch(&fixture, &pack(Format::Zip, &tree))
        .await
        .expect_err("it is a bomb");
    assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
    nothing_is_left(&fixture).await;
}

#[tokio::test]
async fn a_long_name_of_any_size_is_not_held_in_memory() {
    let name = vec![b'n'; 8 << 20];
    for kind in [
        EntryType::GNULongName,
        EntryType::GNULongLink,
        EntryType::XHeader,
    ] {
        let bytes = gzip(
            &RawTar::default()
                .entry(kind, b"././@LongLink", b"", &name)
                .file(b"x", b"")
                .end(),
        );
        let error = refusal(&bytes).await;
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{kind:?}: {error:?}");
    }
}

#[tokio::test]
async fn what_is_no_archive_is_told_apart_from_what_is_damaged() {
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file("data", vec![1; 100_000]);
    let mut cut_tar = pack(Format::Tar, &tree);
    cut_tar.truncate(50_000);
    let mut cut_gzip = pack(Format::GzippedTar, &tree);
    cut_gzip.truncate(cut_gzip.len() - 6);
    let mut half_a_zip = pack(Format::Zip, &tree);
    half_a_zip.truncate(half_a_zip.len() / 2);
    let mut wrong_sum = pack(Format::GzippedTar, &tree);
    let length = wrong_sum.len();
    wrong_sum[length - 8] ^= 1;
    for (what, bytes) in [
        ("a cut tar", cut_tar),
        ("a cut gzip", cut_gzip),
        ("a cut zip", half_a_zip),
        ("a wrong checksum", wrong_sum),
        ("text", b"hello ".repeat(1000)),
        ("gzipped text", gzip(&b"hello ".repeat(1000))),
    ] {
        let error = refusal(&bytes).await;
        assert_eq!(error.kind(), ErrorKind::SourceFailed, "{what}: {error:?}");
        assert!(!error.is_retryable(), "{what}: {error:?}");
    }
    for bytes in [
        &b"BZh91AY"[..],
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"",
        &[0; 1024],
    ] {
        let error = refusal(bytes).await;
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
    }
}

#[tokio::test]
async fn the_one_directory_that_holds_everything_is_the_root() {
    let inner = [
        ("repo-abc123/", EntryType::Directory, &b""[..]),
        (
            "repo-abc123/Dockerfile",
            EntryType::Regular,
            b"FROM scratch",
        ),
    ];
    let hosted = inner.iter().fold(
        RawTar::default().entry(
            EntryType::XGlobalHeader,
            b"pax_global_header",
            b"",
            b"15 comment=abc\n",
        ),
        |tar, (name, kind, content)| tar.entry(*kind, name.as_bytes(), b"", content),
    );
    let fixture = ArchiveFixture::new(Format::Tar);
    let tree = fetch(&fixture, &hosted.end()).await.unwrap();
    assert_eq!(names(&*tree, "Dockerfile").await, ["Dockerfile"]);
    let own_root = RawTar::default()
        .entry(EntryType::Directory, b"./", b"", b"")
        .file(b"./src/Dockerfile", b"FROM scratch");
    let tree = fetch(&fixture, &own_root.end()).await.unwrap();
    assert_eq!(
        names(&*tree, "src/Dockerfile").await,
        ["src", "src/Dockerfile"]
    );
    let zip = raw_zip(&[
        ("app/Dockerfile", 0o644, b"FROM scratch"),
        ("__MACOSX/app/._Dockerfile", 0o644, b"x"),
    ]);
    let tree = fetch(&fixture, &zip).await.unwrap();
    assert_eq!(names(&*tree, "Dockerfile").await, ["Dockerfile"]);
}

#[tokio::test]
async fn a_hard_link_to_an_earlier_file_is_a_file() {
    let bytes = RawTar::default()
        .file(b"Dockerfile", b"FROM scratch")
        .entry(EntryType::Link, b"same", b"./Dockerfile", b"")
        .end();
    let fixture = ArchiveFixture::new(Format::Tar);
    let tree = fetch(&fixture, &bytes).await.unwrap();
    assert_eq!(
        tree.read_file("same", 100).await.unwrap().as_deref(),
        Some(&b"FROM scratch"[..])
    );
}

#[tokio::test]
async fn an_archive_is_read_only_where_uploads_lie_unless_the_policy_allows_more() {
    let fixture = ArchiveFixture::new(Format::Tar);
    let tree = FakeTree::new().file("Dockerfile", "FROM scratch");
    let outside = fixture.data.path().join("secret.tar");
    fs::write(&outside, pack(Format::Tar, &tree)).unwrap();
    let archives = fixture.fetcher.archives();
    symlink(&outside, archives.join("link.tar")).unwrap();
    symlink(fixture.data.path(), archives.join("up")).unwrap();
    for path in [
        outside.clone(),
        archives.join("../secret.tar"),
        archives.join("link.tar"),
        archives.join("up/secret.tar"),
    ] {
        let error = fetch_request(
            &fixture.fetcher,
            &request(Source::Archive { path: path.clone() }),
        )
        .await
        .expect_err("it lies outside");
        assert!(
            matches!(
                error.kind(),
                ErrorKind::InvalidSpec | ErrorKind::SourceFailed
            ),
            "{}: {error:?}",
            path.display()
        );
    }
    let trusting = ArchiveFetcher::new(
        NetworkPolicy::trusting(),
        fixture.data.path(),
        ArchiveLimits::default(),
    );
    let tree = fetch_request(&trusting, &request(Source::Archive { path: outside }))
        .await
        .unwrap();
    assert_eq!(names(&*tree, "Dockerfile").await, ["Dockerfile"]);
}

#[tokio::test]
async fn an_unpacked_tree_lives_as_long_as_its_last_user() {
    let fixture = ArchiveFixture::new(Format::Tar);
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file("large", vec![3; 1 << 20]);
    let fetched = fetch(&fixture, &pack(Format::Tar, &tree)).await.unwrap();
    assert_eq!(fixture.unpacked(), 1);
    let mut context = fetched.context(&ContextRequest {
        directory: ".".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        bytes_max: 1 << 30,
    });
    let first = context.try_next().await.unwrap().unwrap();
    drop(fetched);
    assert_eq!(fixture.unpacked(), 1, "the context still needs it");
    let rest: Vec<_> = context.try_collect().await.unwrap();
    assert_eq!(unpack(&[&first[..], &rest.concat()].concat()).len(), 2);
    nothing_is_left(&fixture).await;
}

#[tokio::test]
async fn what_a_killed_process_left_is_removed_and_what_a_living_one_uses_is_not() {
    let fixture = ArchiveFixture::new(Format::Tar);
    let unpacked = fixture.data.path().join("unpacked");
    fs::create_dir_all(unpacked.join("left/behind")).unwrap();
    let bytes = pack(
        Format::Tar,
        &FakeTree::new().file("Dockerfile", "FROM scratch"),
    );
    let tree = fetch(&fixture, &bytes).await.unwrap();
    assert!(!unpacked.join("left").exists());
    let other = ArchiveFetcher::new(
        NetworkPolicy::strict(),
        fixture.data.path(),
        ArchiveLimits::default(),
    );
    let second = fetch_request(&other, &fixture.upload(&bytes))
        .await
        .unwrap();
    assert_eq!(names(&*tree, "Dockerfile").await, ["Dockerfile"]);
    drop((tree, second));
    nothing_is_left(&fixture).await;
}

#[tokio::test]
async fn a_fetch_that_is_cancelled_while_it_unpacks_leaves_nothing() {
    let fixture = ArchiveFixture::new(Format::Tar);
    let tree = FakeTree::new()
        .file("Dockerfile", "")
        .file("large", vec![5; 32 << 20]);
    let request = fixture.write("", &tree).await;
    let cancel = CancellationToken::new();
    let revision = fixture.fetcher.resolve(&request, &cancel).await.unwrap();
    let fetch = fixture.fetcher.fetch(&request, &revision, &cancel);
    let watch = async {
        while fixture.unpacked() == 0 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (outcome, ()) =
        tokio::time::timeout(Duration::from_mins(1), async { tokio::join!(fetch, watch) })
            .await
            .unwrap();
    if let Err(error) = outcome {
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error:?}");
    }
    nothing_is_left(&fixture).await;
}

/// One entry of a generated archive: kind, name and link target from parts that go wrong.
fn entry() -> impl Strategy<Value = (u8, String, String)> {
    let part = prop::sample::select(vec!["a", "b", "..", ".", "", "link", "\\", "C:"]);
    let name = prop::collection::vec(part, 1..4).prop_map(|parts| parts.join("/"));
    let kind = prop::sample::select(vec![
        b'0', b'0', b'1', b'2', b'2', b'5', b'L', b'x', b'g', b'6',
    ]);
    (kind, name.clone(), name)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_entry_lands_outside_the_directory_for_unpacking(entries in prop::collection::vec(entry(), 1..8)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let fixture = ArchiveFixture::new(Format::Tar);
            let mut tar = RawTar::default();
            for (kind, name, link) in &entries {
                let content: &[u8] = if *kind == b'0' { b"content" } else { b"" };
                tar = tar.entry(EntryType::new(*kind), name.as_bytes(), link.as_bytes(), content);
            }
            let tree = fetch(&fixture, &tar.end()).await;
            let mut above: Vec<_> = fs::read_dir(fixture.data.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            above.sort();
            assert_eq!(above, ["archives", "unpacked"]);
            assert_eq!(fs::read_dir(fixture.fetcher.archives()).unwrap().count(), 1);
            if let Ok(tree) = tree {
                let target = tempfile::tempdir().unwrap();
                let inside = target.path().join("inside");
                fs::create_dir(&inside).unwrap();
                tree.write_to(&inside).await.unwrap();
                assert_eq!(fs::read_dir(target.path()).unwrap().count(), 1);
            }
            nothing_is_left(&fixture).await;
        });
    }

    #[test]
    fn random_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), magic in 0..4_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let start: &[u8] = [&b""[..], b"PK\x03\x04", b"\x1f\x8b\x08\x00", b"PK\x05\x06"][magic];
            let fixture = ArchiveFixture::new(Format::Tar);
            let _ = fetch(&fixture, &[start, &bytes].concat()).await;
            nothing_is_left(&fixture).await;
        });
    }
}
