//! What is wrong is named, with what is expected, and ends with the code for it. Nothing is stored.

use crate::place::{Place, finish, json_lines};

/// Runs with some variables and expects one line of complaint, and perhaps what to do.
fn complaint(place: &Place, variables: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
    let mut command = place.command(arguments);
    command.envs(variables.iter().copied());
    let ended = finish(&mut command);
    assert_eq!(ended.output, "", "{ended:?}");
    let mut lines = ended.complaints.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    assert!(lines.all(|line| line.starts_with("  ")), "{ended:?}");
    (ended.code, first)
}

#[test]
fn a_variable_that_cannot_be_used_stops_with_one_line_that_names_it() {
    let place = Place::without_an_engine();
    let cases = [
        (
            "DOKPLOY_DEPLOY_RATE",
            "fast",
            "DOKPLOY_DEPLOY_RATE is \"fast\": a number from 1 to 600000 in a minute is expected, as in 10/min",
        ),
        (
            "DOKPLOY_DEPLOY_CONCURRENCY",
            "-1",
            "DOKPLOY_DEPLOY_CONCURRENCY is \"-1\": a number from 1 to 1000 is expected",
        ),
        (
            "DOKPLOY_ALLOW_FILE_SOURCES",
            "maybe",
            "DOKPLOY_ALLOW_FILE_SOURCES is \"maybe\": true or false is expected",
        ),
        (
            "DOKPLOY_LOG_FORMAT",
            "xml",
            "DOKPLOY_LOG_FORMAT is \"xml\": text or json is expected",
        ),
        ("DOKPLOY_SECRET_KEY", "aHVudGVyMg==", "DOKPLOY_SECRET_KEY: "),
        (
            "DATABASE_URL",
            "mysql://u:hunter2@h/d",
            "DATABASE_URL: begins with neither sqlite:// nor postgres://",
        ),
        (
            "REDIS_URL",
            "http://:hunter2@h",
            "REDIS_URL: has no scheme that is known",
        ),
        (
            "DOCKER_HOST",
            "carrier-pigeon://x",
            "DOCKER_HOST: carrier-pigeon://x has a scheme that is not supported",
        ),
    ];
    for (name, value, expected) in cases {
        let (code, line) = complaint(&place, &[(name, value)], &["ps"]);
        assert_eq!(code, 2, "{name}: {line}");
        assert!(
            line.starts_with(&format!("error: {expected}")),
            "{name}: {line}"
        );
        assert!(
            !line.contains("hunter2") && !line.contains("aHVudGVyMg"),
            "{line}"
        );
    }
}

#[test]
fn a_key_that_is_given_twice_or_that_others_can_read_is_refused() {
    let place = Place::without_an_engine();
    let file = place.path().join("key");
    let path = file.to_str().unwrap();
    let both = [
        ("DOKPLOY_SECRET_KEY", "x"),
        ("DOKPLOY_SECRET_KEY_FILE", path),
    ];
    let (code, line) = complaint(&place, &both, &["ps"]);
    assert_eq!(
        (code, line.contains("only one of them is expected")),
        (2, true),
        "{line}"
    );
    std::fs::write(&file, "not a key").unwrap();
    let (code, line) = complaint(&place, &[("DOKPLOY_SECRET_KEY_FILE", path)], &["ps"]);
    assert_eq!(
        (code, line.contains("others may use it")),
        (8, true),
        "{line}"
    );
}

#[test]
fn the_wrong_key_is_noticed_before_anything_is_done() {
    let place = Place::without_an_engine();
    place.succeed(&["ps"]);
    std::fs::remove_file(place.path().join("data/secret.key")).unwrap();
    let (code, line) = complaint(&place, &[], &["ps"]);
    assert_eq!(code, 2, "{line}");
    assert!(
        line.contains("DOKPLOY_SECRET_KEY: is the wrong key"),
        "{line}"
    );
}

#[test]
fn a_data_directory_that_cannot_be_used_says_so() {
    let place = Place::without_an_engine();
    std::fs::write(place.path().join("file"), "").unwrap();
    let (code, line) = complaint(&place, &[], &["ps", "--data-dir", "file/data"]);
    assert_eq!(code, 6, "{line}");
    assert!(
        line.contains("the data directory file/data cannot be used"),
        "{line}"
    );
}

#[test]
fn the_generated_key_and_its_directory_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::without_an_engine();
    place.succeed(&["migrate"]);
    place.succeed(&["ps"]);
    let mode = |name: &str| {
        let metadata = std::fs::metadata(place.path().join(name)).unwrap();
        metadata.permissions().mode() & 0o777
    };
    assert_eq!((mode("data"), mode("data/secret.key")), (0o700, 0o600));
}

#[test]
fn wrong_input_exits_with_2_and_says_what_is_wrong() {
    let place = Place::without_an_engine();
    let cases: [(&[&str], &str); 14] = [
        (&["deploy", "./missing"], "source: ./missing does not exist"),
        (&["deploy", ""], "source: is empty"),
        (&["deploy", "/"], "name: cannot be derived from the source"),
        (
            &["deploy", "file:///srv/web.git"],
            "file:// repositories are not allowed",
        ),
        (
            &["deploy", "nginx", "--commit", "abc"],
            "commitSha: is not 40 hexadecimal digits",
        ),
        (
            &["deploy", "nginx", "--secret", "TOKEN"],
            "--secret TOKEN: the variable TOKEN is not set",
        ),
        (
            &["deploy", "nginx", "--secret", "T=@missing"],
            "--secret T: the file missing cannot be read",
        ),
        (
            &["deploy", "nginx", "--secret", "=hunter2"],
            "--secret: a name is expected before =",
        ),
        (
            &["deploy", "https://h/web", "--token-env", "TOKEN"],
            "--token-env: the variable TOKEN is not set",
        ),
        (
            &["deploy", "https://h/web", "--token-user", "me"],
            "--token-user needs --token-env or --token-file",
        ),
        (
            &["deploy", "git@h:web", "--ssh-key-file", "missing"],
            "--ssh-key-file: the file missing cannot be read",
        ),
        (
            &["rollback", "web", "--to", "latest"],
            "id: is not the id of a release",
        ),
        (
            &["plan", "https://h/web", "--name", "Not A Name"],
            "name: is not 1 to 40 lower-case letters",
        ),
        (
            &["plan", "ext::sh"],
            "image: is not the reference of an image",
        ),
    ];
    for (arguments, expected) in cases {
        let (code, line) = complaint(&place, &[], arguments);
        assert_eq!(code, 2, "{arguments:?}: {line}");
        assert!(line.contains(expected), "{arguments:?}: {line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
    assert_eq!(
        place.succeed(&["ps"]),
        "no applications; `dokploy deploy` makes one\n"
    );
}

#[test]
fn what_does_not_exist_exits_with_8() {
    let place = Place::without_an_engine();
    let unknown = "0198f000-0000-7000-8000-000000000000";
    for arguments in [
        &["releases", "web"][..],
        &["logs", "web"],
        &["cancel", "web"],
        &["rm", "web"],
        &["logs", unknown],
        &["cancel", unknown],
        &["logs", "--follow", unknown],
    ] {
        let (code, line) = complaint(&place, &[], arguments);
        assert_eq!(code, 8, "{arguments:?}: {line}");
        assert!(line.contains("does not exist"), "{arguments:?}: {line}");
    }
}

#[test]
fn an_engine_that_does_not_answer_exits_with_6_and_stores_nothing() {
    let place = Place::without_an_engine();
    for arguments in [
        &["deploy", "nginx"][..],
        &["rollback", "web"],
        &["plan", "nginx"],
    ] {
        let (code, line) = complaint(&place, &[], arguments);
        assert_eq!(code, 6, "{arguments:?}: {line}");
    }
    assert_eq!(
        place.succeed(&["ps"]),
        "no applications; `dokploy deploy` makes one\n"
    );
}

#[test]
fn a_database_that_does_not_answer_exits_with_6_and_hides_its_password() {
    let place = Place::without_an_engine();
    let url = [(
        "DATABASE_URL",
        "postgres://user:hunter2@127.0.0.1:1/dokploy",
    )];
    for command in ["ps", "migrate"] {
        let (code, line) = complaint(&place, &url, &[command]);
        assert_eq!(code, 6, "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[test]
fn an_error_is_a_result_in_json_too() {
    let place = Place::without_an_engine();
    let ended = place.run(&["deploy", "./missing", "--json"]);
    let lines = json_lines(&ended.output);
    assert_eq!(
        (ended.code, lines.len(), ended.complaints.as_str()),
        (2, 1, "")
    );
    assert_eq!(lines[0]["exitCode"], 2);
    assert_eq!(lines[0]["error"]["code"], "invalid_spec");
    assert_eq!(lines[0]["error"]["violations"][0]["field"], "source");
}

#[test]
fn the_help_names_the_commands_and_the_exit_codes() {
    let place = Place::without_an_engine();
    let help = place.succeed(&["--help"]);
    assert!(
        help.contains("Exit codes:") && help.contains("130"),
        "{help}"
    );
    for command in [
        "serve", "openapi", "deploy", "rollback", "logs", "ps", "cancel", "plan", "migrate",
    ] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
    }
    assert!(place.succeed(&["--version"]).starts_with("dokploy "));
}
