//! The whole document, tried out on a server that runs: data that it allows and data that it forbids, on ids that
//! nothing has and on what the requests before have made.

use std::collections::BTreeSet;
use std::path::Path;

use dokploy_tests::environment::{Environment, require};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::server::Server;

const SETTINGS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/program/schemathesis.toml"
);
/// Requests for each operation that are made up, in each round.
const EXAMPLES: usize = 8;

/// What has to be among what was done, so that it was more than refused requests.
const DONE: [&str; 12] = [
    "project.create",
    "project.update",
    "application.create",
    "application.update",
    "application.delete",
    "environment.update",
    "database.create",
    "credential.create",
    "team.create",
    "token.create",
    "user.create",
    "user.update",
];

/// Makes one of everything, and writes down beside the settings what there is.
async fn furnish(server: &Server, directory: &Path) {
    std::fs::copy(SETTINGS, directory.join("schemathesis.toml")).unwrap();
    let make = async |kind: &str, body: Value| {
        let made = server.post(&format!("/api/{kind}"), &body).await;
        let id = made["id"].as_str().unwrap().to_owned();
        std::fs::write(directory.join(kind), format!("\"{id}\"\n")).unwrap();
        id
    };
    let team = make("teams", json!({"name": "crew"})).await;
    let project = make("projects", json!({"name": "shop", "teamId": team})).await;
    // Nothing that is deployed here ever starts: there is no such registry.
    let image = "registry.invalid/web:1";
    let application = json!({"projectId": project, "name": "web", "image": image});
    let application = make("applications", application).await;
    let database = json!({"projectId": project, "name": "orders", "engine": "redis"});
    make("databases", database).await;
    let secret = json!({"token": {"token": "hunter2"}});
    let credential = json!({"projectId": project, "kind": "git", "name": "forge", "host": "git.example.com", "secret": secret});
    make("credentials", credential).await;
    let user = json!({"username": "dora", "password": "correct horse", "role": "developer"});
    make("users", user).await;
    let deployment = server
        .post(
            &format!("/api/applications/{application}/deploy"),
            &json!({}),
        )
        .await;
    std::fs::write(
        directory.join("deployments"),
        format!("{}\n", deployment["id"]),
    )
    .unwrap();
}

/// Lets the program ask a server everything, and gives what it says.
async fn ask(program: &str, server: &Server, rounds: usize, directory: &Path) -> (bool, String) {
    let settings = directory.join("schemathesis.toml");
    let output = Command::new(program)
        .arg("--config-file")
        .arg(settings)
        .args(["run", "--no-color"])
        .arg(format!("{}/api/openapi.json", server.url))
        .args(["--max-examples", &(EXAMPLES * rounds).to_string()])
        .env("DOKPLOY_TOKEN", &server.token)
        .current_dir(directory)
        .output()
        .await
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// The actions that were carried out.
async fn done(server: &Server) -> BTreeSet<String> {
    let mut actions = BTreeSet::new();
    let mut path = "/api/audit?outcome=done&limit=200".to_owned();
    loop {
        let part = server.get(&path).await;
        for record in part["items"].as_array().unwrap() {
            actions.insert(record["action"].as_str().unwrap().to_owned());
        }
        let Some(cursor) = part["nextCursor"].as_str() else {
            return actions;
        };
        path = format!("/api/audit?outcome=done&limit=200&cursor={cursor}");
    }
}

/// Deletes everything that may have left a trace on the engine.
async fn clear(server: &Server) {
    // The application of a database goes with it, and a project that has none can go.
    for kind in ["databases", "applications", "projects"] {
        let path = format!("/api/{kind}");
        loop {
            let items = server.list(&path).await;
            let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
            for id in items.iter().map(id) {
                server.delete(&format!("{path}/{id}")).await;
            }
            if items.is_empty() {
                break;
            }
        }
    }
}

#[tokio::test]
async fn every_request_is_answered_as_the_document_says() {
    let Some(environment) = Environment::find() else {
        return;
    };
    let Some(program) = require("schemathesis", "DOKPLOY_TEST_SCHEMATHESIS") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(&environment.docker_host).await;
    furnish(&server, directory.path()).await;
    let (is_right, said) = ask(&program, &server, environment.rounds, directory.path()).await;
    assert!(is_right, "{said}\n{}", server.log());

    let done = done(&server).await;
    let missing: Vec<_> = DONE
        .iter()
        .filter(|&&action| !done.contains(action))
        .collect();
    assert!(missing.is_empty(), "{missing:?} is missing among {done:?}");
    let verification = server.get("/api/audit/verification").await;
    assert_eq!(verification["intact"], true, "{verification}");
    clear(&server).await;
    assert_eq!(server.get("/readyz").await["status"], "ready");
    assert!(server.stop().await.success());
    let log = server.log();
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "{log}");
}
