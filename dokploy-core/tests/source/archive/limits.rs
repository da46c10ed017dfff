//! What an archive cannot cost.

use dokploy_core::error::ErrorKind;
use dokploy_core::source::{ArchiveLimits, FakeTree};
use tar::EntryType;

use super::{RawTar, fetch, nothing_is_left, refusal};
use crate::fixtures::{ArchiveFixture, Format, gzip, pack};

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
