//! Submodules: fetched when asked for, under the same rules as their parent.

use std::sync::Arc;

use dokploy_core::ErrorKind;
use dokploy_core::source::SourceTree;

use crate::repository::{Repository, untar};
use crate::{Fixture, context, read, request, token, with_submodules};

/// Adds a submodule that is named as given, whatever git itself thinks of the name.
fn add(parent: &Repository, path: &str, url: &str, commit: &str) {
    let known = std::fs::read_to_string(parent.path.join(".gitmodules")).unwrap_or_default();
    parent.write(
        ".gitmodules",
        format!("{known}[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}\n"),
    );
    parent.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{commit},{path}"),
    ]);
    parent.git(&["add", ".gitmodules"]);
    parent.git(&["commit", "--quiet", "-m", "Add a submodule"]);
}

fn library(fixture: &Fixture, name: &str) -> Repository {
    let library = Repository::new(fixture.directory.path().join("git").join(name));
    library.write(&format!("{name}.txt"), format!("{name}\n"));
    library.commit("Library");
    library
}

/// The names of everything in the context.
async fn names(tree: &Arc<dyn SourceTree>) -> Vec<String> {
    let tar = context(tree).await.unwrap();
    untar(&tar).into_iter().map(|(name, _)| name).collect()
}

#[tokio::test]
async fn nested_submodules_are_part_of_the_tree_when_they_are_asked_for() {
    let fixture = Fixture::new();
    let inner = library(&fixture, "inner");
    let outer = library(&fixture, "outer");
    add(&outer, "deep/inner", "../../inner/.git", &inner.head());
    let old = outer.head();
    outer.write("outer.txt", "newer than what the parent names\n");
    outer.git(&["commit", "--quiet", "-m", "Newer", "outer.txt"]);
    add(
        &fixture.repository,
        "vendor/outer",
        "../../outer/.git",
        &old,
    );
    for url in [
        fixture.server.url("app/.git"),
        format!("file://{}/.git", fixture.repository.path.display()),
    ] {
        let tree = fixture
            .fetch(&with_submodules(request(&url)))
            .await
            .unwrap();
        assert_eq!(
            read(&tree, "vendor/outer/outer.txt").await.as_deref(),
            Some("outer\n")
        );
        let deepest = "vendor/outer/deep/inner/inner.txt";
        assert_eq!(read(&tree, deepest).await.as_deref(), Some("inner\n"));
        assert!(names(&tree).await.contains(&deepest.to_owned()));
        let without = fixture.fetch(&request(&url)).await.unwrap();
        assert_eq!(read(&without, "vendor/outer/outer.txt").await, None);
        assert!(names(&without).await.contains(&"vendor/outer/".to_owned()));
    }
}

#[tokio::test]
async fn a_submodule_may_lead_nowhere_that_its_parent_may_not() {
    let outside = tempfile::TempDir::new().unwrap();
    let secret = Repository::new(outside.path().join("secret"));
    secret.write("secret.txt", "secret\n");
    secret.commit("Secret");
    for url in [
        format!("file://{}", secret.path.display()),
        secret.path.display().to_string(),
        "ext::sh -c touch% pwned".to_owned(),
        "-u./evil".to_owned(),
        "--upload-pack=touch pwned".to_owned(),
        "../../../../etc".to_owned(),
        "http://169.254.169.254/latest".to_owned(),
        "git://127.0.0.1/app".to_owned(),
    ] {
        let fixture = Fixture::new();
        add(&fixture.repository, "vendor/lib", &url, &secret.head());
        let error = fixture
            .fetch(&with_submodules(fixture.request()))
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{url}: {error:?}");
        assert!(error.message().contains("vendor/lib"), "{error:?}");
        fixture.fetch(&fixture.request()).await.unwrap();
    }
    assert!(!std::path::Path::new("pwned").exists());
}

#[tokio::test]
async fn a_credential_goes_to_submodules_of_its_own_host_only() {
    let fixture = Fixture::new();
    let other = dokploy_tests::git_server::Server::start(&fixture.directory.path().join("git"));
    let (near, far) = (library(&fixture, "near"), library(&fixture, "far"));
    add(&fixture.repository, "near", "../../near/.git", &near.head());
    add(
        &fixture.repository,
        "far",
        &other.url("far/.git"),
        &far.head(),
    );
    let mut request = with_submodules(fixture.request());
    request.credential = Some(token(&fixture.server.address, "s3cret"));
    let tree = fixture.fetch(&request).await.unwrap();
    assert_eq!(
        read(&tree, "near/near.txt").await.as_deref(),
        Some("near\n")
    );
    assert_eq!(read(&tree, "far/far.txt").await.as_deref(), Some("far\n"));
    let own = fixture.server.take_log();
    assert!(own.iter().all(|it| it.header("authorization").is_some()));
    assert!(own.iter().any(|it| it.path.starts_with("/near/")));
    let others = other.take_log();
    assert!(!others.is_empty() && others.iter().all(|it| it.header("authorization").is_none()));
}

#[tokio::test]
async fn a_commit_that_a_submodule_lacks_is_named() {
    let fixture = Fixture::new();
    let library = library(&fixture, "lib");
    let unknown = "95d09f2b10159347eece71399a7e2e907ea3df4f";
    add(&fixture.repository, "lib", "../../lib/.git", unknown);
    let error = fixture
        .fetch(&with_submodules(fixture.request()))
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    assert!(
        error.message().contains("lib") && error.message().contains(unknown),
        "{error:?}"
    );
    drop(library);
}

#[tokio::test]
async fn submodules_that_are_nested_too_deeply_are_refused() {
    let fixture = Fixture::new();
    let mut inner = library(&fixture, "level6");
    for level in (0..6).rev() {
        let outer = library(&fixture, &format!("level{level}"));
        add(
            &outer,
            "next",
            &format!("../../level{}/.git", level + 1),
            &inner.head(),
        );
        inner = outer;
    }
    let error = fixture
        .fetch(&with_submodules(request(
            &fixture.server.url("level0/.git"),
        )))
        .await
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    assert!(error.message().contains("nested deeper"), "{error:?}");
}
