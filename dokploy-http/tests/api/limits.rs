//! What one caller may ask of the server.

use axum::extract::Request;
use dokploy_core::model::Role;
use dokploy_http::server::listen::Peer;

use super::client::Call;
use super::world::{Settings, World};

const FIVE: Settings<'static> = Settings {
    variables: &[
        ("DOKPLOY_RATE_LIMIT", "5/min"),
        ("DOKPLOY_TRUSTED_PROXIES", "10.0.0.0/8"),
    ],
    concurrency: 0,
    sqlite: false,
    source: None,
};

async fn status_from(call: Call, peer: &str) -> u16 {
    let (router, mut request): (_, Request) = call.request();
    request.extensions_mut().insert(Peer(peer.parse().unwrap()));
    let response = tower::ServiceExt::oneshot(router, request).await.unwrap();
    response.status().as_u16()
}

#[tokio::test]
async fn who_asks_too_much_is_told_when_to_come_back_and_holds_up_nobody_else() {
    let world = World::with(FIVE).await;
    let anna = world.person("anna", Role::Developer).await;
    let ben = world.person("ben", Role::Developer).await;
    for left in (0..5).rev() {
        let answer = world.get("/api/projects", &anna).send().await;
        answer.expect(200);
        assert_eq!(answer.header("ratelimit-limit"), "5");
        assert_eq!(answer.header("ratelimit-remaining"), left.to_string());
    }
    let answer = world.get("/api/projects", &anna).send().await;
    answer.problem(429, "rate_limited");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!(
        (1..=12).contains(&wait),
        "one of five a minute comes back after 12 s, not {wait}"
    );
    world.get("/api/projects", &ben).send().await.expect(200);
}

#[tokio::test]
async fn nobody_has_a_bucket_for_each_address_and_cannot_choose_one() {
    let world = World::with(FIVE).await;
    let ask = || world.call("GET", "/api/nothing");
    for _ in 0..5 {
        assert_eq!(status_from(ask(), "203.0.113.1:1000").await, 404);
    }
    assert_eq!(status_from(ask(), "203.0.113.1:2000").await, 429);
    // Who is no proxy of the operator gains nothing by naming another address.
    let forged = ask().header("x-forwarded-for", "203.0.113.7");
    assert_eq!(status_from(forged, "203.0.113.1:3000").await, 429);
    // A proxy of the operator is believed.
    let passed_on = ask().header("x-forwarded-for", "203.0.113.8");
    assert_eq!(status_from(passed_on, "10.1.2.3:1000").await, 404);
    let passed_on = ask().header("x-forwarded-for", "203.0.113.1");
    assert_eq!(status_from(passed_on, "10.1.2.3:1000").await, 429);
    // Whoever watches the server is not kept from it.
    for _ in 0..10 {
        let health = world.call("GET", "/healthz");
        assert_eq!(status_from(health, "203.0.113.1:1000").await, 200);
    }
}
