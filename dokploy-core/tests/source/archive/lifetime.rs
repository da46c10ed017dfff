//! How long an unpacked archive lives.

use std::fs;
use std::time::Duration;

use dokploy_core::conformance::source::{SourceFixture, unpack};
use dokploy_core::error::ErrorKind;
use dokploy_core::source::{
    ArchiveFetcher, ArchiveLimits, ContextRequest, FakeTree, NetworkPolicy, SourceFetcher,
};
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

use super::{fetch, fetch_request, names, nothing_is_left};
use crate::fixtures::{ArchiveFixture, Format, pack};

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
