//! Credentials: they go in and never come out.

use dokploy_core::id::ProjectId;
use serde_json::{Value, json};

use super::client::Answer;
use super::world::{Person, SECRET, Scene};

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

fn token(project: Option<ProjectId>, name: &str) -> Value {
    let secret = json!({"token": {"token": SECRET}});
    json!({"projectId": project, "kind": "git", "name": name, "host": "git.example.com", "secret": secret})
}

/// The names of the credentials that somebody is shown.
async fn listed(scene: &Scene, who: &Person, project: Option<ProjectId>) -> Vec<String> {
    let query = project.map_or(String::new(), |project| format!("?projectId={project}"));
    let path = format!("/api/credentials{query}");
    let list = scene.world.get(&path, who).send().await.expect(200);
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    list["items"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test]
async fn a_project_has_credentials_of_its_own_and_the_installation_has_others() {
    let scene = Scene::new().await;
    let second = scene.world.project(&scene.developer, "blog", None).await;
    for (who, project, name) in [
        (&scene.admin, None, "shared"),
        (&scene.developer, Some(second), "blogs"),
    ] {
        let call = scene
            .world
            .post("/api/credentials", who, &token(project, name));
        let made = call.send().await.expect(201);
        assert_eq!(made.get("projectId"), project.map(|id| json!(id)).as_ref());
    }
    for (who, project, names) in [
        (&scene.admin, None, &["blogs", "shared", "forge"][..]),
        (&scene.admin, Some(second), &["blogs"]),
        (&scene.developer, None, &["blogs", "forge"]),
        (&scene.developer, Some(second), &["blogs"]),
        (&scene.developer, Some(scene.project), &["forge"]),
        (&scene.stranger, None, &[]),
    ] {
        assert_eq!(listed(&scene, who, project).await, names, "{project:?}");
    }
    // One of the installation is for administrators to make, and its name may be taken in a project.
    scene
        .world
        .post("/api/credentials", &scene.developer, &token(None, "own"))
        .send()
        .await
        .problem(403, "permission_denied");
    scene
        .world
        .post("/api/credentials", &scene.admin, &token(None, "forge"))
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn credentials_of_a_foreign_project_are_those_of_none() {
    let scene = Scene::new().await;
    let ask = async |project: ProjectId| {
        let path = format!("/api/credentials?projectId={project}");
        let listed = scene.world.get(&path, &scene.stranger).send().await;
        let body = token(Some(project), "mine");
        let call = scene.world.post("/api/credentials", &scene.stranger, &body);
        let seen = |answer: &Answer| {
            let detail = answer.problem(404, "not_found")["detail"].clone();
            detail.as_str().unwrap().replace(&project.to_string(), "")
        };
        [seen(&listed), seen(&call.send().await)]
    };
    assert_eq!(ask(scene.project).await, ask(ProjectId::new()).await);
    assert_eq!(
        listed(&scene, &scene.developer, Some(scene.project)).await,
        ["forge"]
    );
    for project in ["", "web", "1"] {
        let path = format!("/api/credentials?projectId={project}");
        let answer = scene.world.get(&path, &scene.developer).send().await;
        answer.wrong("projectId");
    }
}
