//! Clients that say what nobody should.

use dokploy_core::access::{Actor, Identity};
use dokploy_core::id::{ApplicationId, DeploymentId, ProjectId};
use dokploy_core::model::Role;
use serde::Serialize;
use serde_json::{Value, json};

use crate::client::{Client, PATIENCE};
use crate::installation::{Installation, Person, Server, topic};

/// Subjects that one socket may watch.
const TOPICS_MAX: usize = 50;

fn subscribe(topics: impl Serialize) -> Value {
    json!({"type": "subscribe", "topics": topics})
}

/// Reads until the server closes the socket, and gives the code.
async fn closed(client: &mut Client) -> u16 {
    loop {
        if let Err(code) = client.try_next().await {
            return code;
        }
    }
}

/// Checks that somebody else is served as before.
async fn ensure_alive(installation: &Installation, server: &Server) {
    let other = installation.person(server, Role::Admin).await;
    let id = installation.running().await.deployment.id;
    let mut client = Client::open(server.address, &other.token).await;
    client.watch(&topic(id), 0).await;
    assert_eq!(client.next().await["seq"], 1);
}

#[tokio::test]
async fn whatever_kind_it_is_a_foreign_subject_is_as_one_that_is_not_there() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let stranger = installation.person(&server, Role::Developer).await;
    let scene = &installation.scene;
    let deployment = installation.running().await.deployment.id;
    let pairs = [
        (
            "deployment",
            deployment.to_string(),
            DeploymentId::new().to_string(),
        ),
        (
            "logs:deployment",
            deployment.to_string(),
            DeploymentId::new().to_string(),
        ),
        (
            "application",
            scene.application.id.to_string(),
            ApplicationId::new().to_string(),
        ),
        (
            "logs:application",
            scene.application.id.to_string(),
            ApplicationId::new().to_string(),
        ),
        (
            "project",
            scene.project.id.to_string(),
            ProjectId::new().to_string(),
        ),
    ];
    let mut client = Client::open(server.address, &stranger.token).await;
    for (kind, foreign, missing) in pairs {
        let mut seen = Vec::new();
        for id in [foreign, missing] {
            client.say(&subscribe([format!("{kind}:{id}")])).await;
            let refusal = client.next().await.to_string();
            assert!(refusal.contains("not_found"), "{refusal}");
            seen.push(refusal.replace(&id, ""));
        }
        assert_eq!(seen[0], seen[1], "{kind}");
    }
}

#[tokio::test]
async fn a_socket_watches_a_bounded_number_of_subjects() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let admin = installation.person(&server, Role::Admin).await;
    let mut client = Client::open(server.address, &admin.token).await;
    let many: Vec<_> = (0..=TOPICS_MAX)
        .map(|_| topic(DeploymentId::new()))
        .collect();
    client.say(&subscribe(&many)).await;
    let refusal = client.next().await;
    assert_eq!(refusal["data"]["code"], "invalid_spec", "{refusal}");

    let mut names = Vec::new();
    for _ in 0..TOPICS_MAX {
        let other = installation.scene.another_application().await;
        let deployment = installation.scene.deploy_of(&other).await;
        names.push(topic(deployment.id));
    }
    client.say(&subscribe(&names)).await;
    let mut confirmed = 0;
    while confirmed < TOPICS_MAX {
        let said = client.next().await;
        confirmed += usize::from(said["event"] == "subscribed");
    }
    let one_more = topic(installation.scene.deploy().await.id);
    client.say(&subscribe([&one_more])).await;
    let refusal = loop {
        let said = client.next().await;
        if said["topic"] == one_more {
            break said;
        }
    };
    assert_eq!(refusal["data"]["code"], "rate_limited", "{refusal}");
    // Watching the same ones again is not more.
    client.say(&subscribe([&names[0]])).await;
    let again = client.next().await;
    assert_eq!(again["event"], "subscribed", "{again}");
}

#[tokio::test]
async fn who_asks_without_end_is_told_to_wait_as_over_http() {
    let installation = Installation::in_memory().await.with_rate_limit("5/min");
    let server = installation.server().await;
    let admin = installation.person(&server, Role::Admin).await;
    let mut client = Client::open(server.address, &admin.token).await;
    let mut codes = Vec::new();
    for _ in 0..6 {
        client.say(&subscribe([topic(DeploymentId::new())])).await;
        codes.push(client.next().await["data"]["code"].clone());
    }
    assert_eq!(codes[0], "not_found");
    assert_eq!(codes[5], "rate_limited");
    // It is the same bucket.
    let mut read =
        crate::client::Stream::get(server.address, "/api/projects", &admin.token, &[]).await;
    assert_eq!(read.status().await, 429);
}

#[tokio::test]
async fn what_is_no_message_is_refused_or_ends_the_socket_and_no_other() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let admin = installation.person(&server, Role::Admin).await;
    let mut client = Client::open(server.address, &admin.token).await;
    let nested = "[".repeat(30_000);
    for text in [
        "",
        "{",
        "null",
        "\u{0}",
        "{\"type\":\"subscribe\",\"topics\":[1]}",
        &nested,
    ] {
        client.write(text).await;
        let refusal = client.next().await;
        assert_eq!(
            refusal["data"]["code"], "invalid_spec",
            "{text:?}: {refusal}"
        );
    }
    // Bytes mean nothing here.
    client.write_bytes(&[0xff, 0xfe]).await;
    let after = json!({"type": "subscribe", "topics": [], "after": -1});
    client.say(&after).await;
    assert_eq!(client.next().await["data"]["code"], "invalid_spec");

    client.write(&"x".repeat(100 * 1024)).await;
    closed(&mut client).await;
    ensure_alive(&installation, &server).await;
}

#[tokio::test]
async fn what_is_no_handshake_opens_no_socket() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let admin = installation.person(&server, Role::Admin).await;
    let in_the_address = format!("/api/ws?token={}", admin.token);
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let with =
        |version: &'static str| [&upgrade[..], &[("sec-websocket-version", version)]].concat();
    for (path, token, headers, status) in [
        ("/api/ws", admin.token.as_str(), vec![], 400),
        ("/api/ws", admin.token.as_str(), upgrade.to_vec(), 400),
        ("/api/ws", admin.token.as_str(), with("8"), 400),
        ("/api/ws", "dkp_unknown", with("13"), 401),
        (in_the_address.as_str(), "dkp_unknown", with("13"), 401),
    ] {
        let mut stream = crate::client::Stream::get(server.address, path, token, &headers).await;
        assert_eq!(stream.status().await, status, "{path} {headers:?}");
    }
}

/// Somebody with a session, and a socket of it.
async fn with_session(server: &Server) -> (Actor, Client) {
    let password = dokploy_core::Secret::new("correct horse battery");
    let nobody = Actor::anonymous();
    let signed_in = server
        .control
        .register(&nobody, "anna", &password, None)
        .await;
    let signed_in = signed_in.unwrap();
    let client = Client::open(server.address, signed_in.token.expose()).await;
    let actor = Actor::of(Identity::User {
        user: signed_in.user,
        session: signed_in.session.id,
    });
    (actor, client)
}

#[tokio::test]
async fn a_logout_and_a_new_password_close_the_sockets_of_the_session() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let (anna, mut client) = with_session(&server).await;
    server.control.logout(&anna).await.unwrap();
    assert_eq!(soon(&mut client).await, 4401);

    let password = dokploy_core::Secret::new("correct horse battery");
    let nobody = Actor::anonymous();
    let again = server
        .control
        .login(&nobody, "anna", &password)
        .await
        .unwrap();
    let mut client = Client::open(server.address, again.token.expose()).await;
    let anna = Actor::of(Identity::User {
        user: again.user,
        session: again.session.id,
    });
    let new = dokploy_core::Secret::new("battery staple");
    server
        .control
        .change_password(&anna, &password, &new)
        .await
        .unwrap();
    assert_eq!(soon(&mut client).await, 4401);
}

#[tokio::test]
async fn a_token_that_is_deleted_takes_its_sockets_along() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let Person { actor, token } = installation.person(&server, Role::Viewer).await;
    let mut client = Client::open(server.address, &token).await;
    let first = dokploy_core::model::PageRequest::first();
    let tokens = server.control.tokens(&actor, None, first).await.unwrap();
    server
        .control
        .delete_token(&actor, tokens.items[0].id)
        .await
        .unwrap();
    assert_eq!(soon(&mut client).await, 4401);
}

/// The code with which the server closes a socket before its next look at who is there.
async fn soon(client: &mut Client) -> u16 {
    let begun = std::time::Instant::now();
    let code = closed(client).await;
    assert!(begun.elapsed() < PATIENCE / 4, "{:?}", begun.elapsed());
    code
}
