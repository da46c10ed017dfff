//! What is particular about directories.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use dokploy_core::conformance::source::{SourceFixture, unpack};
use dokploy_core::error::ErrorKind;
use dokploy_core::model::Source;
use dokploy_core::source::{
    ContextRequest, DirectoryFetcher, FakeTree, NetworkPolicy, SourceFetcher, Sources,
    SourcesOptions,
};
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

use crate::fixtures::{DirectoryFixture, request};

fn whole() -> ContextRequest {
    ContextRequest {
        directory: ".".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        bytes_max: u64::MAX,
    }
}

#[tokio::test]
async fn a_directory_is_refused_unless_the_policy_allows_file_sources() {
    let fixture = DirectoryFixture::new();
    let request = fixture
        .write("", &FakeTree::new().file("Dockerfile", ""))
        .await;
    let cancel = CancellationToken::new();
    for fetcher in [
        Box::new(DirectoryFetcher::new(NetworkPolicy::strict(), 1 << 30)) as Box<dyn SourceFetcher>,
        Box::new(Sources::new(&SourcesOptions::new("/nonexistent")).unwrap()),
    ] {
        let error = fetcher.resolve(&request, &cancel).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
        assert!(error.hint().is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn a_relative_path_or_a_file_is_no_source() {
    let fixture = DirectoryFixture::new();
    fixture
        .write("", &FakeTree::new().file("Dockerfile", ""))
        .await;
    let cancel = CancellationToken::new();
    let table = [
        (PathBuf::from("relative"), ErrorKind::InvalidSpec),
        (fixture.path().join("Dockerfile"), ErrorKind::SourceFailed),
    ];
    for (path, kind) in table {
        let request = request(Source::Directory { path });
        let error = fixture
            .fetcher()
            .resolve(&request, &cancel)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
    }
}

#[tokio::test]
async fn a_directory_that_is_larger_than_allowed_is_refused() {
    let fixture = DirectoryFixture::new();
    let request = fixture
        .write("", &FakeTree::new().file("large", vec![0; 100_000]))
        .await;
    let fetcher = DirectoryFetcher::new(NetworkPolicy::trusting(), 50_000);
    let error = fetcher
        .resolve(&request, &CancellationToken::new())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
    assert!(error.hint().unwrap().contains("large"), "{error:?}");
}

#[tokio::test]
async fn git_and_special_files_are_no_part_of_a_directory() {
    let fixture = DirectoryFixture::new();
    let tree = FakeTree::new().file("Dockerfile", "").file("sub/file", "");
    let request = fixture.write("", &tree).await;
    let cancel = CancellationToken::new();
    let before = fixture.fetcher().resolve(&request, &cancel).await.unwrap();
    fs::create_dir_all(fixture.path().join(".git/objects")).unwrap();
    fs::write(fixture.path().join("sub/.git"), "gitdir: /elsewhere").unwrap();
    let _socket = UnixListener::bind(fixture.path().join("socket")).unwrap();
    let after = fixture.fetcher().resolve(&request, &cancel).await.unwrap();
    assert_eq!(before.id, after.id);
    let fetched = fixture
        .fetcher()
        .fetch(&request, &after, &cancel)
        .await
        .unwrap();
    let chunks: Vec<_> = fetched.context(&whole()).try_collect().await.unwrap();
    let names: Vec<_> = unpack(&chunks.concat())
        .into_iter()
        .map(|member| member.path)
        .collect();
    assert_eq!(names, ["Dockerfile", "sub", "sub/file"]);
}

#[tokio::test]
async fn a_change_after_the_fetch_fails_the_context_before_its_end() {
    type Change = fn(&DirectoryFixture);
    let changes: [Change; 5] = [
        |fixture| fs::write(fixture.path().join("b"), "changed").unwrap(),
        |fixture| fs::write(fixture.path().join("new"), "").unwrap(),
        |fixture| fs::remove_file(fixture.path().join("b")).unwrap(),
        |fixture| {
            fs::remove_file(fixture.path().join("b")).unwrap();
            symlink("/etc/passwd", fixture.path().join("b")).unwrap();
        },
        |fixture| {
            fs::remove_dir_all(fixture.path().join("dir")).unwrap();
            symlink("/etc", fixture.path().join("dir")).unwrap();
        },
    ];
    for change in changes {
        let fixture = DirectoryFixture::new();
        let tree = FakeTree::new()
            .file("Dockerfile", "")
            .file("b", "before")
            .file("dir/file", "");
        let request = fixture.write("", &tree).await;
        let cancel = CancellationToken::new();
        let revision = fixture.fetcher().resolve(&request, &cancel).await.unwrap();
        let fetched = fixture
            .fetcher()
            .fetch(&request, &revision, &cancel)
            .await
            .unwrap();
        change(&fixture);
        let error = fetched
            .context(&whole())
            .try_collect::<Vec<_>>()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
        assert!(error.hint().is_some(), "{error:?}");
    }
}

#[tokio::test]
async fn a_directory_that_was_replaced_is_not_read_through_its_name() {
    let fixture = DirectoryFixture::new();
    let request = fixture
        .write("", &FakeTree::new().file("Dockerfile", "old"))
        .await;
    let cancel = CancellationToken::new();
    let revision = fixture.fetcher().resolve(&request, &cancel).await.unwrap();
    let fetched = fixture
        .fetcher()
        .fetch(&request, &revision, &cancel)
        .await
        .unwrap();
    fs::rename(fixture.path(), fixture.path().with_extension("old")).unwrap();
    symlink("/etc", fixture.path()).unwrap();
    let content = fetched.read_file("Dockerfile", 10).await.unwrap();
    assert_eq!(content.as_deref(), Some(&b"old"[..]));
    assert_eq!(fetched.read_file("passwd", 10).await.unwrap(), None);
}
