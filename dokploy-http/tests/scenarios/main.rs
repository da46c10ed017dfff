//! The scenarios that every language runs, over HTTP: the same events, the same codes of errors.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod answers;
mod client;
mod place;
mod routes;
mod server;

use std::collections::BTreeSet;

use dokploy_tests::environment::Environment;
use dokploy_tests::scenario::{self, World};
use serde_json::Value;

use self::place::OverHttp;
use self::routes::ROUTES;

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_happens_over_http_on_a_container_engine_in_memory() {
    scenario::run_all(|| OverHttp::of(World::in_memory()))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_happens_over_http_on_a_real_container_engine() {
    let Some(environment) = Environment::find() else {
        return;
    };
    scenario::run_all(|| OverHttp::of(World::real(&environment)))
        .await
        .unwrap();
}

#[test]
fn every_operation_has_a_route_or_says_why_it_has_none() {
    let table: Value = serde_json::from_str(&scenario::table("operations.json")).unwrap();
    let operations: BTreeSet<_> = table["operations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|operation| operation["name"].as_str().unwrap())
        .collect();
    let without: BTreeSet<_> = table["not_over_http"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let with: BTreeSet<_> = ROUTES.iter().map(|route| route.operation).collect();
    assert_eq!(with.len(), ROUTES.len(), "an operation has one route");
    assert!(
        with.is_disjoint(&without),
        "{:?}",
        with.intersection(&without)
    );
    let named: BTreeSet<_> = with.union(&without).copied().collect();
    assert_eq!(
        named, operations,
        "every operation is in ROUTES or in not_over_http of tests/parity/operations.json"
    );
}

#[test]
fn every_route_is_one_of_the_document() {
    let document: Value = serde_json::from_str(include_str!("../../openapi.json")).unwrap();
    let known = |method: &str, path: &str| {
        let paths = document["paths"].as_object().unwrap();
        paths.iter().any(|(pattern, methods)| {
            routes::is_like(pattern, path) && !methods[method.to_lowercase()].is_null()
        })
    };
    for route in ROUTES {
        let (method, path) = route.asked.split_once(' ').unwrap();
        assert!(known(method, path), "{}", route.asked);
    }
}
