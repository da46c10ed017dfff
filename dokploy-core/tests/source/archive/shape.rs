//! What archives of other programs look like, and what is none.

use dokploy_core::error::ErrorKind;
use dokploy_core::source::FakeTree;
use tar::EntryType;

use super::{RawTar, fetch, names, raw_zip, refusal};
use crate::fixtures::{ArchiveFixture, Format, gzip, pack};

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
async fn pax_names_replace_the_short_ones_and_other_attributes_do_not_matter() {
    let record = |key: &str, value: &str| {
        let rest = format!(" {key}={value}\n");
        let mut length = rest.len();
        while length.to_string().len() + rest.len() != length {
            length = length.to_string().len() + rest.len();
        }
        format!("{length}{rest}")
    };
    let long = format!("{}/Dockerfile", "d".repeat(150));
    let attributes = [
        record("mtime", "1700000000.5"),
        record("SCHILY.xattr.user.note", "two\nlines"),
        record("path", &long),
    ];
    let bytes = RawTar::default()
        .file(b"other", b"")
        .entry(
            EntryType::XHeader,
            b"PaxHeaders/1",
            b"",
            attributes.concat().as_bytes(),
        )
        .file(b"short", b"FROM scratch")
        .entry(
            EntryType::XHeader,
            b"PaxHeaders/2",
            b"",
            record("linkpath", "a/b").as_bytes(),
        )
        .entry(EntryType::Symlink, b"link", b"short", b"")
        .end();
    let fixture = ArchiveFixture::new(Format::Tar);
    let tree = fetch(&fixture, &bytes).await.unwrap();
    let target = tempfile::tempdir().unwrap();
    tree.write_to(target.path()).await.unwrap();
    assert_eq!(
        std::fs::read(target.path().join(&long)).unwrap(),
        b"FROM scratch"
    );
    let link = std::fs::read_link(target.path().join("link")).unwrap();
    assert_eq!(link.to_str(), Some("a/b"));
}

#[tokio::test]
async fn a_zip_with_another_compression_is_refused_with_what_is_accepted() {
    let mut bytes = raw_zip(&[("Dockerfile", 0o644, b"FROM scratch")]);
    for (signature, method) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        let at = bytes
            .windows(4)
            .position(|window| window == signature)
            .unwrap();
        bytes[at + method] = 12;
    }
    let error = refusal(&bytes).await;
    assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
    assert!(error.hint().unwrap().contains(".zip"), "{error:?}");
}

#[tokio::test]
async fn an_encrypted_zip_is_refused() {
    let mut bytes = raw_zip(&[("Dockerfile", 0o644, b"FROM scratch")]);
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = bytes
            .windows(4)
            .position(|window| window == signature)
            .unwrap();
        bytes[at + flags] |= 1;
    }
    let error = refusal(&bytes).await;
    assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
    assert!(error.message().contains("encrypted"), "{error:?}");
}
