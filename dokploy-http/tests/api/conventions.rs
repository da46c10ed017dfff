//! What holds for every route.

use dokploy_core::model::Role;
use serde_json::json;

use super::world::{Scene, Settings, World};

#[tokio::test]
async fn every_answer_has_an_id_and_the_headers_that_keep_browsers_from_mischief() {
    let world = World::new().await;
    for path in ["/healthz", "/api/projects", "/api/nothing", "/api/docs"] {
        let answer = world.call("GET", path).send().await;
        assert!(!answer.header("x-request-id").is_empty(), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'"),
            "{path}"
        );
        assert!(
            answer.headers.get("strict-transport-security").is_none(),
            "{path}"
        );
    }
    let over_tls = Settings {
        variables: &[("DOKPLOY_PUBLIC_URL", "https://deploy.example.com")],
        ..Settings::default()
    };
    let answer = World::with(over_tls)
        .await
        .call("GET", "/healthz")
        .send()
        .await;
    assert!(
        answer
            .header("strict-transport-security")
            .starts_with("max-age=")
    );
}

#[tokio::test]
async fn the_id_of_a_request_comes_back_unless_it_could_forge_a_log() {
    let world = World::new().await;
    let answer = world
        .call("GET", "/api/nothing")
        .header("x-request-id", "abc-1")
        .send()
        .await;
    assert_eq!(answer.header("x-request-id"), "abc-1");
    assert_eq!(answer.problem(404, "not_found")["requestId"], "abc-1");
    let answer = world
        .call("GET", "/api/nothing")
        .header("x-request-id", "a b")
        .send()
        .await;
    assert_ne!(answer.header("x-request-id"), "a b");
}

#[tokio::test]
async fn a_path_without_a_route_and_a_method_without_one_are_problems() {
    let world = World::new().await;
    world
        .call("GET", "/")
        .send()
        .await
        .problem(404, "not_found");
    world
        .call("GET", "/api/nothing")
        .send()
        .await
        .problem(404, "not_found");
    let answer = world.call("PUT", "/api/projects").send().await;
    answer.problem(405, "method_not_allowed");
    assert!(answer.header("allow").contains("GET"), "{answer:?}");
}

#[tokio::test]
async fn who_is_nobody_is_told_how_to_become_somebody() {
    let world = World::new().await;
    for token in [
        "",
        "nonsense",
        "dkp_nonsense",
        "dks_nonsense.x",
        "dkp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let answer = world
            .call("GET", "/api/projects")
            .bearer(token)
            .send()
            .await;
        answer.problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let answer = world
        .call("GET", "/api/projects")
        .header("authorization", "Basic YTpi")
        .send()
        .await;
    answer.problem(401, "unauthenticated");
    // What is for everybody stays for everybody, whatever a browser still sends.
    let answer = world
        .call("GET", "/healthz")
        .bearer("nonsense")
        .send()
        .await;
    answer.expect(200);
}

#[tokio::test]
async fn lists_come_in_parts_newest_first() {
    let world = World::new().await;
    let olivia = world.person("olivia", Role::Owner).await;
    for number in 0..5 {
        world.project(&olivia, &format!("p{number}"), None).await;
    }
    let mut names = Vec::new();
    let mut path = "/api/projects?limit=2".to_owned();
    let mut parts = 0;
    loop {
        parts += 1;
        let body = world.get(&path, &olivia).send().await.expect(200);
        for item in body["items"].as_array().unwrap() {
            names.push(item["name"].as_str().unwrap().to_owned());
        }
        match body["nextCursor"].as_str() {
            Some(cursor) => path = format!("/api/projects?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(names, ["p4", "p3", "p2", "p1", "p0"]);
    assert_eq!(parts, 3);
}

#[tokio::test]
async fn a_change_of_what_somebody_else_has_changed_is_a_conflict() {
    let scene = Scene::new().await;
    for (path, first, second) in [
        (
            scene.path("/api/projects/{id}"),
            json!({"description": "a"}),
            json!({"description": "b"}),
        ),
        (
            scene.path("/api/applications/{id}"),
            json!({"replicas": 2}),
            json!({"replicas": 3}),
        ),
        (
            scene.path("/api/users/{id}"),
            json!({"email": "a@example.com"}),
            json!({"email": "b@example.com"}),
        ),
        (
            scene.path("/api/teams/{id}"),
            json!({"name": "a"}),
            json!({"name": "b"}),
        ),
    ] {
        let world = &scene.world;
        let read = world.get(&path, &scene.owner).send().await;
        let tag = read.header("etag").to_owned();
        let version = read.expect(200)["version"].as_i64().unwrap();
        assert_eq!(tag, format!("\"{version}\""), "{path}");
        let changed = world
            .patch(&path, &scene.owner, &first)
            .header("if-match", &tag)
            .send()
            .await;
        assert_eq!(changed.expect(200)["version"], version + 1, "{path}");
        assert_eq!(changed.header("etag"), format!("\"{}\"", version + 1));
        let late = world
            .patch(&path, &scene.owner, &second)
            .header("if-match", &tag)
            .send()
            .await;
        late.problem(409, "conflict");
        let any = world
            .patch(&path, &scene.owner, &second)
            .header("if-match", "*")
            .send()
            .await;
        any.expect(200);
    }
}

#[tokio::test]
async fn large_answers_are_compressed_for_who_wants_it() {
    let world = World::new().await;
    let (router, request) = world
        .call("GET", "/api/openapi.json")
        .header("accept-encoding", "gzip")
        .request();
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let plain = world.call("GET", "/api/openapi.json").send().await;
    assert!(plain.headers.get("content-encoding").is_none());
}
