//! Ctrl-C, termination and time limits.

use crate::place::{Place, json_lines};

const SLOW_BUILD: &str = "RUN echo the build runs && sleep 30\n";

#[test]
fn the_first_ctrl_c_cancels_and_says_what_goes_on() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    place.commit_dockerfile(&repository, "slow", SLOW_BUILD);
    let url = repository.url();
    let mut started = place.start(&place.deployment(&url, &[]));
    started.wait_for("the build runs");
    started.signal("INT");
    started.wait_for("Ctrl-C again leaves it unfinished");
    let ended = started.finish();
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.output.contains("– cancelled"), "{ended:?}");
}

#[test]
fn a_termination_leaves_it_and_the_next_command_goes_on() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    let url = repository.url();
    let port = place.free_port();
    let publish = format!("host:{port}:8080");
    // A rollout that takes its time, so that there is something to leave.
    let arguments = place.deployment(&url, &["--publish", &publish, "--monitor", "20s", "--json"]);
    let mut started = place.start(&arguments);
    let output = started.wait_for("\"monitoring\":");
    started.signal("TERM");
    let ended = started.finish();
    assert_eq!(ended.code, 143, "{ended:?}");
    let id = json_lines(&output)[0]["deploymentId"]
        .as_str()
        .unwrap()
        .to_owned();
    let table = place.succeed(&["ps"]);
    assert!(
        table.contains("deploying") && table.contains(&format!("dokploy logs --follow {id}")),
        "{table}"
    );
    let followed = place.run(&["logs", "--follow", &id]);
    assert_eq!(followed.code, 0, "{followed:?}");
    assert_eq!(place.page(port).unwrap(), "hello");
}

#[test]
fn the_second_ctrl_c_leaves_the_cancellation_to_the_next_command() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("one");
    let url = repository.url();
    let port = place.free_port();
    let publish = format!("host:{port}:8080");
    // Restoring takes as long as the release that is restored has to be watched.
    let arguments = ["--publish", &publish, "--monitor", "5s"];
    assert_eq!(place.deploy(&url, &arguments).code, 0);
    place.commit(&repository, "two", crate::place::SERVE);
    let mut started = place.start(&["deploy", "--name", &place.name, "--json"]);
    let output = started.wait_for("\"monitoring\":");
    started.signal("INT");
    started.wait_for("the previous release is restored first; Ctrl-C again leaves it unfinished");
    started.signal("INT");
    let ended = started.finish();
    assert_eq!(ended.code, 130, "{ended:?}");
    let id = json_lines(&output)[0]["deploymentId"]
        .as_str()
        .unwrap()
        .to_owned();
    let followed = place.run(&["logs", "--follow", &id]);
    assert_eq!(followed.code, 4, "{followed:?}");
    assert_eq!(place.page(port).unwrap(), "one");
}

#[test]
fn who_waits_no_longer_than_asked_exits_with_7_and_can_cancel_later() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    place.commit_dockerfile(&repository, "slow", SLOW_BUILD);
    let ended = place.deploy(&repository.url(), &["--timeout", "3s"]);
    assert_eq!(ended.code, 7, "{ended:?}");
    assert!(
        ended.output.contains("the time to wait has passed"),
        "{ended:?}"
    );
    let cancelled = place.run(&["cancel", &place.name]);
    assert_eq!(cancelled.code, 0, "{cancelled:?}");
    assert!(cancelled.output.contains("– cancelled"), "{cancelled:?}");
    let again = place.run(&["cancel", &place.name]);
    assert_eq!(again.code, 8, "{again:?}");
}

#[test]
fn a_waiting_deployment_whose_place_is_taken_exits_with_5() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    place.commit_dockerfile(&repository, "slow", "RUN echo the build runs && sleep 6\n");
    let url = repository.url();
    let mut first = place.start(&place.deployment(&url, &[]));
    first.wait_for("the build runs");
    let mut second = place.start(&["deploy", "--name", &place.name]);
    second.wait_for("Deploying");
    let mut third = place.start(&["deploy", "--name", &place.name]);
    third.wait_for("Deploying");
    let second = second.finish();
    assert_eq!(second.code, 5, "{second:?}");
    assert!(second.output.contains("took its place"), "{second:?}");
    first.signal("INT");
    third.signal("INT");
    assert_eq!(first.finish().code, 4);
    third.finish();
}
