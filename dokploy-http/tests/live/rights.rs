//! A right that is taken away ends what is open.

use std::time::{Duration, Instant};

use dokploy_core::access::Actor;
use dokploy_core::control::{ProjectChange, UserChange};
use dokploy_core::model::Role;

use crate::client::Client;
use crate::installation::{Installation, Person, Server, topic};

/// A developer who watches a deployment of his project.
struct Watching {
    installation: Installation,
    server: Server,
    person: Person,
    client: Client,
    name: String,
}

impl Watching {
    async fn new() -> Self {
        let installation = Installation::in_memory().await;
        let server = installation.server().await;
        let person = installation.person(&server, Role::Developer).await;
        installation.give_project_to(&person).await;
        let claim = installation.running().await;
        let name = topic(claim.deployment.id);
        let mut client = Client::open(server.address, &person.token).await;
        client.watch(&name, 0).await;
        for seq in 1..=2 {
            assert_eq!(client.next().await["seq"], seq);
        }
        Self {
            installation,
            server,
            person,
            client,
            name,
        }
    }
}

#[tokio::test]
async fn who_loses_the_project_loses_the_topic_and_keeps_the_socket() {
    let mut watching = Watching::new().await;
    let team = {
        let control = &watching.server.control;
        let system = Actor::system("test");
        let team = control.create_team(&system, "others").await.unwrap();
        let mut project = watching
            .installation
            .scene
            .store
            .find_project(watching.installation.scene.project.id)
            .await
            .unwrap()
            .unwrap();
        project.owner_id = None;
        watching
            .installation
            .scene
            .store
            .update_project(&project)
            .await
            .unwrap();
        team
    };
    let begun = Instant::now();
    // The change that tells everybody.
    let change = ProjectChange {
        team_id: Some(Some(team.id)),
        ..ProjectChange::default()
    };
    let project = watching.installation.scene.project.id;
    watching
        .server
        .control
        .update_project(&Actor::system("test"), project, None, change)
        .await
        .unwrap();
    let closed = watching.client.next().await;
    assert_eq!(closed["event"], "closed", "{closed}");
    assert_eq!(closed["topic"], watching.name);
    assert_eq!(closed["data"]["code"], "permission_denied");
    assert!(begun.elapsed() < Duration::from_secs(5));
    watching
        .client
        .say(&serde_json::json!({"type": "subscribe", "topics": [watching.name]}))
        .await;
    let refused = watching.client.next().await;
    assert_eq!(refused["data"]["code"], "not_found", "{refused}");
}

#[tokio::test]
async fn who_is_disabled_loses_the_socket_at_once() {
    let mut watching = Watching::new().await;
    let begun = Instant::now();
    let change = UserChange {
        disabled: Some(true),
        ..UserChange::default()
    };
    let user = watching.person.actor.user_id().unwrap();
    watching
        .server
        .control
        .update_user(&Actor::system("test"), user, None, change)
        .await
        .unwrap();
    let code = loop {
        match watching.client.try_next().await {
            // The topic may be closed before the socket is.
            Ok(message) => assert_eq!(message["event"], "closed", "{message}"),
            Err(code) => break code,
        }
    };
    assert_eq!(code, 4401);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let mut watching = Watching::new().await;
    watching.server.closing.cancel();
    assert_eq!(watching.client.try_next().await, Err(1001));
}
