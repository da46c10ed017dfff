//! Projects.

use dokploy_core::model::Role;
use serde_json::{Value, json};

use super::world::{Scene, World};

#[tokio::test]
async fn a_project_is_made_shown_changed_and_deleted() {
    let world = World::new().await;
    let dora = world.person("dora", Role::Developer).await;
    let made = world.post(
        "/api/projects",
        &dora,
        &json!({"name": "shop", "description": "All of it"}),
    );
    let made = made.send().await.expect(201);
    assert_eq!(made["ownerId"], dora.id.to_string());
    let path = format!("/api/projects/{}", made["id"].as_str().unwrap());
    assert_eq!(world.get(&path, &dora).send().await.expect(200), made);
    let changed = world
        .patch(&path, &dora, &json!({"name": "store"}))
        .send()
        .await
        .expect(200);
    assert_eq!(
        (changed["name"].as_str(), changed["description"].as_str()),
        (Some("store"), Some("All of it"))
    );
    world.delete(&path, &dora).send().await.expect(204);
    world
        .get(&path, &dora)
        .send()
        .await
        .problem(404, "not_found");
    let listed = world.get("/api/projects", &dora).send().await.expect(200);
    assert_eq!(listed, json!({"items": [], "nextCursor": Value::Null}));
}

#[tokio::test]
async fn a_project_that_cannot_be_one_is_refused() {
    let scene = Scene::new().await;
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "Upper Case"}), "name"),
        (json!({"name": "x".repeat(41)}), "name"),
        (json!({"name": 7}), "name"),
        (json!({"name": "ok", "teamId": "7"}), "teamId"),
    ] {
        scene
            .world
            .post("/api/projects", &scene.developer, &body)
            .send()
            .await
            .wrong(field);
    }
    let taken = scene
        .world
        .post("/api/projects", &scene.developer, &json!({"name": "shop"}));
    taken.send().await.problem(409, "already_exists");
    let foreign = json!({"name": "mine", "teamId": scene.ids["teams"]});
    let answer = scene
        .world
        .post("/api/projects", &scene.stranger, &foreign)
        .send()
        .await;
    answer.problem(404, "not_found");
    let full = scene
        .world
        .delete(&scene.path("/api/projects/{id}"), &scene.developer);
    full.send().await.problem(409, "conflict");
}

#[tokio::test]
async fn a_project_is_given_to_a_team_and_taken_back() {
    let scene = Scene::new().await;
    let path = scene.path("/api/projects/{id}");
    let taken = scene
        .world
        .patch(&path, &scene.developer, &json!({"teamId": null}));
    assert!(taken.send().await.expect(200)["teamId"].is_null());
    scene
        .world
        .get(&path, &scene.viewer)
        .send()
        .await
        .problem(404, "not_found");
    let given = scene.world.patch(
        &path,
        &scene.developer,
        &json!({"teamId": scene.ids["teams"]}),
    );
    given.send().await.expect(200);
    scene
        .world
        .get(&path, &scene.viewer)
        .send()
        .await
        .expect(200);
}
