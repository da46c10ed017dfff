//! Server-sent events, for whoever needs one subject and no socket.

use dokploy_core::model::Role;

use crate::client::Stream;
use crate::installation::Installation;

const EVENTS: (&str, &str) = ("accept", "text/event-stream");

#[tokio::test]
async fn events_go_on_after_the_last_one_that_was_read() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let viewer = installation.person(&server, Role::Admin).await;
    let claim = installation.running().await;
    let path = format!("/api/deployments/{}/events", claim.deployment.id);

    let mut stream = Stream::get(server.address, &path, &viewer.token, &[EVENTS]).await;
    assert_eq!(stream.status().await, 200);
    for seq in ["1", "2"] {
        let event = stream.event().await;
        assert_eq!(
            (event.name.as_str(), event.id.as_deref()),
            ("deployment.status", Some(seq))
        );
    }
    server.say(&installation.scene, &claim, "live").await;
    let event = stream.event().await;
    assert_eq!(event.data["change"]["message"], "live");
    drop(stream);

    server.end(&installation.scene, &claim).await;
    let headers = [EVENTS, ("last-event-id", "2")];
    let mut stream = Stream::get(server.address, &path, &viewer.token, &headers).await;
    assert_eq!(stream.event().await.id.as_deref(), Some("3"));
    assert_eq!(stream.event().await.data["status"], "failed");
    assert_eq!(stream.event().await.name, "end");

    let headers = [EVENTS, ("last-event-id", "4")];
    let mut stream = Stream::get(server.address, &path, &viewer.token, &headers).await;
    assert_eq!(
        stream.status().await,
        204,
        "a client does not come back for ever"
    );
}

#[tokio::test]
async fn without_asking_for_a_stream_the_answer_is_a_part() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let viewer = installation.person(&server, Role::Admin).await;
    let claim = installation.running().await;
    let path = format!("/api/deployments/{}/events?after=1", claim.deployment.id);
    let mut stream = Stream::get(server.address, &path, &viewer.token, &[]).await;
    let answer = stream.until("\"nextCursor\":null}").await;
    assert!(
        answer.contains("\"seq\":2") && !answer.contains("\"seq\":1,"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_stream_ends_with_the_right_to_it() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let viewer = installation.person(&server, Role::Admin).await;
    let claim = installation.running().await;
    let path = format!("/api/deployments/{}/logs?follow=true", claim.deployment.id);
    let mut stream = Stream::get(server.address, &path, &viewer.token, &[]).await;
    assert_eq!(stream.status().await, 200);
    let user = viewer.actor.user_id().unwrap();
    server
        .control
        .delete_user(&dokploy_core::access::Actor::system("test"), user)
        .await
        .unwrap();
    let closed = stream.event().await;
    assert_eq!(closed.name, "error");
    assert_eq!(closed.data["code"], "unauthenticated");
}

#[tokio::test]
async fn what_is_not_reached_is_not_there() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let stranger = installation.person(&server, Role::Developer).await;
    let claim = installation.running().await;
    for part in ["events", "logs"] {
        let path = format!("/api/deployments/{}/{part}", claim.deployment.id);
        let mut stream = Stream::get(server.address, &path, &stranger.token, &[EVENTS]).await;
        assert_eq!(stream.status().await, 404, "{part}");
    }
}
