//! What fetching, reading and writing promise.

use tokio_util::sync::CancellationToken;

use super::{MemberKind, SourceFixture, bytes_of, fetch, members_of, soon, whole};
use crate::error::ErrorKind;
use crate::source::{FakeEntry, FakeTree};

/// A revision gives its own tree or an error, also when the source has moved on.
pub async fn a_revision_never_gives_another_tree(fixture: &dyn SourceFixture) {
    let cancel = CancellationToken::new();
    let fetcher = fixture.fetcher();
    let old = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file("version", "1");
    let request = fixture.write("main", &old).await;
    let revision = soon(fetcher.resolve(&request, &cancel))
        .await
        .expect("it resolves");
    fixture.write("main", &old.file("version", "2")).await;
    match soon(fetcher.fetch(&request, &revision, &cancel)).await {
        Ok(tree) => {
            let content = soon(tree.read_file("version", 10))
                .await
                .expect("it can be read");
            assert_eq!(content.as_deref(), Some(&b"1"[..]));
        }
        Err(error) => {
            assert!(!fixture.has_branches(), "a commit stays: {error:?}");
            assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
            assert!(error.hint().is_some(), "{error:?}");
        }
    }
}

/// Fetching a revision twice gives the same bytes, and the first tree stays usable.
pub async fn fetching_again_gives_the_same_tree(fixture: &dyn SourceFixture) {
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file("a/b", "b");
    let request = fixture.write("main", &tree).await;
    let first = fetch(fixture, &request).await;
    let second = fetch(fixture, &request).await;
    let bytes = bytes_of(&*second, &whole())
        .await
        .expect("the second streams");
    drop(second);
    assert_eq!(
        bytes_of(&*first, &whole())
            .await
            .expect("the first still streams"),
        bytes
    );
}

/// Links that lead outside, and paths that climb, read nothing.
pub async fn nothing_outside_the_tree_can_be_read(fixture: &dyn SourceFixture) {
    let request = fixture
        .write(
            "main",
            &FakeTree::new()
                .file("Dockerfile", "FROM scratch")
                .symlink("passwd", "/etc/passwd")
                .symlink("etc", "/etc")
                .symlink("up", "../../../../../../../../etc"),
        )
        .await;
    let tree = fetch(fixture, &request).await;
    for path in [
        "passwd",
        "etc",
        "etc/passwd",
        "up/passwd",
        "etc/../etc/passwd",
        "missing/file",
    ] {
        match soon(tree.read_file(path, 100)).await {
            Ok(content) => assert_eq!(content, None, "{path}"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{path}: {error:?}"),
        }
    }
    for path in ["../x", "a/../../x", "/etc/passwd", "a\0b"] {
        let error = soon(tree.read_file(path, 100))
            .await
            .expect_err("the path is refused");
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{path}: {error:?}");
    }
    for member in members_of(&*tree, &whole()).await {
        if let MemberKind::File(content) = member.kind {
            assert_eq!(content, b"FROM scratch", "{} is the only file", member.path);
        }
    }
    for directory in ["etc", "up", "..", "/etc"] {
        let mut request = whole();
        request.directory = directory.to_owned();
        let error = bytes_of(&*tree, &request)
            .await
            .expect_err("no link is followed");
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidSpec,
            "{directory}: {error:?}"
        );
    }
}

/// Forgetting twice is fine, and a source can be fetched after it was forgotten.
pub async fn forgetting_is_repeatable_and_fetching_works_after_it(fixture: &dyn SourceFixture) {
    let tree = FakeTree::new().file("Dockerfile", "FROM scratch");
    let request = fixture.write("main", &tree).await;
    let before = bytes_of(&*fetch(fixture, &request).await, &whole())
        .await
        .expect("it streams");
    for _ in 0..2 {
        soon(fixture.fetcher().forget(request.application))
            .await
            .expect("it can be forgotten");
    }
    let after = bytes_of(&*fetch(fixture, &request).await, &whole())
        .await
        .expect("it streams");
    assert_eq!(before, after);
}

/// Files are read up to the limit; directories, links and what is missing are `None`.
pub async fn a_file_is_read_up_to_the_limit(fixture: &dyn SourceFixture) {
    let request = fixture
        .write(
            "main",
            &FakeTree::new()
                .file("Dockerfile", "FROM scratch")
                .file("dir/file", "0123456789")
                .file("empty", "")
                .symlink("link", "dir/file"),
        )
        .await;
    let tree = fetch(fixture, &request).await;
    let table: [(&str, u64, Option<&[u8]>); 9] = [
        ("dir/file", 100, Some(b"0123456789")),
        ("./dir//file", 10, Some(b"0123456789")),
        ("dir/file", 4, Some(b"0123")),
        ("dir/file", 0, Some(b"")),
        ("empty", 10, Some(b"")),
        ("dir", 10, None),
        ("link", 10, None),
        ("dir/file/below", 10, None),
        ("DIR/FILE2", 10, None),
    ];
    for (path, bytes_max, expected) in table {
        let content = soon(tree.read_file(path, bytes_max))
            .await
            .expect("it can be asked for");
        assert_eq!(content.as_deref(), expected, "{path} up to {bytes_max}");
    }
}

/// Writing gives the same files, links and executable bits, and refuses a directory that holds something.
pub async fn the_tree_is_written_as_it_is(fixture: &dyn SourceFixture) {
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file("a/b/c", "content")
        .executable("bin/run", "#!/bin/sh\n")
        .symlink("link", "a/b/c")
        .symlink("out", "/etc/passwd");
    let request = fixture.write("main", &tree).await;
    let fetched = fetch(fixture, &request).await;
    let target = tempfile::tempdir().expect("there is room for a directory");
    soon(fetched.write_to(target.path()))
        .await
        .expect("it can be written");
    for (path, entry) in tree.entries() {
        let written = target.path().join(path);
        match entry {
            FakeEntry::File {
                content,
                executable,
            } => {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(
                    std::fs::read(&written).expect("it is there"),
                    content.as_ref(),
                    "{path}"
                );
                let mode = std::fs::metadata(&written)
                    .expect("it is there")
                    .permissions()
                    .mode();
                assert_eq!(mode & 0o100 != 0, *executable, "{path}");
            }
            FakeEntry::Symlink { target } => {
                let found = std::fs::read_link(&written).expect("it is a link");
                assert_eq!(found.as_os_str(), target.as_str(), "{path}");
            }
        }
    }
    let error = soon(fetched.write_to(target.path()))
        .await
        .expect_err("it is not empty any more");
    assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
}
