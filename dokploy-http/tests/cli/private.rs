//! A private repository over http.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::place::{Place, finish};
use dokploy_tests::git_server::{Behavior, Server};

const TOKEN: &str = "a-token-that-nobody-may-see";

#[test]
fn a_private_repository_is_deployed_with_a_token_that_is_kept_and_never_shown() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("private");
    let server = Server::start(repository.path());
    let expected = STANDARD.encode(format!("x-access-token:{TOKEN}"));
    server.behave(Behavior::Require(format!("Basic {expected}")));
    let url = server.url(".git");

    let refused = place.deploy(&url, &[]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(
        refused.output.contains("code       unauthenticated"),
        "{refused:?}"
    );

    let mut command = place.command(&place.deployment(&url, &["--token-env", "GIT_TOKEN"]));
    command.env("GIT_TOKEN", TOKEN);
    let deployed = finish(&mut command);
    assert_eq!(deployed.code, 0, "{deployed:?}");

    // The token was stored, sealed, for this application.
    let again = place.run(&["deploy", "--name", &place.name, "--force", "--json"]);
    assert_eq!(again.code, 0, "{again:?}");
    for shown in [&deployed.output, &deployed.complaints, &again.output] {
        assert!(
            !shown.contains(TOKEN) && !shown.contains(&expected),
            "{shown}"
        );
    }
    assert_eq!(files_with(&place.path().join("data"), TOKEN), [""; 0]);

    let wrong = place.path().join("token");
    std::fs::write(&wrong, "another-token").unwrap();
    let replaced = place.run(&[
        "deploy",
        "--name",
        &place.name,
        "--token-file",
        wrong.to_str().unwrap(),
    ]);
    assert_eq!(replaced.code, 1, "{replaced:?}");
}

/// Files below a directory that hold a text.
pub(crate) fn files_with(directory: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if std::fs::read(&path)
            .unwrap()
            .windows(text.len())
            .any(|window| window == text.as_bytes())
        {
            found.push(path.display().to_string());
        }
    }
    found
}
