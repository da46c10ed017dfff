//! What sockets cost.

use dokploy_core::model::Role;

use crate::client::Client;
use crate::installation::{Installation, topic};

/// Sockets at the same time.
const SOCKETS: usize = 1_000;

/// Most bytes of memory that they may need altogether, at both ends.
const BYTES_MAX: usize = 80 * 1024 * 1024;

/// Bytes of memory of this process.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kibibytes: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_sockets_need_little_memory() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let claim = installation.running().await;
    let name = topic(claim.deployment.id);
    let mut people = Vec::new();
    for _ in 0..20 {
        people.push(installation.person(&server, Role::Admin).await);
    }
    let before = resident();
    let mut clients = Vec::new();
    for number in 0..SOCKETS {
        let person = &people[number % people.len()];
        let mut client = Client::open(server.address, &person.token).await;
        client.watch(&name, 2).await;
        clients.push(client);
    }
    let needed = resident().saturating_sub(before);
    println!(
        "{SOCKETS} sockets need {} MiB at both ends",
        needed / 1024 / 1024
    );
    assert!(needed < BYTES_MAX, "{needed}");
    server
        .say(&installation.scene, &claim, "to everybody")
        .await;
    for client in &mut clients {
        assert_eq!(client.next().await["seq"], 3);
    }
}

#[tokio::test]
async fn nobody_has_more_sockets_than_he_may() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let person = installation.person(&server, Role::Viewer).await;
    let other = installation.person(&server, Role::Viewer).await;
    let mut clients = Vec::new();
    for _ in 0..dokploy_http::live::Seats::USER_MAX {
        clients.push(Client::open(server.address, &person.token).await);
    }
    let protocol = format!("bearer, {}", person.token);
    let headers = [("sec-websocket-protocol", protocol.as_str())];
    let refused = Client::with(server.address, &headers).await.err();
    assert_eq!(refused, Some(429));
    Client::open(server.address, &other.token).await;
}
