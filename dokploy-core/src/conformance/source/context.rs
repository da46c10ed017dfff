//! What a build context promises.

use futures::StreamExt;

use super::{
    Member, MemberKind, SourceFixture, bytes_of, fetch, members_of, names_of, soon, whole,
};
use crate::error::ErrorKind;
use crate::source::{ContextRequest, FakeTree};

/// A tree that comes back after a change gives the same bytes: no time and no owner is in them.
pub async fn equal_trees_give_equal_bytes(fixture: &dyn SourceFixture) {
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file("b/2", "2")
        .file("b/1", "1")
        .file("b.txt", "b")
        .file("a", "a");
    let request = fixture.write("main", &tree).await;
    let before = bytes_of(&*fetch(fixture, &request).await, &whole())
        .await
        .expect("it streams");
    fixture
        .write("main", &tree.clone().file("a", "other"))
        .await;
    let request = fixture.write("main", &tree).await;
    let fetched = fetch(fixture, &request).await;
    let after = bytes_of(&*fetched, &whole()).await.expect("it streams");
    assert_eq!(before, after);
    let names = names_of(&*fetched, &whole()).await;
    assert_eq!(names, ["Dockerfile", "a", "b", "b/1", "b/2", "b.txt"]);
}

/// Executables are 755, other files 644, and a link is a link with its very target.
pub async fn the_executable_bit_is_kept_and_links_stay_links(fixture: &dyn SourceFixture) {
    let request = fixture
        .write(
            "main",
            &FakeTree::new()
                .executable("Dockerfile", "FROM scratch")
                .file("plain", "plain")
                .symlink("absolute", "/etc/passwd")
                .symlink("dangling", "no/such/file")
                .symlink("relative", "./plain"),
        )
        .await;
    let members = members_of(&*fetch(fixture, &request).await, &whole()).await;
    let link = |path: &str, target: &str| Member {
        path: path.to_owned(),
        kind: MemberKind::Symlink(target.to_owned()),
        mode: 0o777,
    };
    let file = |path: &str, content: &str, mode: u32| Member {
        path: path.to_owned(),
        kind: MemberKind::File(content.as_bytes().to_vec()),
        mode,
    };
    let expected = [
        file("Dockerfile", "FROM scratch", 0o755),
        link("absolute", "/etc/passwd"),
        link("dangling", "no/such/file"),
        file("plain", "plain", 0o644),
        link("relative", "./plain"),
    ];
    assert_eq!(members, expected);
}

/// `.dockerignore` leaves out files and whole directories, exceptions bring back single ones, and the Dockerfile and the
/// ignore file are always sent.
pub async fn ignored_files_are_left_out(fixture: &dyn SourceFixture) {
    let request = fixture
        .write(
            "main",
            &FakeTree::new()
                .file(
                    ".dockerignore",
                    "# all but what is named\n*\n!src\n!deep/**/keep\nsrc/*.log\n",
                )
                .file("Dockerfile", "FROM scratch")
                .file("README.md", "")
                .file("src/main.c", "")
                .file("src/debug.log", "")
                .file("src/sub/debug.log", "")
                .file("deep/a/b/keep", "")
                .file("deep/a/b/lose", "")
                .file("deep/z/lose", ""),
        )
        .await;
    let names = names_of(&*fetch(fixture, &request).await, &whole()).await;
    let expected = [
        ".dockerignore",
        "Dockerfile",
        "deep",
        "deep/a",
        "deep/a/b",
        "deep/a/b/keep",
        "src",
        "src/main.c",
        "src/sub",
        "src/sub/debug.log",
    ];
    assert_eq!(names, expected);
}

/// `<dockerfile>.dockerignore` replaces `.dockerignore`, and a broken line is an `invalid_spec` that names it.
pub async fn the_ignore_file_of_the_dockerfile_wins(fixture: &dyn SourceFixture) {
    let tree = FakeTree::new()
        .file(".dockerignore", "a\n")
        .file("docker/prod", "FROM scratch")
        .file("docker/prod.dockerignore", "b\ndocker\n")
        .file("docker/other", "FROM scratch")
        .file("docker/broken", "FROM scratch")
        .file("docker/broken.dockerignore", "ok\n[\n")
        .file("a", "")
        .file("b", "");
    let request = fixture.write("main", &tree).await;
    let fetched = fetch(fixture, &request).await;
    let with = |dockerfile: &str| ContextRequest {
        dockerfile: dockerfile.to_owned(),
        ..whole()
    };
    let names = names_of(&*fetched, &with("docker/prod")).await;
    let expected = [
        ".dockerignore",
        "a",
        "docker",
        "docker/prod",
        "docker/prod.dockerignore",
    ];
    assert_eq!(names, expected);
    let names = names_of(&*fetched, &with("docker/other")).await;
    assert!(
        !names.contains(&"a".to_owned()) && names.contains(&"b".to_owned()),
        "{names:?}"
    );
    let error = bytes_of(&*fetched, &with("docker/broken"))
        .await
        .expect_err("a line is broken");
    assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
    assert!(
        error
            .message()
            .contains("docker/broken.dockerignore: line 2"),
        "{error:?}"
    );
}

/// Names, the Dockerfile and the ignore file are relative to the directory asked for.
pub async fn a_subdirectory_can_be_the_context(fixture: &dyn SourceFixture) {
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM wrong")
        .file(".dockerignore", "*")
        .file("apps/web/Dockerfile", "FROM scratch")
        .file("apps/web/.dockerignore", "secret\n")
        .file("apps/web/secret", "")
        .file("apps/web/index.html", "");
    let request = fixture.write("main", &tree).await;
    let fetched = fetch(fixture, &request).await;
    for directory in ["apps/web", "./apps/web/", "apps//web"] {
        let request = ContextRequest {
            directory: directory.to_owned(),
            dockerfile: "./Dockerfile".to_owned(),
            ..whole()
        };
        let names = names_of(&*fetched, &request).await;
        assert_eq!(
            names,
            [".dockerignore", "Dockerfile", "index.html"],
            "{directory}"
        );
    }
}

/// Each is `invalid_spec` on its own field, with a hint that names what is there.
pub async fn a_missing_directory_or_dockerfile_is_an_invalid_spec(fixture: &dyn SourceFixture) {
    let tree = FakeTree::new()
        .file("apps/web/dockerfile", "FROM scratch")
        .file("apps/api/x", "")
        .symlink("link", "apps")
        .file("README.md", "");
    let request = fixture.write("main", &tree).await;
    let fetched = fetch(fixture, &request).await;
    let table = [
        ("nowhere", "Dockerfile", "context", "apps"),
        ("apps/shop/deep", "Dockerfile", "context", "web"),
        ("README.md", "Dockerfile", "context", "apps"),
        ("link", "Dockerfile", "context", "apps"),
        ("../x", "Dockerfile", "context", ""),
        ("/etc", "Dockerfile", "context", ""),
        ("apps", "Dockerfile", "dockerfile", "web/dockerfile"),
        ("apps/web", "Dockerfile", "dockerfile", "dockerfile"),
        ("apps/api", "Dockerfile", "dockerfile", ""),
        (".", "apps", "dockerfile", ""),
        (".", "../Dockerfile", "dockerfile", ""),
    ];
    for (directory, dockerfile, field, hint) in table {
        let request = ContextRequest {
            directory: directory.to_owned(),
            dockerfile: dockerfile.to_owned(),
            ..whole()
        };
        let error = bytes_of(&*fetched, &request)
            .await
            .expect_err("it is missing");
        assert_eq!(
            error.kind(),
            ErrorKind::InvalidSpec,
            "{directory} {dockerfile}: {error:?}"
        );
        assert_eq!(
            error.violations()[0].field,
            field,
            "{directory} {dockerfile}: {error:?}"
        );
        assert!(
            error.hint().unwrap_or_default().contains(hint),
            "{directory} {dockerfile}: {error:?}"
        );
    }
}

/// The limit counts every byte of the tar, and the error says what is large.
pub async fn a_context_that_is_too_large_is_an_invalid_spec(fixture: &dyn SourceFixture) {
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file("data/large", vec![1; 200_000])
        .file("zero", "");
    let request = fixture.write("main", &tree).await;
    let fetched = fetch(fixture, &request).await;
    let size = bytes_of(&*fetched, &whole())
        .await
        .expect("it streams")
        .len() as u64;
    let limited = |bytes_max| ContextRequest {
        bytes_max,
        ..whole()
    };
    let exact = bytes_of(&*fetched, &limited(size))
        .await
        .expect("it just fits");
    assert_eq!(exact.len() as u64, size);
    for bytes_max in [size - 1, 100_000, 0] {
        let error = bytes_of(&*fetched, &limited(bytes_max))
            .await
            .expect_err("it is too large");
        assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{error:?}");
        assert!(
            error.message().contains(&bytes_max.to_string()),
            "{error:?}"
        );
    }
    let error = bytes_of(&*fetched, &limited(100_000))
        .await
        .expect_err("it is too large");
    assert!(
        error.hint().unwrap_or_default().contains("data"),
        "{error:?}"
    );
}

/// Names of any length and files larger than a chunk arrive whole; no chunk is large.
pub async fn long_names_and_large_files_arrive_whole_in_bounded_chunks(
    fixture: &dyn SourceFixture,
) {
    let name = "n".repeat(200);
    let deep = format!("{}/{name}", vec!["directory"; 20].join("/"));
    let hundred = "h".repeat(100);
    let target = format!("{deep}/target");
    let large: Vec<u8> = (0..3_000_000_u32)
        .map(|number| number.to_le_bytes()[number as usize % 3])
        .collect();
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file(&deep, "deep")
        .file(&hundred, "hundred")
        .symlink(&name, &target)
        .file("größe/ünï.txt", "text")
        .file("large", &large);
    let request = fixture.write("main", &tree).await;
    let fetched = fetch(fixture, &request).await;
    let mut context = fetched.context(&whole());
    let mut bytes = Vec::new();
    while let Some(chunk) = soon(context.next()).await {
        let chunk = chunk.expect("the context streams to its end");
        assert!(
            !chunk.is_empty() && chunk.len() <= 256 * 1024,
            "a chunk of {} bytes",
            chunk.len()
        );
        bytes.extend_from_slice(&chunk);
    }
    let members = super::unpack(&bytes);
    let find = |path: &str| {
        members
            .iter()
            .find(|member| member.path == path)
            .map(|member| &member.kind)
    };
    assert_eq!(find(&deep), Some(&MemberKind::File(b"deep".to_vec())));
    assert_eq!(find(&hundred), Some(&MemberKind::File(b"hundred".to_vec())));
    assert_eq!(find(&name), Some(&MemberKind::Symlink(target)));
    assert_eq!(
        find("größe/ünï.txt"),
        Some(&MemberKind::File(b"text".to_vec()))
    );
    assert!(
        find("large") == Some(&MemberKind::File(large)),
        "the large file is whole"
    );
}

/// A context that nobody reads on can be dropped at any time, and the tree stays usable.
pub async fn a_dropped_context_stops(fixture: &dyn SourceFixture) {
    let tree = FakeTree::new()
        .file("Dockerfile", "FROM scratch")
        .file("large", vec![9; 4 << 20]);
    let request = fixture.write("main", &tree).await;
    let fetched = fetch(fixture, &request).await;
    drop(fetched.context(&whole()));
    let mut context = fetched.context(&whole());
    soon(context.next())
        .await
        .expect("there is a first chunk")
        .expect("it can be read");
    drop(context);
    assert!(
        bytes_of(&*fetched, &whole())
            .await
            .expect("it streams")
            .len()
            > 4 << 20
    );
}
