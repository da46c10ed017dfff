//! Wrong input, generated from the document: each route names what is wrong and never fails.

use dokploy_http::server::openapi;
use serde_json::{Value, json};

use super::policy::{Policy, routes};
use super::world::{Scene, filled};

const UNKNOWN: &str = "01900000-0000-7000-8000-000000000000";

fn operation(document: &Value, method: &str, path: &str) -> Value {
    document["paths"][path][method.to_lowercase()].clone()
}

fn takes_json(operation: &Value) -> bool {
    operation["requestBody"]["content"]["application/json"].is_object()
}

fn must_have_a_body(operation: &Value) -> bool {
    takes_json(operation) && operation["requestBody"]["required"] == true
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_by_every_route_that_takes_one() {
    let scene = Scene::new().await;
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut count = 0;
    for route in routes() {
        let operation = operation(&document, route.method, route.path);
        if !takes_json(&operation) || matches!(route.policy, Policy::Elsewhere) {
            continue;
        }
        count += 1;
        let path = scene.path(route.path);
        let call = || {
            scene
                .world
                .call(route.method, &path)
                .bearer(&scene.owner.token)
        };
        let json = || call().header("content-type", "application/json");

        let answer = call()
            .header("content-type", "text/plain")
            .bytes("{}")
            .send()
            .await;
        answer.problem(415, "unsupported_media_type");
        json().bytes("{").send().await.problem(400, "malformed");
        let trailing = format!("{} {{}}", (route.body)(&scene));
        json()
            .bytes(trailing)
            .send()
            .await
            .problem(400, "malformed");
        json()
            .bytes([0xff, 0xfe])
            .send()
            .await
            .problem(400, "malformed");
        json()
            .bytes("[".repeat(10_000))
            .send()
            .await
            .problem(400, "malformed");
        json().bytes("[]").send().await.problem(422, "invalid_spec");
        if must_have_a_body(&operation) {
            json().send().await.problem(400, "malformed");
        }
        let large = format!("{{\"name\": \"{}\"}}", "x".repeat(1024 * 1024));
        json().bytes(large).send().await.problem(413, "too_large");

        let mut body = (route.body)(&scene);
        body["notAField"] = json!(1);
        let answer = call().json(&body).send().await;
        answer.wrong("notAField");
    }
    assert!(count > 15, "only {count} routes take a body");
}

#[tokio::test]
async fn an_id_that_is_none_is_refused_and_one_that_nothing_has_is_not_found() {
    let mut count = 0;
    for route in routes() {
        if !route.path.contains('{') || matches!(route.policy, Policy::Elsewhere) {
            continue;
        }
        count += 1;
        let scene = Scene::new().await;
        let ask = async |path: String| {
            let mut call = scene
                .world
                .call(route.method, &path)
                .bearer(&scene.owner.token);
            match (route.body)(&scene) {
                Value::Null => {}
                body => call = call.json(&body),
            }
            call.send().await
        };
        for wrong in ["7", "not-an-id", "..%2F..%2Fetc", "%00", "%ff"] {
            let answer = ask(filled(route.path, |_| wrong.to_owned())).await;
            answer.problem(400, "malformed");
        }
        let answer = ask(filled(route.path, |_| UNKNOWN.to_owned())).await;
        assert_eq!(
            answer.status, 404,
            "{} {}: {answer:?}",
            route.method, route.path
        );
        answer.problem(404, "not_found");
    }
    assert!(count > 20, "only {count} routes have ids");
}

#[tokio::test]
async fn a_query_that_does_not_fit_names_its_parameter() {
    let scene = Scene::new().await;
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut count = 0;
    for route in routes() {
        let operation = operation(&document, route.method, route.path);
        let parameters = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let names: Vec<_> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap().to_owned())
            .collect();
        if names.is_empty() || matches!(route.policy, Policy::Elsewhere) {
            continue;
        }
        count += 1;
        let path = scene.path(route.path);
        let ask = async |query: &str| {
            let path = format!("{path}?{query}");
            let call = scene
                .world
                .call(route.method, &path)
                .bearer(&scene.owner.token);
            call.send().await
        };
        ask("notAParameter=1").await.wrong("notAParameter");
        for (name, wrong) in [
            ("limit", "0"),
            ("limit", "100000"),
            ("limit", "-1"),
            ("limit", "many"),
            ("cursor", "nonsense"),
            ("projectId", "7"),
            ("applicationId", "7"),
            ("userId", "7"),
            ("status", "finished"),
            ("outcome", "perhaps"),
            ("follow", "perhaps"),
            ("after", "-1"),
            ("tail", "0"),
            ("since", "yesterday"),
        ] {
            if names.iter().any(|known| known == name) {
                ask(&format!("{name}={wrong}")).await.wrong(name);
            }
        }
    }
    assert!(count > 10, "only {count} routes have a query");
}

#[tokio::test]
async fn a_version_that_is_none_is_refused() {
    let scene = Scene::new().await;
    for route in routes().into_iter().filter(|route| route.method == "PATCH") {
        let path = scene.path(route.path);
        let call = scene
            .world
            .patch(&path, &scene.owner, &(route.body)(&scene));
        let answer = call.header("if-match", "\"seven\"").send().await;
        answer.problem(400, "malformed");
    }
}
