//! The commands on a real engine.

use serde_json::Value;

use crate::place::{Place, SERVE, finish, json_lines};

#[test]
fn a_repository_becomes_a_service_that_answers() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    let url = repository.url();
    let port = place.free_port();
    let publish = format!("host:{port}:8080");
    let ended = place.deploy(&url, &["--publish", &publish, "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(place.page(port).unwrap(), "hello");

    let lines = json_lines(&ended.output);
    assert_eq!(lines[0]["type"], "application");
    assert!(
        lines
            .iter()
            .any(|line| line["type"] == "log" && line["step"] == "build_image")
    );
    let result = lines.last().unwrap();
    assert_eq!(
        (&result["type"], &result["exitCode"]),
        (&Value::from("result"), &Value::from(0))
    );
    assert_eq!(result["deployment"]["status"], "success");

    let table = place.succeed(&["ps"]);
    assert!(
        table.contains(&format!("default/{}", place.name)) && table.contains("1/1 healthy"),
        "{table}"
    );
    let releases = place.succeed(&["releases", &place.name]);
    assert!(releases.contains("current"), "{releases}");
    let id = result["deployment"]["id"].as_str().unwrap();
    let log = place.succeed(&["logs", id]);
    assert!(
        log.contains("COPY index.html") || log.contains("index.html"),
        "{log}"
    );
    assert_eq!(
        place.succeed(&["logs", id, "--tail", "1"]).lines().count(),
        1
    );
}

#[test]
fn deploying_again_changes_only_what_is_said() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    assert_eq!(
        place
            .deploy(&repository.url(), &["--replicas", "2", "--env", "A=1"])
            .code,
        0
    );
    assert_eq!(place.seen()["healthy"], 2);
    let unchanged = place.succeed(&["deploy", "--name", &place.name, "--quiet"]);
    assert!(unchanged.contains("nothing has changed"), "{unchanged}");
    let plan = place.succeed(&["plan", "--name", &place.name, "--env", "B=2", "--json"]);
    let plan = &json_lines(&plan)[0]["plan"];
    assert_eq!(
        (&plan["action"], &plan["restarts"]),
        (&Value::from("update"), &Value::from(2))
    );
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "{plan}");
    place.succeed(&[
        "deploy",
        "--name",
        &place.name,
        "--env",
        "B=2",
        "--replicas",
        "1",
    ]);
    let seen = place.seen();
    assert_eq!(
        (&seen["replicas"], &seen["healthy"]),
        (&Value::from(1), &Value::from(1))
    );
}

#[test]
fn a_plan_changes_nothing() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    let url = repository.url();
    let mut arguments = place.deployment(&url, &["--replicas", "2"]);
    arguments[0] = "plan";
    let shown = place.succeed(&arguments);
    assert!(
        shown.contains("would be created") && shown.contains("2 tasks"),
        "{shown}"
    );
    assert!(shown.contains("no health check"), "{shown}");
    assert_eq!(
        place.succeed(&["ps"]),
        "no applications; `dokploy deploy` makes one\n"
    );
    let mirrors = std::fs::read_dir(place.path().join("data/mirrors"));
    assert_eq!(
        mirrors.map_or(0, Iterator::count),
        0,
        "a mirror was left behind"
    );
}

#[test]
fn a_directory_and_its_next_state_are_deployed_without_a_repository() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    let directory = repository.path().to_str().unwrap();
    let port = place.free_port();
    let publish = format!("host:{port}:8080");
    assert_eq!(place.deploy(directory, &["--publish", &publish]).code, 0);
    repository.write("index.html", "changed").unwrap();
    assert_eq!(place.deploy(directory, &[]).code, 0);
    assert_eq!(place.page(port).unwrap(), "changed");
}

#[test]
fn a_build_that_fails_exits_with_1_and_shows_its_output_once() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    place.commit_dockerfile(&repository, "broken", "RUN echo about to fail && exit 3\n");
    let ended = place.deploy(&repository.url(), &[]);
    assert_eq!(ended.code, 1, "{ended:?}");
    for expected in [
        "✘ failed",
        "step       build image",
        "code       build_failed",
        "next  ",
    ] {
        assert!(
            ended.output.contains(expected),
            "{expected}: {}",
            ended.output
        );
    }
    let shown = ended
        .output
        .lines()
        .filter(|line| line.ends_with("about to fail"))
        .count();
    assert_eq!(shown, 1, "{}", ended.output);
}

#[test]
fn a_broken_commit_exits_with_3_and_a_rollback_brings_the_release_before() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("one");
    let port = place.free_port();
    let publish = format!("host:{port}:8080");
    assert_eq!(
        place
            .deploy(&repository.url(), &["--publish", &publish])
            .code,
        0
    );
    place.commit(&repository, "two", SERVE);
    place.succeed(&["deploy", "--name", &place.name]);
    assert_eq!(place.page(port).unwrap(), "two");

    place.commit(
        &repository,
        "three",
        r#"["sh", "-c", "echo cannot find the database; exit 7"]"#,
    );
    let ended = place.run(&["deploy", "--name", &place.name]);
    assert_eq!(ended.code, 3, "{ended:?}");
    for expected in [
        "✘ rolled_back",
        "step       await healthy",
        "| cannot find the database",
        "the previous release",
    ] {
        assert!(
            ended.output.contains(expected),
            "{expected}: {}",
            ended.output
        );
    }
    assert_eq!(place.page(port).unwrap(), "two");

    place.succeed(&["rollback", &place.name]);
    assert_eq!(place.page(port).unwrap(), "one");
    let refused = place.run(&["rollback", &place.name]);
    assert_eq!(refused.code, 8, "{refused:?}");
    assert!(
        refused.complaints.contains("no release to go back to"),
        "{refused:?}"
    );
}

#[test]
fn a_source_that_cannot_be_had_fails_before_anything_is_touched() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    let ended = place.deploy(&repository.url(), &["--branch", "nowhere"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended.output.contains("nowhere") && ended.output.contains("the service was not touched"),
        "{ended:?}"
    );
}

#[test]
fn another_source_needs_to_be_asked_for_by_name() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let mine = place.path().join("one").join(&place.name);
    let other = place.path().join("two").join(&place.name);
    for directory in [&mine, &other] {
        std::fs::create_dir_all(directory).unwrap();
        std::fs::write(directory.join("Dockerfile"), "FROM scratch\n").unwrap();
    }
    // It cannot run, but the application is there.
    place.run(&["deploy", mine.to_str().unwrap(), "--monitor", "500ms"]);
    let ended = place.run(&["deploy", other.to_str().unwrap()]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.complaints.contains("is deployed from"), "{ended:?}");
    assert!(ended.complaints.contains("another --name"), "{ended:?}");
}

#[test]
fn secrets_reach_the_application_and_nothing_that_is_written_down() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    let page = r#"["sh", "-c", "echo $TOKEN > /www/index.html; cat /run/secrets/KEY >> /www/index.html; echo $TOKEN; exec httpd -f -p 8080 -h /www"]"#;
    place.commit(&repository, "secrets", page);
    let key = place.path().join("key");
    std::fs::write(&key, "from-the-file\n").unwrap();
    let key = format!("KEY=@{}", key.display());
    let port = place.free_port();
    let publish = format!("host:{port}:8080");
    let url = repository.url();
    let mut command = place.command(&place.deployment(
        &url,
        &[
            "--publish",
            &publish,
            "--secret",
            "TOKEN",
            "--secret-file",
            &key,
        ],
    ));
    command.env("TOKEN", "from-the-environment");
    let ended = finish(&mut command);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        place.page(port).unwrap(),
        "from-the-environment\nfrom-the-file"
    );
    for secret in ["from-the-environment", "from-the-file"] {
        assert!(!ended.output.contains(secret), "{}", ended.output);
        let ended = place.run(&["ps", "--json"]);
        assert!(!ended.output.contains(secret), "{}", ended.output);
        assert_eq!(
            crate::private::files_with(&place.path().join("data"), secret),
            [""; 0]
        );
    }
}

#[test]
fn an_application_is_removed_with_its_service() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    assert_eq!(place.deploy(&repository.url(), &[]).code, 0);
    let removed = place.succeed(&["rm", &place.name]);
    assert_eq!(removed, format!("removed default/{}\n", place.name));
    assert_eq!(
        place.succeed(&["ps"]),
        "no applications; `dokploy deploy` makes one\n"
    );
}
