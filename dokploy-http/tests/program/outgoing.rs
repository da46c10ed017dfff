//! Addresses that a user may name and the server must not connect to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dokploy_tests::environment::Environment;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::server::Server;

/// Something on the machine of the server that nobody may reach through it.
struct Inside {
    port: u16,
    connections: Arc<AtomicUsize>,
    _listening: JoinSet<()>,
}

impl Inside {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self {
            port,
            connections,
            _listening: listening,
        }
    }
}

/// Every way to name the machine itself and its surroundings.
fn addresses(port: u16) -> Vec<String> {
    let hosts = [
        "127.0.0.1",
        "127.1",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "10.0.0.1",
        "192.168.0.1",
        "172.16.0.1",
        "100.64.0.1",
    ];
    let mut addresses: Vec<_> = hosts
        .iter()
        .map(|host| format!("http://{host}:{port}/a.git"))
        .collect();
    for scheme in ["https", "ssh", "git", "ftp", "gopher", "dict", "unix"] {
        addresses.push(format!("{scheme}://127.0.0.1:{port}/a.git"));
    }
    addresses.extend([
        format!("http://git.example.com@127.0.0.1:{port}/a.git"),
        format!("http://127.0.0.1:{port}#git.example.com/a.git"),
        format!("http://127.0.0.1:{port}\\@git.example.com/a.git"),
        "file:///etc/passwd".to_owned(),
        "/etc".to_owned(),
        "../a".to_owned(),
        "ext::sh -c id".to_owned(),
        "--upload-pack=id".to_owned(),
        "git@127.0.0.1:a.git".to_owned(),
    ]);
    addresses
}

#[tokio::test]
async fn no_repository_leads_the_server_to_its_own_machine() {
    let Some(environment) = Environment::find() else {
        return;
    };
    let inside = Inside::start().await;
    let mut server = Server::start(&environment.docker_host).await;
    let project = server.post("/api/projects", &json!({"name": "shop"})).await;
    let mut planned = 0;
    for (number, address) in addresses(inside.port).into_iter().enumerate() {
        let source = json!({"repoUrl": address, "branch": "main"});
        let body =
            json!({"projectId": project["id"], "name": format!("a{number}"), "gitSource": source});
        let (status, made) = server
            .ask(Method::POST, "/api/applications", Some(&body))
            .await;
        if status == 422 {
            continue;
        }
        assert_eq!(status, 201, "{address}: {made}");
        // A name is looked at when it is connected to: planning does that.
        planned += 1;
        let path = format!("/api/applications/{}/plan", made["id"].as_str().unwrap());
        let (status, problem) = server.ask(Method::POST, &path, None).await;
        // Some names mean nothing on some machines.
        let is_unknown = problem["detail"].to_string().contains("cannot be resolved");
        assert!(status == 422 || is_unknown, "{address}: {problem}");
        assert!(
            !problem.to_string().contains("root:"),
            "{address}: {problem}"
        );
    }
    assert!(planned > 0, "nothing got as far as a connection");
    assert_eq!(inside.connections.load(Ordering::Relaxed), 0);
    assert!(server.stop().await.success());
}
