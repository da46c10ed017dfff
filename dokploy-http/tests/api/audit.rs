//! The audit trail: one row for each change, with who asked and from where.

use serde_json::json;

use super::world::{SECRET, Scene};

#[tokio::test]
async fn each_change_and_each_refusal_leaves_one_row() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}");
    let resource = format!("application:{}", scene.application);
    let rows = async |action: &str| {
        let query = format!(
            "/api/audit?action={action}&resource={resource}&actor={}",
            scene.developer.id
        );
        scene
            .world
            .get(&query, &scene.owner)
            .send()
            .await
            .expect(200)["items"]
            .clone()
    };
    let change = scene
        .world
        .patch(&path, &scene.developer, &json!({"replicas": 2}));
    change
        .header("x-request-id", "the-request")
        .send()
        .await
        .expect(200);
    let found = rows("application.update").await;
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(found[0]["outcome"], "done");
    assert_eq!(found[0]["requestId"], "the-request");
    assert_eq!(
        found[0]["actorName"].as_str().unwrap().split(' ').next(),
        Some("dora")
    );

    let denied = scene
        .world
        .patch(&path, &scene.viewer, &json!({"replicas": 3}));
    denied.send().await.problem(403, "permission_denied");
    let query = format!("/api/audit?outcome=denied&actor={}", scene.viewer.id);
    let found = scene
        .world
        .get(&query, &scene.owner)
        .send()
        .await
        .expect(200)["items"]
        .clone();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    assert_eq!(
        (found[0]["action"].as_str(), found[0]["resource"].as_str()),
        (Some("application.update"), Some(&*resource))
    );
}

#[tokio::test]
async fn the_trail_is_a_chain_and_holds_no_secret() {
    let scene = Scene::new().await;
    let first = scene
        .world
        .get("/api/audit?limit=3", &scene.owner)
        .send()
        .await
        .expect(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    let next = scene
        .world
        .get(
            &format!("/api/audit?limit=200&cursor={cursor}"),
            &scene.owner,
        )
        .send()
        .await;
    assert!(!next.text.contains(SECRET));
    let next = next.expect(200);
    assert_eq!(first["items"][2]["previous"], next["items"][0]["hash"]);
    let found = scene
        .world
        .get("/api/audit/verification", &scene.owner)
        .send()
        .await
        .expect(200);
    assert_eq!(found["intact"], true);
    assert!(found["records"].as_u64().unwrap() > 5, "{found}");
}
