//! Contexts of every kind of source, compared with each other and with other programs' tars.

use std::collections::BTreeMap;
use std::fs;

use dokploy_core::conformance::source::{MemberKind, SourceFixture, unpack};
use dokploy_core::source::{
    ContextRequest, DirectoryFetcher, FakeEntry, FakeTree, NetworkPolicy, SourceFetcher,
};
use futures::{StreamExt, TryStreamExt};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use crate::fixtures::{ArchiveFixture, DirectoryFixture, FakeFixture, Format};

fn whole() -> ContextRequest {
    ContextRequest {
        directory: ".".to_owned(),
        dockerfile: "Dockerfile".to_owned(),
        bytes_max: u64::MAX,
    }
}

async fn context_of(fixture: &dyn SourceFixture, tree: &FakeTree) -> Vec<u8> {
    let cancel = CancellationToken::new();
    let request = fixture.write("main", tree).await;
    let fetcher = fixture.fetcher();
    let revision = fetcher.resolve(&request, &cancel).await.unwrap();
    let source_tree = fetcher.fetch(&request, &revision, &cancel).await.unwrap();
    let chunks: Vec<_> = source_tree.context(&whole()).try_collect().await.unwrap();
    chunks.concat()
}

#[tokio::test]
async fn every_kind_of_source_gives_the_same_bytes_for_the_same_tree() {
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file(".dockerignore", "ignored\n")
        .file("ignored", "")
        .file("a/b/c", "c")
        .file("a.b", "")
        .executable("bin/run", "#!/bin/sh\n")
        .symlink("link", "../outside")
        .file(&"n".repeat(150), "long");
    let expected = context_of(&FakeFixture::default(), &tree).await;
    assert_eq!(context_of(&DirectoryFixture::new(), &tree).await, expected);
    for format in [Format::Tar, Format::GzippedTar, Format::Zip] {
        let fixture = ArchiveFixture::new(format);
        assert!(context_of(&fixture, &tree).await == expected, "{format:?}");
    }
}

/// Resident memory of this process, in bytes.
#[cfg(target_os = "linux")]
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_large_context_is_streamed_in_bounded_memory() {
    const SIZE: u64 = 512 << 20;
    let fixture = DirectoryFixture::new();
    let request = fixture
        .write("", &FakeTree::new().file("Dockerfile", ""))
        .await;
    let large = fs::File::create(fixture.path().join("large")).unwrap();
    large.set_len(SIZE).unwrap();
    let cancel = CancellationToken::new();
    let fetcher = DirectoryFetcher::new(NetworkPolicy::trusting(), 2 * SIZE);
    let revision = fetcher.resolve(&request, &cancel).await.unwrap();
    let source_tree = fetcher.fetch(&request, &revision, &cancel).await.unwrap();
    let before = resident();
    let mut context = source_tree.context(&whole());
    let (mut bytes, mut most) = (0, 0);
    while let Some(chunk) = context.next().await {
        bytes += chunk.unwrap().len() as u64;
        most = most.max(resident());
    }
    assert!(bytes > SIZE);
    // Other tests run beside this one; the context itself takes less than a megabyte.
    let growth = most.saturating_sub(before);
    assert!(
        growth < SIZE / 2,
        "{growth} bytes more while {bytes} were streamed"
    );
}

/// A tree of names that meet in one directory or in none.
fn tree() -> impl Strategy<Value = FakeTree> {
    let name = prop::sample::select(vec![
        "a",
        "b",
        "a.b",
        "a-b",
        "A",
        "ü",
        ".hidden",
        "with space",
    ]);
    let path =
        (prop::collection::vec(name, 0..3), "[a-z]{1,3}[0-9]").prop_map(|(parents, last)| {
            parents
                .into_iter()
                .chain([last.as_str()])
                .collect::<Vec<_>>()
                .join("/")
        });
    let entry = (0..3_u8, prop::collection::vec(any::<u8>(), 0..2000));
    prop::collection::vec((path, entry), 0..20).prop_map(|entries| {
        entries.into_iter().fold(
            FakeTree::new().file("Dockerfile", ""),
            |tree, (path, (kind, content))| match kind {
                0 => tree.file(&path, content),
                1 => tree.executable(&path, content),
                _ => tree.symlink(&path, &format!("target{}", content.len())),
            },
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_context_read_by_another_tar_is_the_tree_again(tree in tree()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let bytes = runtime.block_on(context_of(&DirectoryFixture::new(), &tree));
        prop_assert_eq!(&bytes, &runtime.block_on(context_of(&FakeFixture::default(), &tree)));
        let members = unpack(&bytes);
        let mut found = BTreeMap::new();
        let mut seen = std::collections::BTreeSet::from([String::new()]);
        for member in &members {
            let parent = member.path.rsplit_once('/').map_or("", |(parent, _)| parent);
            prop_assert!(seen.contains(parent), "{} comes before its directory", member.path);
            prop_assert!(seen.insert(member.path.clone()), "{} comes twice", member.path);
            let entry = match &member.kind {
                MemberKind::Directory => continue,
                MemberKind::File(content) => FakeEntry::File {
                    content: content.as_slice().into(),
                    executable: member.mode == 0o755,
                },
                MemberKind::Symlink(target) => FakeEntry::Symlink { target: target.clone() },
            };
            found.insert(member.path.as_str(), entry);
        }
        let expected: BTreeMap<_, _> = tree.entries().map(|(path, entry)| (path, entry.clone())).collect();
        prop_assert_eq!(found, expected);
    }
}
