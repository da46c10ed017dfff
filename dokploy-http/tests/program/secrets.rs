//! Where secrets must not be: in no file that the server writes, its log included.

use reqwest::Method;
use serde_json::{Value, json};

use crate::server::{PASSWORD, Server};

/// What is secret in each of them.
const SECRET: &str = "hunter2-is-the-secret";

/// The requests that bring a secret, in every place that takes one, right and wrong ones.
fn requests(project: &Value, application: &str) -> Vec<(Method, String, Value)> {
    let variable = json!({"key": "TOKEN", "value": SECRET, "secret": true});
    let credential = |secret: Value| json!({"projectId": project, "kind": "git", "name": SECRET.len().to_string(), "host": "git.example.com", "secret": secret});
    let of = |path: &str| format!("/api/applications/{application}{path}");
    vec![
        (Method::PUT, of("/env"), json!({"envVars": [variable]})),
        (
            Method::PUT,
            of("/env"),
            json!({"envVars": [variable, variable]}),
        ),
        (
            Method::PATCH,
            of(""),
            json!({"envVars": [variable], "replicas": -1}),
        ),
        (
            Method::PATCH,
            of(""),
            json!({"buildSecrets": {"npm": SECRET}}),
        ),
        (
            Method::PATCH,
            of(""),
            json!({"buildSecrets": {"npm": {"value": SECRET}}}),
        ),
        (
            Method::POST,
            "/api/credentials".to_owned(),
            credential(json!({"token": {"token": SECRET}})),
        ),
        (
            Method::POST,
            "/api/credentials".to_owned(),
            credential(json!({"token": SECRET})),
        ),
        (
            Method::POST,
            "/api/credentials".to_owned(),
            credential(json!({"basic": {"username": "a", "password": SECRET}})),
        ),
        (
            Method::POST,
            "/api/auth/login".to_owned(),
            json!({"username": "olivia", "password": SECRET}),
        ),
        // People type into the wrong field.
        (
            Method::POST,
            "/api/auth/login".to_owned(),
            json!({"username": SECRET, "password": "wrong horse"}),
        ),
        (
            Method::POST,
            "/api/users".to_owned(),
            json!({"username": "dora", "password": SECRET, "role": "viewer"}),
        ),
        (
            Method::POST,
            "/api/users".to_owned(),
            json!({"username": "dora", "password": SECRET, "role": "king"}),
        ),
        (
            Method::POST,
            format!("/api/webhooks/docker?token={SECRET}"),
            json!({"push_data": {"tag": "1"}, "repository": {"repo_name": "team/web"}}),
        ),
        (Method::POST, of("/deploy"), json!({})),
    ]
}

#[tokio::test]
async fn no_file_and_no_line_of_the_log_holds_a_secret() {
    // No engine is needed to store what it would be told.
    let mut server = Server::start("unix:///nothing.sock").await;
    let project = server.post("/api/projects", &json!({"name": "shop"})).await;
    let body =
        json!({"projectId": project["id"], "name": "web", "image": "registry.invalid/web:1"});
    let application = server.post("/api/applications", &body).await;
    let id = application["id"].as_str().unwrap();
    let mut stored = 0;
    for (method, path, body) in requests(&project["id"], id) {
        let (status, answer) = server.ask(method, &path, Some(&body)).await;
        stored += usize::from(status < 300);
        assert!(status < 500, "{path}: {status} {answer}");
        assert!(!answer.to_string().contains(SECRET), "{path}: {answer}");
    }
    assert!(stored >= 5, "only {stored} of them were stored");
    let env = server.get(&format!("/api/applications/{id}/env")).await;
    assert_eq!(env["envVars"][0]["secret"], true, "{env}");
    let webhook = application["webhookSecret"].as_str().unwrap().to_owned();
    let token = server.token.clone();
    assert!(server.stop().await.success());

    let files = server.files();
    let sees = |text: &str| {
        let holds = |content: &[u8]| {
            content
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        let found = files.iter().filter(|(_, content)| holds(content));
        found
            .map(|(path, _)| path.display().to_string())
            .collect::<Vec<_>>()
    };
    for secret in [SECRET, PASSWORD, &webhook, &token] {
        assert_eq!(sees(secret), [""; 0], "{secret}");
    }
    // It was looked for in the right place.
    assert!(!sees("registry.invalid").is_empty());
    assert!(
        sees("/api/webhooks/docker")
            .iter()
            .any(|path| path.ends_with("log"))
    );
}

#[cfg(unix)]
#[tokio::test]
async fn what_the_server_writes_is_for_nobody_else() {
    use std::os::unix::fs::PermissionsExt as _;

    let server = Server::start("unix:///nothing.sock").await;
    let mut keys = 0;
    for (path, content) in server.files() {
        // 32 bytes in base64.
        let is_key = content.trim_ascii().len() == 44 && content.trim_ascii().ends_with(b"=");
        if is_key {
            keys += 1;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", path.display());
        }
    }
    assert_eq!(keys, 1, "the key was made on the first start");
}
