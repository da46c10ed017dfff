//! Credentials: they go in and never come out.

use serde_json::json;

use super::world::{SECRET, Scene};

#[tokio::test]
async fn a_credential_is_stored_named_and_deleted_but_never_shown() {
    let scene = Scene::new().await;
    let secrets = [
        json!({"basic": {"username": "bot", "password": SECRET}}),
        json!({"token": {"token": SECRET}}),
        json!({"sshKey": {"privateKey": SECRET, "hostKeys": ["ssh-ed25519 AAAA"]}}),
    ];
    for (number, secret) in secrets.into_iter().enumerate() {
        let body = json!({"kind": "git", "name": format!("c{number}"), "host": "git.example.com", "secret": secret});
        let made = scene
            .world
            .post("/api/credentials", &scene.admin, &body)
            .send()
            .await;
        assert!(!made.text.contains(SECRET), "{made:?}");
        let shape = made.expect(201);
        let path = format!("/api/credentials/{}", shape["id"].as_str().unwrap());
        let read = scene.world.get(&path, &scene.admin).send().await;
        assert_eq!(read.expect(200), shape);
        scene
            .world
            .delete(&path, &scene.admin)
            .send()
            .await
            .expect(204);
        scene
            .world
            .get(&path, &scene.admin)
            .send()
            .await
            .problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_credential_that_cannot_be_one_is_refused_without_repeating_it() {
    let scene = Scene::new().await;
    let token = json!({"token": {"token": SECRET}});
    for (body, field) in [
        (
            json!({"kind": "git", "name": "", "host": "git.example.com", "secret": token}),
            "name",
        ),
        (
            json!({"kind": "git", "name": "n", "host": "https://git.example.com", "secret": token}),
            "host",
        ),
        (
            json!({"kind": "ftp", "name": "n", "host": "git.example.com", "secret": token}),
            "kind",
        ),
        (
            json!({"kind": "git", "name": "n", "host": "git.example.com", "secret": {"token": {"tokens": SECRET}}}),
            "secret.token.tokens",
        ),
        (
            json!({"kind": "git", "name": "n", "host": "git.example.com", "secret": {"sshKey": {"privateKey": SECRET, "hostKeys": []}}}),
            "hostKeys",
        ),
        (
            json!({"kind": "git", "name": "n", "host": "git.example.com"}),
            "secret",
        ),
    ] {
        let answer = scene
            .world
            .post("/api/credentials", &scene.admin, &body)
            .send()
            .await;
        answer.wrong(field);
        assert!(!answer.text.contains(SECRET), "{answer:?}");
    }
    let occupied = json!({"projectId": scene.project, "kind": "git", "name": "forge", "host": "git.example.com", "secret": token});
    let answer = scene
        .world
        .post("/api/credentials", &scene.admin, &occupied)
        .send()
        .await;
    answer.problem(409, "already_exists");
}
