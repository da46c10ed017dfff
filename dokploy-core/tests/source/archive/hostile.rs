//! What an archive cannot write, read or replace.

use std::fs;
use std::os::unix::fs::symlink;

use dokploy_core::error::ErrorKind;
use dokploy_core::model::Source;
use dokploy_core::source::{ArchiveFetcher, ArchiveLimits, FakeTree, NetworkPolicy};
use proptest::prelude::*;
use tar::EntryType;

use super::{RawTar, fetch, fetch_request, names, nothing_is_left, raw_zip, refusal, replace};
use crate::fixtures::{ArchiveFixture, Format, pack, request};

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
