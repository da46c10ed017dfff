//! Repositories that somebody made to do harm.

use std::fmt::Write;

use dokploy_core::ErrorKind;
use dokploy_core::source::{GitFetcher, GitOptions, SourceFetcher};
use tokio_util::sync::CancellationToken;

use crate::repository::{noise, untar};
use crate::{Fixture, context, options, read, request};

/// Names that would leave the tree, or become git's own, once they were files.
const BAD_NAMES: [&str; 12] = [
    "..",
    ".",
    "a/b",
    "../../etc/passwd",
    "/etc/passwd",
    ".git",
    ".GIT",
    ".Git",
    "git~1",
    ".git ",
    ".g\u{200c}it",
    ".git::$INDEX_ALLOCATION",
];

#[tokio::test]
async fn a_tree_with_a_dangerous_name_is_refused_when_it_is_fetched() {
    let fixture = Fixture::new();
    let repository = &fixture.repository;
    let blob = repository.object("blob", b"evil\n");
    for name in BAD_NAMES {
        for (mode, object) in [
            ("100644", &blob),
            ("120000", &blob),
            ("40000", &repository.tree(&[("100644", "x", &blob)])),
        ] {
            let tree =
                repository.tree(&[("40000", "sub", &repository.tree(&[(mode, name, object)]))]);
            repository.commit_tree(&tree);
            for url in [
                fixture.server.url("app/.git"),
                format!("file://{}", repository.path.display()),
            ] {
                let error = fixture.fetch(&request(&url)).await.err().unwrap();
                assert_eq!(error.kind(), ErrorKind::SourceFailed, "{name:?}: {error:?}");
                assert!(!error.is_retryable());
            }
        }
    }
}

#[tokio::test]
async fn a_name_with_a_nul_or_an_empty_one_is_refused() {
    let fixture = Fixture::new();
    let blob = hex::decode(fixture.repository.object("blob", b"evil\n")).unwrap();
    for content in [
        [b"100644 \0".as_slice(), &blob].concat(),
        b"100644 truncated".to_vec(),
        [b"xyz a\0".as_slice(), &blob].concat(),
    ] {
        let tree = fixture.repository.object("tree", &content);
        fixture.repository.commit_tree(&tree);
        let error = fixture.fetch(&fixture.request()).await.err().unwrap();
        assert!(
            matches!(
                error.kind(),
                ErrorKind::SourceFailed | ErrorKind::Unavailable
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_link_and_a_directory_of_one_name_never_lead_outside() {
    let fixture = Fixture::new();
    let repository = &fixture.repository;
    let outside = fixture.directory.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    let link = repository.object("blob", outside.to_str().unwrap().as_bytes());
    let blob = repository.object("blob", b"evil\n");
    let below = repository.tree(&[("100644", "evil", &blob)]);
    repository.commit_tree(&repository.tree(&[
        ("100644", "Dockerfile", &blob),
        ("120000", "a", &link),
        ("40000", "a", &below),
    ]));
    let tree = fixture.fetch(&fixture.request()).await.unwrap();
    let target = fixture.directory.path().join("out");
    std::fs::create_dir(&target).unwrap();
    assert!(tree.write_to(&target).await.is_err());
    assert!(context(&tree).await.is_err());
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0);
}

#[tokio::test]
async fn a_link_is_sent_as_a_link_and_never_read_through() {
    let fixture = Fixture::new();
    for target in ["/etc/passwd", "../../../../etc/passwd", "..", "Dockerfile"] {
        let link = fixture.repository.path.join("link");
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(target, &link).unwrap();
        fixture.repository.commit("Link");
        let tree = fixture.fetch(&fixture.request()).await.unwrap();
        assert_eq!(read(&tree, "link").await, None);
        assert_eq!(read(&tree, "link/x").await, None);
        let entries = untar(&context(&tree).await.unwrap());
        assert!(
            entries.contains(&("link".to_owned(), format!("-> {target}"))),
            "{entries:?}"
        );
    }
}

#[tokio::test]
async fn a_tree_that_names_itself_a_million_times_is_refused_quickly() {
    let fixture = Fixture::new();
    let blob = fixture.repository.object("blob", b"x");
    let mut tree = fixture.repository.tree(&[("100644", "x", &blob)]);
    for _ in 0..10 {
        let names: Vec<_> = (0..10).map(|number| format!("d{number}")).collect();
        let entries: Vec<_> = names
            .iter()
            .map(|name| ("40000", name.as_str(), tree.as_str()))
            .collect();
        tree = fixture.repository.tree(&entries);
    }
    fixture.repository.commit_tree(&tree);
    let error = fixture.fetch(&fixture.request()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    assert!(error.message().contains("more than"), "{error:?}");
}

#[tokio::test]
async fn a_tree_that_is_nested_too_deeply_is_refused() {
    let fixture = Fixture::new();
    let blob = fixture.repository.object("blob", b"x");
    let mut tree = fixture.repository.tree(&[("100644", "x", &blob)]);
    for _ in 0..300 {
        tree = fixture.repository.tree(&[("40000", "d", &tree)]);
    }
    fixture.repository.commit_tree(&tree);
    let error = fixture.fetch(&fixture.request()).await.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
    assert!(error.message().contains("nested deeper"), "{error:?}");
}

#[tokio::test]
async fn too_large_a_transfer_or_file_is_refused() {
    let fixture = Fixture::new();
    let request = fixture.request();
    let cancel = CancellationToken::new();
    // A megabyte of zeros is a kilobyte on the wire.
    fixture.repository.write("zeros", vec![0; 1_000_000]);
    fixture.repository.write("noise", noise(1_000_000));
    fixture.repository.commit("Zeros and noise");
    let revision = fixture.resolve(&request).await.unwrap();
    for limited in [
        GitOptions {
            pack_bytes_max: 500_000,
            ..options(fixture.directory.path())
        },
        GitOptions {
            file_bytes_max: 100_000,
            ..options(fixture.directory.path())
        },
    ] {
        let fetcher = GitFetcher::new(limited).unwrap();
        let error = fetcher
            .fetch(&request, &revision, &cancel)
            .await
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::SourceFailed, "{error:?}");
        assert!(!error.is_retryable());
    }
    let fetcher = GitFetcher::new(GitOptions {
        file_bytes_max: 100_000,
        ..options(fixture.directory.path())
    })
    .unwrap();
    let local = crate::request(&format!("file://{}", fixture.repository.path.display()));
    let tree = fetcher.fetch(&local, &revision, &cancel).await.unwrap();
    let error = tree.read_file("zeros", 10).await.unwrap_err();
    assert!(error.message().contains("larger than"), "{error:?}");
}

#[tokio::test]
async fn configuration_hooks_filters_and_attributes_of_a_repository_run_nothing() {
    let fixture = Fixture::new();
    let pwned = fixture.directory.path().join("pwned");
    let run = format!("touch {}", pwned.display());
    for (key, value) in [
        ("core.fsmonitor", run.as_str()),
        ("core.sshCommand", &run),
        ("core.hooksPath", "hooks"),
        ("filter.evil.smudge", &run),
        ("filter.evil.process", &run),
        ("diff.evil.textconv", &run),
        ("credential.helper", &format!("!{run}")),
        ("uploadpack.packObjectsHook", &run),
        ("include.path", "/etc/passwd"),
    ] {
        let local = fixture.repository.path.join(".git/config");
        let mut config = std::fs::read_to_string(&local).unwrap();
        let (section, name) = key.rsplit_once('.').unwrap();
        let section = section
            .split_once('.')
            .map_or(section.to_owned(), |(first, second)| {
                format!("{first} \"{second}\"")
            });
        writeln!(config, "[{section}]\n\t{name} = \"{value}\"").unwrap();
        std::fs::write(&local, config).unwrap();
    }
    fixture
        .repository
        .write("hooks/post-checkout", format!("#!/bin/sh\n{run}\n"));
    fixture.repository.write(
        ".gitattributes",
        "* filter=evil diff=evil text eol=crlf ident\n",
    );
    fixture.repository.write("text", "$Id$\n");
    let tree = fixture.repository.path.join("hooks/post-checkout");
    std::fs::set_permissions(tree, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // The commit is made by a git that does not read the poisoned configuration.
    let blob = fixture.repository.path.join(".git/config");
    let poisoned = std::fs::read_to_string(&blob).unwrap();
    std::fs::write(&blob, "[core]\n\trepositoryformatversion = 0\n").unwrap();
    fixture.repository.commit("Attributes");
    std::fs::write(&blob, poisoned).unwrap();
    for url in [format!("file://{}", fixture.repository.path.display())] {
        let tree = fixture.fetch(&request(&url)).await.unwrap();
        assert_eq!(read(&tree, "text").await.as_deref(), Some("$Id$\n"));
        let target = fixture.directory.path().join("out");
        std::fs::create_dir(&target).unwrap();
        tree.write_to(&target).await.unwrap();
        context(&tree).await.unwrap();
        assert_eq!(
            std::fs::read_to_string(target.join("text")).unwrap(),
            "$Id$\n"
        );
    }
    assert!(!pwned.exists());
}
