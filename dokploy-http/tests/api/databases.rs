//! Databases over HTTP.

use serde_json::{Value, json};

use super::world::Scene;

async fn made(scene: &Scene, more: &Value) -> Value {
    let mut body = json!({"projectId": scene.project, "name": "main-db", "engine": "postgres"});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    let call = scene.world.post("/api/databases", &scene.developer, &body);
    call.send().await.expect(201)
}

#[tokio::test]
async fn a_database_is_made_deployed_and_shown_with_its_connection_to_who_may_connect() {
    let scene = Scene::new().await;
    let database = made(&scene, &json!({"version": "16", "memoryLimit": 512})).await;
    assert_eq!(database["image"], "postgres:16");
    assert_eq!(database["memoryLimit"], 512);
    assert_eq!(database["status"], "deploying");
    let connection = &database["connection"];
    let password = connection["password"].as_str().unwrap();
    let service = database["serviceName"].as_str().unwrap();
    let url = format!("postgresql://postgres:{password}@{service}:5432/main_db");
    assert_eq!(connection["url"], url);

    let path = format!("/api/databases/{}", database["id"].as_str().unwrap());
    let seen = scene.world.get(&path, &scene.viewer).send().await;
    assert!(!seen.text.contains(password), "{seen:?}");
    assert_eq!(seen.expect(200)["connection"], Value::Null);
    scene
        .world
        .get(&path, &scene.stranger)
        .send()
        .await
        .problem(404, "not_found");

    // It is among the databases and not among the applications, where it cannot be changed.
    let listed = scene
        .world
        .get("/api/databases", &scene.viewer)
        .send()
        .await;
    assert!(!listed.text.contains(password), "{listed:?}");
    assert_eq!(listed.expect(200)["items"].as_array().unwrap().len(), 2);
    let applications = scene
        .world
        .get("/api/applications", &scene.developer)
        .send()
        .await
        .expect(200);
    assert_eq!(applications["items"].as_array().unwrap().len(), 1);
    let application = format!(
        "/api/applications/{}",
        database["applicationId"].as_str().unwrap()
    );
    let call = scene
        .world
        .patch(&application, &scene.developer, &json!({"replicas": 2}));
    assert!([409, 422].contains(&call.send().await.status.as_u16()));
    let call = scene.world.delete(&application, &scene.developer);
    call.send().await.problem(409, "conflict");
}

#[tokio::test]
async fn a_database_is_changed_with_its_version_and_refuses_what_it_cannot_be() {
    let scene = Scene::new().await;
    let database = made(&scene, &json!({})).await;
    assert_eq!(database["image"], "postgres:17");
    let path = format!("/api/databases/{}", database["id"].as_str().unwrap());
    let change = json!({"version": "18", "memoryLimit": null});
    let call = scene
        .world
        .patch(&path, &scene.developer, &change)
        .header("if-match", "7");
    call.send().await.problem(409, "conflict");
    let changed = scene
        .world
        .patch(&path, &scene.developer, &change)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&changed["image"], &changed["version"]),
        (&json!("postgres:18"), &json!(2))
    );

    for (body, field) in [
        (json!({"version": "a b"}), "version"),
        (json!({"version": "17", "image": "x"}), "version"),
        (json!({"name": "Main DB"}), "name"),
        (json!({"engine": "oracle"}), "engine"),
    ] {
        let mut new = json!({"projectId": scene.project, "name": "other", "engine": "redis"});
        for (key, value) in body.as_object().unwrap() {
            new[key] = value.clone();
        }
        scene
            .world
            .post("/api/databases", &scene.developer, &new)
            .send()
            .await
            .wrong(field);
    }
    let taken = json!({"projectId": scene.project, "name": "main-db", "engine": "redis"});
    let call = scene.world.post("/api/databases", &scene.developer, &taken);
    call.send().await.problem(409, "already_exists");
    let call = scene.world.get(&format!("{path}/backups"), &scene.viewer);
    call.send().await.problem(501, "unsupported");
}
