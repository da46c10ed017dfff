//! A client that comes back misses nothing and sees nothing twice.

use dokploy_core::deployment::Step;
use dokploy_core::log::{LogLimits, LogStore};
use dokploy_core::model::Role;
use dokploy_core::secret::Redactor;

use crate::client::Client;
use crate::installation::{Installation, topic};

/// How often the connection is cut.
const CUTS: u64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_without_gap_however_often_the_socket_is_cut() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let viewer = installation.person(&server, Role::Admin).await;
    let claim = installation.running().await;
    let name = topic(claim.deployment.id);
    let scene = &installation.scene;

    let working = async {
        for number in 0..CUTS {
            server.say(scene, &claim, &format!("number {number}")).await;
        }
        server.end(scene, &claim).await;
    };
    let watching = async {
        let mut seen = Vec::new();
        let mut after = 0;
        loop {
            let mut client = Client::open(server.address, &viewer.token).await;
            client.watch(&name, after).await;
            let message = client.next().await;
            if message["event"] == "end" {
                return seen;
            }
            assert_eq!(message["event"], "deployment.status", "{message}");
            after = message["seq"].as_u64().unwrap();
            seen.push(message);
            client.cut();
        }
    };
    let (seen, ()) = tokio::join!(watching, working);

    let stored = scene.log(claim.deployment.id).await;
    assert_eq!(seen.len(), stored.len());
    assert!(seen.len() as u64 > CUTS);
    for (message, event) in seen.iter().zip(&stored) {
        assert_eq!(message["seq"], event.seq);
        assert_eq!(message["data"]["change"]["type"], event.kind.name());
    }
    let last = seen.last().unwrap();
    assert_eq!(last["data"]["status"], "failed");
    assert_eq!(
        last["data"]["deploymentId"],
        claim.deployment.id.to_string()
    );
    assert_eq!(
        last["data"]["applicationId"],
        claim.deployment.application_id.to_string()
    );
}

#[tokio::test]
async fn a_log_goes_on_after_the_line_that_was_read() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let viewer = installation.person(&server, Role::Admin).await;
    let claim = installation.running().await;
    let id = claim.deployment.id;
    let logs = LogStore::open(
        installation.directory.path().join("logs"),
        LogLimits::default(),
    );
    let writer = logs.unwrap();
    let writer = writer
        .writer(id, Step::BuildImage, Redactor::new([]))
        .await
        .unwrap();
    for number in 1..=20 {
        writer.say(&format!("line {number}"));
    }
    writer.finish().await.unwrap();

    let name = format!("logs:deployment:{id}");
    let mut after = 0;
    for number in 1..=20 {
        let mut client = Client::open(server.address, &viewer.token).await;
        client.watch(&name, after).await;
        let line = client.next().await;
        assert_eq!(line["event"], "log");
        assert_eq!(line["data"]["text"], format!("line {number}"));
        after = line["seq"].as_u64().unwrap();
    }
}

#[tokio::test]
async fn a_project_shows_where_each_deployment_stands_also_to_whoever_comes_back() {
    let installation = Installation::in_memory().await;
    let server = installation.server().await;
    let viewer = installation.person(&server, Role::Admin).await;
    let claim = installation.running().await;
    let id = claim.deployment.id.to_string();
    let project = format!("project:{}", installation.scene.project.id);
    let application = format!("application:{}", installation.scene.application.id);
    for name in [&project, &application] {
        let mut client = Client::open(server.address, &viewer.token).await;
        client.watch(name, 0).await;
        let now = client.next().await;
        assert_eq!(now["data"]["deploymentId"], id, "{now}");
        assert_eq!(now["topic"], *name);
    }
    let mut client = Client::open(server.address, &viewer.token).await;
    client.watch(&project, 0).await;
    let before = client.next().await["seq"].as_u64().unwrap();
    server.say(&installation.scene, &claim, "news").await;
    assert_eq!(client.next().await["seq"], before + 1);
    client.cut();

    server.end(&installation.scene, &claim).await;
    let mut client = Client::open(server.address, &viewer.token).await;
    client.watch(&project, 0).await;
    let missed = client.next().await;
    assert_eq!(missed["data"]["status"], "failed", "{missed}");
}
