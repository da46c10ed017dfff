//! Who gets a socket, and what he may ask for.

use dokploy_core::Secret;
use dokploy_core::access::Actor;
use dokploy_core::id::DeploymentId;
use dokploy_core::model::Role;
use serde_json::json;

use crate::client::Client;
use crate::installation::{Installation, topic};

#[tokio::test]
async fn a_token_is_taken_from_the_header_or_from_the_protocol() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let person = installation.person(&server, Role::Viewer).await;
    Client::open(server.address, &person.token).await;
    let bearer = format!("Bearer {}", person.token);
    let header = [("authorization", bearer.as_str())];
    Client::with(server.address, &header).await.unwrap();

    let refusals = [
        vec![],
        vec![("sec-websocket-protocol", "bearer")],
        vec![("sec-websocket-protocol", "bearer, dkp_unknown")],
        vec![("authorization", "Bearer dkp_unknown")],
    ];
    for headers in refusals {
        let refused = Client::with(server.address, &headers).await.err();
        assert_eq!(refused, Some(401), "{headers:?}");
    }
}

#[tokio::test]
async fn a_cookie_is_taken_from_pages_of_this_server_only() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let password = Secret::new("correct horse battery");
    let signed_in = server
        .control
        .register(&Actor::anonymous(), "anna", &password, None)
        .await
        .unwrap();
    let cookie = format!("dokploy_session={}", signed_in.token.expose());
    let own = format!("http://{}", server.address);
    let cases = [
        (Some(own.as_str()), None),
        (None, Some(403)),
        (Some("null"), Some(403)),
        (Some("http://evil.example"), Some(403)),
        (Some("http://127.0.0.1:1"), Some(403)),
    ];
    for (origin, expected) in cases {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        let refused = Client::with(server.address, &headers).await.err();
        assert_eq!(refused, expected, "{origin:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_watched_is_refused_and_the_socket_stays() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let stranger = installation.person(&server, Role::Developer).await;
    let mut client = Client::open(server.address, &stranger.token).await;
    let foreign = installation.running().await.deployment.id;
    let absent = DeploymentId::new();
    let mut refusals = Vec::new();
    for id in [foreign, absent] {
        client
            .say(&json!({"type": "subscribe", "topics": [topic(id)]}))
            .await;
        let refusal = client.next().await;
        assert_eq!(refusal["event"], "error");
        assert_eq!(refusal["topic"], topic(id));
        assert_eq!(refusal["data"]["code"], "not_found");
        refusals.push(
            refusal["data"]["message"]
                .to_string()
                .replace(&id.to_string(), "…"),
        );
    }
    assert_eq!(
        refusals[0], refusals[1],
        "a foreign one is as one that is not there"
    );

    let nonsense = [
        json!({"type": "subscribe", "topics": ["everything"]}),
        json!({"type": "subscribe"}),
        json!({"type": "shutdown"}),
        json!([]),
    ];
    for message in nonsense {
        client.say(&message).await;
        let refusal = client.next().await;
        assert_eq!(refusal["data"]["code"], "invalid_spec", "{message}");
    }
}

#[tokio::test]
async fn what_is_not_watched_any_more_is_silent() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let admin = installation.person(&server, Role::Admin).await;
    let (one, two) = (installation.running().await, {
        let other = installation.scene.another_application().await;
        let deployment = installation.scene.deploy_of(&other).await;
        let claim = installation.scene.claim().await;
        assert_eq!(claim.deployment.id, deployment.id);
        claim
    });
    let mut client = Client::open(server.address, &admin.token).await;
    client.watch(&topic(one.deployment.id), 2).await;
    client.watch(&topic(two.deployment.id), 1).await;
    let name = topic(one.deployment.id);
    client
        .say(&json!({"type": "unsubscribe", "topics": [name]}))
        .await;
    // The answer to this shows that the server has read the message before.
    client
        .say(&json!({"type": "subscribe", "topics": ["?"]}))
        .await;
    assert_eq!(client.next().await["event"], "error");
    server.say(&installation.scene, &one, "unheard").await;
    let claimed = dokploy_core::conformance::store::scene::claimed(&two);
    server.work(&installation.scene, &two, &[claimed]).await;
    let heard = client.next().await;
    assert_eq!(heard["topic"], topic(two.deployment.id), "{heard}");
}
