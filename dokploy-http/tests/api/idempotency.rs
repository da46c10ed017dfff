//! What a client sends twice is done once.

use dokploy_core::model::Role;
use serde_json::json;

use super::world::{Scene, Settings, World};

#[tokio::test]
async fn the_same_key_and_body_give_the_same_answer() {
    for sqlite in [false, true] {
        let settings = Settings {
            sqlite,
            ..Settings::default()
        };
        let world = World::with(settings).await;
        let olivia = world.person("olivia", Role::Owner).await;
        let body = json!({"name": "shop"});
        let create = || {
            world
                .post("/api/projects", &olivia, &body)
                .header("idempotency-key", "k1")
        };
        let first = create().send().await;
        let again = create().send().await;
        assert_eq!(first.expect(201), again.expect(201));
        assert_eq!(again.header("idempotency-replayed"), "true");
        assert!(first.headers.get("idempotency-replayed").is_none());
        let listed = world.get("/api/projects", &olivia).send().await.expect(200);
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        // The same key means nothing for another body, another route or another person.
        let other = world.post("/api/projects", &olivia, &json!({"name": "other"}));
        other
            .header("idempotency-key", "k1")
            .send()
            .await
            .wrong("Idempotency-Key");
        let other = world.post("/api/teams", &olivia, &body);
        other
            .header("idempotency-key", "k1")
            .send()
            .await
            .wrong("Idempotency-Key");
        let adam = world.person("adam", Role::Admin).await;
        let other = world.post("/api/projects", &adam, &json!({"name": "third"}));
        other
            .header("idempotency-key", "k1")
            .send()
            .await
            .expect(201);
    }
}

#[tokio::test]
async fn many_equal_requests_at_once_make_one_deployment() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}/deploy");
    let ask = || async {
        let call = scene
            .world
            .post(&path, &scene.developer, &json!({"title": "once"}));
        call.header("idempotency-key", "burst").send().await
    };
    let answers = futures::future::join_all((0..20).map(|_| ask())).await;
    let mut ids: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 202)
        .map(|answer| answer.json()["id"].as_str().unwrap().to_owned())
        .collect();
    // The others are told that it is being done.
    assert!(
        answers
            .iter()
            .all(|answer| [202, 409].contains(&answer.status.as_u16())),
        "{answers:?}"
    );
    ids.dedup();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let again = ask().await.expect(202);
    assert_eq!(again["id"], ids[0].as_str());
}

#[tokio::test]
async fn a_refusal_that_may_pass_is_not_kept() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}/deploy");
    let call = |who| {
        scene
            .world
            .post(&path, who, &json!({}))
            .header("idempotency-key", "later")
    };
    call(&scene.viewer)
        .send()
        .await
        .problem(403, "permission_denied");
    let promoted = scene.world.patch(
        &format!("/api/users/{}", scene.viewer.id),
        &scene.owner,
        &json!({"role": "developer"}),
    );
    promoted.send().await.expect(200);
    call(&scene.viewer).send().await.expect(202);
}

#[tokio::test]
async fn a_key_that_cannot_be_one_is_refused() {
    let scene = Scene::new().await;
    for key in ["", "a b", &"x".repeat(256)] {
        let call = scene
            .world
            .post("/api/projects", &scene.owner, &json!({"name": "p"}));
        let answer = call.header("idempotency-key", key).send().await;
        answer.problem(400, "malformed");
    }
}
