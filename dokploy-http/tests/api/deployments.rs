//! Deployments: accepted, looked at, cancelled, gone back from.

use std::time::Duration;

use dokploy_core::model::Role;
use serde_json::json;

use super::world::{Scene, Settings, World};

#[tokio::test]
async fn a_deployment_is_accepted_and_shown_as_clients_expect() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}/deploy");
    let body = json!({"title": "by hand", "force": true});
    let accepted = scene
        .world
        .post(&path, &scene.developer, &body)
        .send()
        .await
        .expect(202);
    assert_eq!(accepted["id"], accepted["deploymentId"]);
    assert_eq!(accepted["applicationId"], scene.application.to_string());
    assert_eq!(
        (accepted["kind"].as_str(), accepted["status"].as_str()),
        (Some("deploy"), Some("pending"))
    );
    assert_eq!(
        (accepted["trigger"].as_str(), accepted["progress"].as_u64()),
        (Some("api"), Some(0))
    );
    let path = format!("/api/deployments/{}", accepted["id"].as_str().unwrap());
    assert_eq!(
        scene
            .world
            .get(&path, &scene.viewer)
            .send()
            .await
            .expect(200),
        accepted
    );
    // The one that waited before is superseded.
    let first = scene
        .world
        .get(&scene.path("/api/deployments/{id}"), &scene.viewer)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (first["status"].as_str(), &first["supersededBy"]),
        (Some("superseded"), &accepted["id"])
    );
    let application = scene
        .world
        .get(&scene.path("/api/applications/{id}"), &scene.viewer)
        .send()
        .await
        .expect(200);
    assert_eq!(application["status"], "deploying");
    assert_eq!(application["lastDeployment"]["id"], accepted["id"]);

    let list = |query: &str| {
        scene
            .world
            .get(&format!("/api/deployments?{query}"), &scene.viewer)
            .send()
    };
    let of_application = format!("applicationId={}", scene.application);
    assert_eq!(
        list(&of_application).await.expect(200)["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let pending = list(&format!("{of_application}&status=pending"))
        .await
        .expect(200);
    assert_eq!(pending["items"].as_array().unwrap().len(), 1);
    assert_eq!(list("status=success").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_deployment_without_a_body_is_one_of_the_head() {
    let scene = Scene::new().await;
    let path = scene.path("/api/applications/{id}/deploy");
    let call = scene
        .world
        .call("POST", &path)
        .bearer(&scene.developer.token);
    call.send().await.expect(202);
    for (body, field) in [
        (json!({"commitSha": "main"}), "commitSha"),
        (json!({"branch": "a b"}), "branch"),
        (json!({"branch": "--upload-pack=touch"}), "branch"),
        (json!({"trigger": "webhook"}), "trigger"),
        (json!({"actor": "somebody"}), "actor"),
    ] {
        let answer = scene
            .world
            .post(&path, &scene.developer, &body)
            .send()
            .await;
        answer.wrong(field);
    }
}

#[tokio::test]
async fn a_deployment_that_waits_is_cancelled_at_once() {
    let scene = Scene::new().await;
    let path = scene.path("/api/deployments/{id}/cancel");
    let cancel = || {
        scene
            .world
            .call("POST", &path)
            .bearer(&scene.developer.token)
            .send()
    };
    let cancelled = cancel().await.expect(202);
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(
        cancel().await.expect(202)["status"],
        "cancelled",
        "asking again changes nothing"
    );
    let back = scene
        .world
        .call("POST", &scene.path("/api/deployments/{id}/rollback"));
    back.bearer(&scene.developer.token)
        .send()
        .await
        .problem(409, "conflict");
}

#[tokio::test]
async fn a_deployment_runs_is_healthy_and_is_gone_back_to() {
    let settings = Settings {
        concurrency: 2,
        sqlite: true,
        ..Settings::default()
    };
    let world = World::with(settings).await;
    let dora = world.person("dora", Role::Developer).await;
    let project = world.project(&dora, "shop", None).await;
    let body = json!({
        "projectId": project, "name": "web", "image": "registry.example.com/web:1",
        "update": {"monitor": 1, "delay": 0},
    });
    let made = world
        .post("/api/applications", &dora, &body)
        .send()
        .await
        .expect(201);
    let path = format!("/api/applications/{}", made["id"].as_str().unwrap());
    let deploy = async || {
        let accepted = world
            .post(&format!("{path}/deploy"), &dora, &json!({"force": true}))
            .send()
            .await
            .expect(202);
        ended(&world, &dora, accepted["id"].as_str().unwrap()).await
    };
    let first = deploy().await;
    assert_eq!(first["status"], "success", "{first}");
    assert!(
        first["releaseId"].is_string() && first["finishedAt"].is_string(),
        "{first}"
    );
    assert!(!first["steps"].as_array().unwrap().is_empty());
    let shape = world.get(&path, &dora).send().await.expect(200);
    assert_eq!(
        (shape["status"].as_str(), &shape["currentReleaseId"]),
        (Some("running"), &first["releaseId"])
    );

    world
        .patch(&path, &dora, &json!({"labels": {"version": "2"}}))
        .send()
        .await
        .expect(200);
    let second = deploy().await;
    assert_eq!(second["status"], "success", "{second}");
    let releases = world
        .get(&format!("{path}/releases"), &dora)
        .send()
        .await
        .expect(200);
    assert_eq!(releases["items"].as_array().unwrap().len(), 2, "{releases}");

    let back = format!(
        "/api/deployments/{}/rollback",
        first["id"].as_str().unwrap()
    );
    let back = world
        .call("POST", &back)
        .bearer(&dora.token)
        .send()
        .await
        .expect(202);
    assert_eq!(
        (back["kind"].as_str(), back["trigger"].as_str()),
        (Some("rollback"), Some("rollback"))
    );
    let back = ended(&world, &dora, back["id"].as_str().unwrap()).await;
    assert_eq!(back["status"], "success", "{back}");

    for (action, status) in [
        ("stop", "stopped"),
        ("start", "running"),
        ("restart", "running"),
    ] {
        let call = world
            .call("POST", &format!("{path}/{action}"))
            .bearer(&dora.token);
        assert_eq!(call.send().await.expect(200)["status"], status, "{action}");
    }
    let scaled = world.post(&format!("{path}/scale"), &dora, &json!({"replicas": 3}));
    assert_eq!(scaled.send().await.expect(200)["replicas"], 3);
    let logs = world.get(
        &format!("/api/deployments/{}/logs", first["id"].as_str().unwrap()),
        &dora,
    );
    logs.send().await.expect(200);
    world
        .get(&format!("{path}/logs?tail=10"), &dora)
        .send()
        .await
        .expect(200);
    world.delete(&path, &dora).send().await.expect(204);
    world
        .get(&path, &dora)
        .send()
        .await
        .problem(404, "not_found");
}

/// Waits for the end of a deployment through its events: the stream ends with it.
async fn ended(world: &World, who: &super::world::Person, id: &str) -> serde_json::Value {
    let path = format!("/api/deployments/{id}");
    let events = world
        .get(&format!("{path}/events"), who)
        .header("accept", "text/event-stream");
    let all = tokio::time::timeout(Duration::from_mins(1), events.send()).await;
    all.expect("the deployment has not ended within a minute");
    world.get(&path, who).send().await.expect(200)
}
