//! The OpenAPI document and the pages that are made of it.

use std::collections::BTreeSet;

use dokploy_http::server::openapi;
use serde_json::Value;

use super::world::World;

fn committed() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    std::fs::read_to_string(path).unwrap()
}

fn operations(document: &Value) -> Vec<(String, Value)> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push((format!("{method} {path}"), operation.clone()));
        }
    }
    operations
}

#[test]
fn the_committed_document_is_the_one_that_the_code_makes() {
    assert!(
        committed() == openapi::text(),
        "write it anew: cargo run -p dokploy-http -- openapi > dokploy-http/openapi.json"
    );
}

#[test]
fn every_operation_is_named_described_and_grouped() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&document) {
        let id = operation["operationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        assert!(
            !id.is_empty() && ids.insert(id.clone()),
            "{name}: {id:?} is no name of its own"
        );
        assert!(
            operation["summary"]
                .as_str()
                .is_some_and(|text| text.ends_with('.')),
            "{name} has no summary"
        );
        assert_eq!(
            operation["tags"].as_array().map(Vec::len),
            Some(1),
            "{name}"
        );
        for class in ["4XX", "5XX"] {
            let content = &operation["responses"][class]["content"];
            assert!(
                content["application/problem+json"].is_object(),
                "{name}: {class}"
            );
        }
    }
}

#[test]
fn every_reference_of_the_document_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(path)) = fields.get("$ref") {
                    found.insert(path.clone());
                }
                fields.values().for_each(|field| references(field, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20);
    for path in found {
        let place = path.trim_start_matches('#');
        assert!(document.pointer(place).is_some(), "{path} leads nowhere");
    }
}

#[test]
fn every_field_of_the_document_is_in_camel_case() {
    fn fields(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(object) => {
                let own = object.get("properties").and_then(Value::as_object);
                found.extend(own.into_iter().flat_map(|own| own.keys().cloned()));
                object.values().for_each(|value| fields(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    fields(
        &serde_json::to_value(openapi::document()).unwrap(),
        &mut found,
    );
    assert!(found.len() > 100);
    for name in found {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!(
            is_plain && name.starts_with(|first: char| first.is_ascii_lowercase()),
            "{name}"
        );
    }
}

#[test]
fn no_answer_of_the_document_has_a_field_for_a_password() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    for shape in ["User", "Application", "Credential", "Token", "Project"] {
        let properties = document["components"]["schemas"][shape]["properties"]
            .as_object()
            .unwrap();
        for secret in [
            "password",
            "passwordHash",
            "sealed",
            "secret",
            "digest",
            "token",
        ] {
            assert!(!properties.contains_key(secret), "{shape}.{secret}");
        }
    }
}

#[tokio::test]
async fn the_document_and_its_pages_are_served_and_need_nothing_from_elsewhere() {
    let world = World::new().await;
    let served = world
        .call("GET", "/api/openapi.json")
        .send()
        .await
        .expect(200);
    assert_eq!(served, serde_json::from_str::<Value>(&committed()).unwrap());
    let page = world.call("GET", "/api/docs").send().await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(
        page.header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    assert!(!page.text.contains("<script"), "the pages need no script");
    for (name, _) in operations(&served) {
        let path = name.split_once(' ').unwrap().1;
        assert!(
            page.text.contains(&format!("<code>{path}</code>")),
            "{path} is not on the page"
        );
    }
    for link in page
        .text
        .split(['"', '\''])
        .filter(|text| text.contains("//"))
    {
        assert!(!link.starts_with("http"), "the page loads {link}");
    }
    let style = world.call("GET", "/api/docs/style.css").send().await;
    assert_eq!(style.status, 200);
}
