//! Clients that read slowly, or never.

use std::time::{Duration, Instant};

use dokploy_core::deployment::Step;
use dokploy_core::log::{LogLimits, LogStore};
use dokploy_core::model::Role;
use dokploy_core::secret::Redactor;

use crate::client::Client;
use crate::installation::{Installation, topic};

/// More than the buffers of a connection take.
const LINES: u64 = 4_000;
const LINE: usize = 8 * 1024;

/// Writes a log that is larger than every buffer.
async fn large_log(installation: &Installation, id: dokploy_core::id::DeploymentId) {
    let logs = LogStore::open(
        installation.directory.path().join("logs"),
        LogLimits::default(),
    );
    let logs = logs.unwrap();
    let writer = logs
        .writer(id, Step::BuildImage, Redactor::new([]))
        .await
        .unwrap();
    let text = "x".repeat(LINE);
    for number in 1..=LINES {
        writer.say(&format!("{number} {text}"));
    }
    writer.finish().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_client_is_told_where_to_go_on_and_misses_nothing() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let viewer = installation.person(&server, Role::Admin).await;
    let id = installation.running().await.deployment.id;
    large_log(&installation, id).await;
    let name = format!("logs:deployment:{id}");
    let mut client = Client::open(server.address, &viewer.token).await;
    client.watch(&name, 0).await;
    // It reads nothing until the server has given up waiting.
    tokio::time::sleep(Duration::from_secs(15)).await;
    let mut read = 0;
    let lagged = loop {
        let message = client.next().await;
        if message["event"] == "lagged" {
            break message;
        }
        read += 1;
        assert_eq!(message["seq"], read, "without a gap");
    };
    assert!(read < LINES, "the buffers took everything");
    assert_eq!(lagged["seq"], read);
    assert_eq!(lagged["topic"], name);
    client.watch(&name, read).await;
    while read < LINES {
        read += 1;
        assert_eq!(client.next().await["seq"], read);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_clients_that_never_read_hold_nobody_up() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let viewer = installation.person(&server, Role::Admin).await;
    let reader = installation.person(&server, Role::Admin).await;
    let claim = installation.running().await;
    let id = claim.deployment.id;
    large_log(&installation, id).await;
    let mut silent = Vec::new();
    for _ in 0..100 {
        let mut client = Client::open(server.address, &viewer.token).await;
        let topics = [format!("logs:deployment:{id}"), topic(id)];
        client
            .say(&serde_json::json!({"type": "subscribe", "topics": topics}))
            .await;
        silent.push(client);
    }
    let mut client = Client::open(server.address, &reader.token).await;
    client.watch(&topic(id), 2).await;
    let mut slowest = Duration::ZERO;
    for number in 0..50 {
        let begun = Instant::now();
        server
            .say(&installation.scene, &claim, &format!("number {number}"))
            .await;
        assert_eq!(client.next().await["seq"], number + 3);
        slowest = slowest.max(begun.elapsed());
    }
    println!("with 100 silent clients an event takes at most {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}
