//! The program is killed at the worst moments, and the next one brings everything to its end.

use crate::place::{Place, json_lines};

/// The id of the deployment that a command announced as JSON.
fn announced(output: &str) -> String {
    let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
    json_lines(whole)[0]["deploymentId"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn killed_in_the_middle_of_a_build_it_is_built_by_the_next_one() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("hello");
    place.commit_dockerfile(
        &repository,
        "survivor",
        "RUN echo the build runs && sleep 3\nCOPY index.html /www/\nCMD [\"httpd\", \"-f\", \"-p\", \"8080\", \"-h\", \"/www\"]\n",
    );
    let url = repository.url();
    let port = place.free_port();
    let publish = format!("host:{port}:8080");
    let mut started = place.start(&place.deployment(&url, &["--publish", &publish, "--json"]));
    let output = started.wait_for("the build runs");
    started.signal("KILL");
    assert_eq!(started.finish().code, -1);

    let followed = place.run(&["logs", "--follow", &announced(&output)]);
    assert_eq!(followed.code, 0, "{followed:?}");
    assert!(
        followed
            .output
            .contains("its worker was lost: another one goes on"),
        "{followed:?}"
    );
    assert_eq!(place.page(port).unwrap(), "survivor");
}

#[test]
fn killed_in_the_middle_of_a_rollout_the_next_deployment_comes_after_it() {
    let Some(place) = Place::on_the_engine() else {
        return;
    };
    let repository = place.repository("one");
    let url = repository.url();
    let port = place.free_port();
    let publish = format!("host:{port}:8080");
    let arguments = place.deployment(&url, &["--publish", &publish, "--monitor", "5s", "--json"]);
    let mut started = place.start(&arguments);
    let output = started.wait_for("\"step\":\"await_healthy\"");
    started.signal("KILL");
    started.finish();

    place.commit(&repository, "two", crate::place::SERVE);
    let ended = place.run(&["deploy", "--name", &place.name, "--monitor", "500ms"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(place.page(port).unwrap(), "two");
    let first = place.run(&["logs", "--follow", &announced(&output)]);
    assert_eq!(
        first.code, 0,
        "the first one ended well before the second began: {first:?}"
    );
    let seen = place.seen();
    assert_eq!(
        (&seen["replicas"], &seen["healthy"]),
        (&1.into(), &1.into())
    );
}
