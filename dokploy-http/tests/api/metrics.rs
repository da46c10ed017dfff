//! Metrics over HTTP.

use super::world::Scene;

#[tokio::test]
async fn an_application_that_does_not_run_has_no_numbers_and_a_project_their_sum() {
    let scene = Scene::new().await;
    let path = format!("/api/applications/{}/metrics", scene.application);
    let metrics = scene
        .world
        .get(&path, &scene.viewer)
        .send()
        .await
        .expect(200);
    assert_eq!(metrics["applicationId"], scene.application.to_string());
    assert!(
        metrics["cpu"].is_null() && metrics["requests"].is_null(),
        "{metrics}"
    );
    let path = format!("/api/metrics?projectId={}", scene.project);
    let summary = scene
        .world
        .get(&path, &scene.viewer)
        .send()
        .await
        .expect(200);
    assert_eq!(
        (&summary["projects"], &summary["applications"]),
        (&1.into(), &1.into())
    );
    assert_eq!(summary["usage"]["totalMemory"], 0.0);
    assert_eq!(
        summary["usage"]["applications"].as_array().unwrap().len(),
        2
    );
    scene
        .world
        .get(&path, &scene.stranger)
        .send()
        .await
        .problem(404, "not_found");
}

#[tokio::test]
async fn the_text_format_counts_requests_by_route_and_is_for_administrators() {
    let scene = Scene::new().await;
    let path = format!("/api/projects/{}", scene.project);
    scene
        .world
        .get(&path, &scene.viewer)
        .send()
        .await
        .expect(200);
    scene.world.call("BREW", "/no/such/path").send().await;
    let answer = scene
        .world
        .get("/api/metrics/prometheus", &scene.admin)
        .send()
        .await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    for expected in [
        "dokploy_http_request_duration_seconds_count{method=\"GET\",route=\"/api/projects/{id}\",status=\"200\"} 1",
        "dokploy_http_request_duration_seconds_count{method=\"OTHER\",route=\"none\",status=",
        "dokploy_queue_deployments{state=\"waiting\"} 2",
    ] {
        assert!(
            answer.text.contains(expected),
            "{expected}\n{}",
            answer.text
        );
    }
    let call = scene.world.call("GET", "/api/metrics/prometheus");
    call.send().await.problem(401, "unauthenticated");
    let call = scene.world.get("/api/metrics/prometheus", &scene.developer);
    call.send().await.problem(403, "permission_denied");
}
