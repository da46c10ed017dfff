//! Input that wants to be something else.

use serde_json::json;

use super::world::Scene;

#[tokio::test]
async fn names_that_want_to_be_paths_options_or_markup_are_refused() {
    let scene = Scene::new().await;
    for name in [
        "../etc",
        "--privileged",
        "a;b",
        "$(id)",
        "<script>",
        "a\nb",
        "a\u{0}b",
        "ｆｕｌｌ",
        "a\u{202e}b",
        ".",
    ] {
        let answer = scene
            .world
            .post("/api/projects", &scene.developer, &json!({"name": name}))
            .send()
            .await;
        answer.wrong("name");
        let body = json!({"projectId": scene.project, "name": name, "image": "web:1"});
        let answer = scene
            .world
            .post("/api/applications", &scene.developer, &body)
            .send()
            .await;
        answer.wrong("name");
    }
}

#[tokio::test]
async fn sources_on_the_machine_of_the_server_are_refused() {
    let scene = Scene::new().await;
    for url in [
        "file:///etc",
        "/etc",
        "ext::sh -c id",
        "--upload-pack=id",
        "http://127.0.0.1/a.git",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.git",
        "http://[::ffff:127.0.0.1]/a.git",
        "http://u:p@git.example.com/a.git",
    ] {
        let body = json!({"projectId": scene.project, "name": "api", "gitSource": {"repoUrl": url, "branch": "main"}});
        let made = scene
            .world
            .post("/api/applications", &scene.developer, &body)
            .send()
            .await;
        if made.status == 201 {
            // An address is looked at when it is connected to: planning does that.
            let path = format!("/api/applications/{}", made.json()["id"].as_str().unwrap());
            scene
                .world
                .delete(&path, &scene.developer)
                .send()
                .await
                .expect(204);
            continue;
        }
        made.problem(422, "invalid_spec");
    }
}

#[tokio::test]
async fn labels_that_belong_to_the_engine_are_refused() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}");
    for label in ["dokploy.application", "com.docker.swarm.node.id"] {
        let change = json!({"labels": {label: "x"}});
        let answer = scene
            .world
            .patch(&path, &scene.developer, &change)
            .send()
            .await;
        answer.problem(422, "invalid_spec");
    }
}

#[tokio::test]
async fn fields_that_somebody_else_decides_cannot_be_set() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}");
    for field in [
        "id",
        "version",
        "serviceName",
        "status",
        "webhookSecret",
        "currentReleaseId",
        "createdAt",
    ] {
        let change = json!({field: "x"});
        scene
            .world
            .patch(&path, &scene.developer, &change)
            .send()
            .await
            .wrong(field);
    }
    let project = scene.path("/api/projects/{id}");
    let answer = scene
        .world
        .patch(
            &project,
            &scene.developer,
            &json!({"ownerId": scene.stranger.id}),
        )
        .send()
        .await;
    answer.wrong("ownerId");
    let own = format!("/api/users/{}", scene.developer.id);
    let answer = scene
        .world
        .patch(&own, &scene.developer, &json!({"role": "owner"}))
        .send()
        .await;
    answer.problem(403, "permission_denied");
}
