//! What is fetched: branches, tags, commits, and only what is new of them.

use std::path::Path;

use dokploy_core::ErrorKind;
use dokploy_core::id::ApplicationId;
use dokploy_core::source::SourceFetcher;

use crate::repository::{Repository, noise, untar};
use crate::{Fixture, context, read, request};
use dokploy_tests::git_server::Server;

#[tokio::test]
async fn an_unset_branch_is_what_the_remote_head_names() {
    let fixture = Fixture::new();
    let revision = fixture.resolve(&fixture.request()).await.unwrap();
    assert_eq!(revision.id, fixture.repository.head());
    assert_eq!(revision.reference.as_deref(), Some("refs/heads/main"));
    assert_eq!(revision.message, None);
}

#[tokio::test]
async fn a_branch_never_matches_another_that_ends_alike() {
    let fixture = Fixture::new();
    fixture.repository.git(&["branch", "x/release"]);
    fixture.repository.git(&["branch", "release2"]);
    let mut request = fixture.request();
    request.branch = Some("release".to_owned());
    let error = fixture.resolve(&request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SourceFailed);
    assert!(error.message().contains("refs/heads/release"), "{error}");
    assert!(error.hint().unwrap().contains("x/release"), "{error:?}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn resolving_asks_for_one_reference_and_no_objects() {
    let fixture = Fixture::new();
    for number in 0..200 {
        fixture
            .repository
            .git(&["branch", &format!("feature/{number}")]);
    }
    let mut request = fixture.request();
    request.branch = Some("main".to_owned());
    fixture.resolve(&request).await.unwrap();
    let log = fixture.server.take_log();
    assert_eq!(log.len(), 2, "{log:?}");
    let body = String::from_utf8_lossy(&log[1].body);
    assert!(
        body.contains("command=ls-refs") && body.contains("ref-prefix refs/heads/main"),
        "{body}"
    );
    assert!(log[1].sent < 200, "{} bytes", log[1].sent);
    assert!(!fixture.mirrors().exists());
}

#[tokio::test]
async fn annotated_and_lightweight_tags_mean_their_commit() {
    for start in [Server::start, Server::start_old] {
        let fixture = Fixture::serving(start);
        let tagged = fixture.repository.head();
        fixture.repository.git(&["tag", "light"]);
        fixture
            .repository
            .git(&["tag", "-a", "heavy", "-m", "heavy"]);
        fixture
            .repository
            .git(&["tag", "-a", "nested", "-m", "nested", "heavy"]);
        fixture.repository.commit("Second");
        for name in ["nested", "heavy", "light"] {
            if name == "heavy" {
                // Then nothing names the commit itself, which old servers make a difference.
                fixture.repository.git(&["tag", "-d", "light"]);
            } else {
                fixture
                    .repository
                    .git(&["tag", "--force", "light", &tagged]);
            }
            let mut request = fixture.request();
            request.branch = Some(format!("refs/tags/{name}"));
            let revision = fixture.resolve(&request).await.unwrap();
            assert_eq!(revision.id, tagged, "{name}");
            let tree = fixture.fetch(&request).await.unwrap();
            let message = tree.revision().unwrap().message.as_deref();
            assert_eq!(message, Some("First commit"));
        }
    }
}

#[tokio::test]
async fn what_is_no_commit_is_a_clear_error() {
    let fixture = Fixture::new();
    let blob = fixture.repository.object("blob", b"no commit\n");
    fixture.repository.git(&["tag", "odd", &blob]);
    for url in [
        fixture.server.url("app/.git"),
        format!("file://{}", fixture.repository.path.display()),
    ] {
        let mut request = request(&url);
        request.branch = Some("refs/tags/odd".to_owned());
        let error = fixture.fetch(&request).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn a_repository_of_another_hash_is_unsupported() {
    let fixture = Fixture::new();
    let path = fixture.directory.path().join("git/sha256");
    fixture.repository.git(&[
        "init",
        "--quiet",
        "--object-format=sha256",
        path.to_str().unwrap(),
    ]);
    let repository = Repository { path };
    repository.commit("First");
    let error = fixture
        .resolve(&request(&fixture.server.url("sha256/.git")))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
}

#[tokio::test]
async fn a_fetched_tree_tells_message_author_and_time() {
    let fixture = Fixture::new();
    let request = fixture.request();
    let tree = fixture.fetch(&request).await.unwrap();
    let revision = tree.revision().unwrap();
    assert_eq!(revision.message.as_deref(), Some("First commit"));
    assert_eq!(revision.author.as_deref(), Some("Ann Author"));
    assert_eq!(
        revision.committed_at.unwrap().to_string(),
        "2026-01-31T12:00:00Z"
    );
    // From then on the mirror knows it, and resolving tells it as well.
    assert_eq!(fixture.resolve(&request).await.unwrap(), *revision);
}

#[tokio::test]
async fn the_context_has_the_files_links_and_modes_of_the_commit() {
    let fixture = Fixture::new();
    fixture.repository.write("run.sh", "#!/bin/sh\n");
    fixture.repository.write("ignored/secret", "x");
    fixture.repository.write(".dockerignore", "ignored\n");
    std::os::unix::fs::symlink("/etc/passwd", fixture.repository.path.join("link")).unwrap();
    fixture.repository.git(&["add", "run.sh"]);
    fixture
        .repository
        .git(&["update-index", "--chmod=+x", "run.sh"]);
    fixture
        .repository
        .git(&["config", "core.fileMode", "false"]);
    fixture.repository.commit("Second");
    let tree = fixture.fetch(&fixture.request()).await.unwrap();
    let tar = context(&tree).await.unwrap();
    let names: Vec<_> = untar(&tar).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            ".dockerignore",
            "Dockerfile",
            "link",
            "run.sh",
            "src/",
            "src/main.txt"
        ]
    );
    let mut archive = tar::Archive::new(tar.as_slice());
    for entry in archive.entries().unwrap().map(Result::unwrap) {
        let mode = entry.header().mode().unwrap();
        match entry.path().unwrap().to_str().unwrap() {
            "run.sh" => assert_eq!(mode, 0o755),
            "Dockerfile" => assert_eq!(mode, 0o644),
            "link" => assert_eq!(
                entry.link_name().unwrap().unwrap(),
                Path::new("/etc/passwd")
            ),
            _ => {}
        }
    }
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("one\n"));
    assert_eq!(read(&tree, "link").await, None);
    assert_eq!(read(&tree, "link/passwd").await, None);
    assert_eq!(read(&tree, "src").await, None);
}

#[tokio::test]
async fn a_second_fetch_transfers_only_what_changed() {
    let fixture = Fixture::new();
    fixture.repository.write("large.bin", noise(1_000_000));
    fixture.repository.commit("Large");
    let request = fixture.request();
    fixture.fetch(&request).await.unwrap();
    let first: usize = fixture.server.take_log().iter().map(|it| it.sent).sum();
    fixture.repository.write("src/main.txt", "two\n");
    fixture.repository.commit("Small change");
    let tree = fixture.fetch(&request).await.unwrap();
    let second: usize = fixture.server.take_log().iter().map(|it| it.sent).sum();
    assert!(second * 20 < first, "{first} bytes, then {second}");
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("two\n"));
    assert!(tree.read_file("large.bin", 10).await.unwrap().is_some());
}

#[tokio::test]
async fn only_the_wanted_commit_is_fetched_and_not_its_history() {
    let fixture = Fixture::new();
    let old = fixture.repository.head();
    for number in 0..5 {
        fixture
            .repository
            .write("src/main.txt", format!("{number}\n"));
        fixture.repository.commit("More");
    }
    let request = fixture.request();
    fixture.fetch(&request).await.unwrap();
    let mirror = only_mirror(&fixture);
    let count = mirror.git(&["rev-list", "--count", "--all"]);
    assert_eq!(count, "1");
    mirror.git(&["fsck", "--connectivity-only"]);
    assert!(
        !mirror
            .git(&["cat-file", "--batch-all-objects", "--batch-check"])
            .contains(&old)
    );
}

#[tokio::test]
async fn fetching_a_commit_again_asks_nobody() {
    let fixture = Fixture::new();
    let mut request = fixture.request();
    let tree = fixture.fetch(&request).await.unwrap();
    let before = context(&tree).await.unwrap();
    fixture.server.take_log();
    request.commit = Some(fixture.repository.head());
    let tree = fixture.fetch(&request).await.unwrap();
    assert_eq!(context(&tree).await.unwrap(), before);
    assert!(fixture.server.take_log().is_empty());
}

#[tokio::test]
async fn an_older_commit_is_fetched_by_its_id() {
    let fixture = Fixture::new();
    let old = fixture.repository.head();
    fixture.repository.write("src/main.txt", "two\n");
    fixture.repository.commit("Second");
    let mut request = fixture.request();
    request.commit = Some(old.clone());
    let tree = fixture.fetch(&request).await.unwrap();
    assert_eq!(tree.revision().unwrap().id, old);
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("one\n"));
}

#[tokio::test]
async fn an_old_server_gives_an_older_commit_with_its_history() {
    let fixture = Fixture::serving(Server::start_old);
    let old = fixture.repository.head();
    fixture.repository.write("src/main.txt", "two\n");
    fixture.repository.commit("Second");
    let mut request = fixture.request();
    let tree = fixture.fetch(&request).await.unwrap();
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("two\n"));
    request.commit = Some(old);
    let tree = fixture.fetch(&request).await.unwrap();
    assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("one\n"));
    // And the mirror that now has history takes single commits as before.
    fixture.repository.write("src/main.txt", "three\n");
    fixture.repository.commit("Third");
    request.commit = None;
    let tree = fixture.fetch(&request).await.unwrap();
    assert_eq!(
        read(&tree, "src/main.txt").await.as_deref(),
        Some("three\n")
    );
}

#[tokio::test]
async fn an_unknown_commit_is_named() {
    for start in [Server::start, Server::start_old] {
        let fixture = Fixture::serving(start);
        let mut request = fixture.request();
        let unknown = "95d09f2b10159347eece71399a7e2e907ea3df4f";
        request.commit = Some(unknown.to_owned());
        let error = fixture.fetch(&request).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
        assert!(error.message().contains(unknown), "{error:?}");
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn an_empty_repository_is_a_clear_error() {
    for start in [Server::start, Server::start_old] {
        let fixture = Fixture::serving(start);
        Repository::new(fixture.directory.path().join("git/empty"));
        for url in [
            fixture.server.url("empty/.git"),
            format!("file://{}/git/empty", fixture.directory.path().display()),
        ] {
            let error = fixture.resolve(&request(&url)).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
            assert!(error.message().contains("no branches yet"), "{error:?}");
        }
    }
}

#[tokio::test]
async fn names_with_shell_characters_are_only_names() {
    let fixture = Fixture::new();
    for name in ["$(touch${IFS}pwned)", "a;touch${IFS}pwned", "`id`", "a&b|c"] {
        fixture.repository.git(&["branch", name]);
        let mut request = fixture.request();
        request.branch = Some(name.to_owned());
        let revision = fixture.resolve(&request).await.unwrap();
        assert_eq!(revision.reference, Some(format!("refs/heads/{name}")));
    }
    assert!(!Path::new("pwned").exists());
}

#[tokio::test]
async fn a_repository_of_this_machine_is_read_where_it_is() {
    let fixture = Fixture::new();
    let path = fixture.repository.path.display().to_string();
    for url in [
        format!("file://{path}"),
        format!("file://{path}/.git"),
        format!("file://localhost{path}"),
    ] {
        let mut request = request(&url);
        let revision = fixture.resolve(&request).await.unwrap();
        assert_eq!(revision.reference.as_deref(), Some("refs/heads/main"));
        let tree = fixture.fetch(&request).await.unwrap();
        assert_eq!(read(&tree, "src/main.txt").await.as_deref(), Some("one\n"));
        assert_eq!(
            tree.revision().unwrap().author.as_deref(),
            Some("Ann Author")
        );
        request.branch = Some("mian".to_owned());
        let error = fixture.resolve(&request).await.unwrap_err();
        assert_eq!(error.hint(), Some("did you mean main?"));
        request.branch = None;
        request.commit = Some("95d09f2b10159347eece71399a7e2e907ea3df4f".to_owned());
        let error = fixture.fetch(&request).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::SourceFailed);
    }
    assert!(!fixture.mirrors().join("x").exists());
}

#[tokio::test]
async fn the_tree_can_be_written_to_a_directory() {
    let fixture = Fixture::new();
    std::os::unix::fs::symlink("src", fixture.repository.path.join("link")).unwrap();
    fixture.repository.commit("Link");
    let tree = fixture.fetch(&fixture.request()).await.unwrap();
    let target = fixture.directory.path().join("out");
    std::fs::create_dir(&target).unwrap();
    tree.write_to(&target).await.unwrap();
    assert_eq!(
        std::fs::read_to_string(target.join("src/main.txt")).unwrap(),
        "one\n"
    );
    assert_eq!(
        std::fs::read_link(target.join("link")).unwrap(),
        Path::new("src")
    );
}

#[tokio::test]
async fn forgetting_removes_the_mirror_and_nothing_else() {
    let fixture = Fixture::new();
    let (request, other) = (fixture.request(), fixture.request());
    fixture.fetch(&request).await.unwrap();
    fixture.fetch(&other).await.unwrap();
    for _ in 0..2 {
        fixture.fetcher.forget(request.application).await.unwrap();
    }
    fixture.fetcher.forget(ApplicationId::new()).await.unwrap();
    assert!(
        !fixture
            .mirrors()
            .join(request.application.to_string())
            .exists()
    );
    assert!(
        fixture
            .mirrors()
            .join(other.application.to_string())
            .exists()
    );
    fixture.fetch(&request).await.unwrap();
}

/// The one mirror that there is, as git sees it.
pub(crate) fn only_mirror(fixture: &Fixture) -> Repository {
    let application = std::fs::read_dir(fixture.mirrors())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let mut mirrors: Vec<_> = std::fs::read_dir(application)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "git"))
        .collect();
    assert_eq!(mirrors.len(), 1, "{mirrors:?}");
    Repository {
        path: mirrors.remove(0),
    }
}
