//! Connections of clients that do not speak as they should.

use std::net::SocketAddr;
use std::time::Duration;

use dokploy_http::server::listen;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::world::World;

/// How long the head of a request may take, and how long a connection may be idle.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on a port of its own, for as long as the test lasts.
struct Server {
    address: SocketAddr,
    _world: World,
    _serving: JoinSet<()>,
}

impl Server {
    async fn start() -> Self {
        let world = World::new().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut serving = JoinSet::new();
        let stop = CancellationToken::new();
        serving.spawn(listen::serve(listener, world.router.clone(), stop));
        Self {
            address,
            _world: world,
            _serving: serving,
        }
    }

    /// What it answers to these bytes until it closes the connection.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // It may have heard enough before the end.
        let _closed = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Checks that others are served as before.
    async fn ensure_alive(&self) {
        let answer = self
            .say(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
            .await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

/// The head of a request, with more lines.
fn head(lines: &str) -> Vec<u8> {
    format!("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{lines}\r\n").into_bytes()
}

#[tokio::test]
async fn a_head_that_is_too_large_or_has_too_many_lines_is_refused() {
    let server = Server::start().await;
    let lines = |count: usize| {
        let lines: Vec<_> = (0..count)
            .map(|number| format!("x-{number}: 1\r\n"))
            .collect();
        lines.concat()
    };
    let many = lines(98);
    assert_eq!(status(&server.say(&head(&many)).await), "200");
    let too_many = lines(200);
    assert_eq!(status(&server.say(&head(&too_many)).await), "431");
    let large = format!("x: {}\r\n", "x".repeat(60 * 1024));
    assert_eq!(status(&server.say(&head(&large)).await), "200");
    let too_large = format!("x: {}\r\n", "x".repeat(140 * 1024));
    assert_eq!(status(&server.say(&head(&too_large)).await), "431");
    let long = format!(
        "GET /{} HTTP/1.1\r\nhost: a\r\n\r\n",
        "x".repeat(140 * 1024)
    );
    let answer = server.say(long.as_bytes()).await;
    assert!(["414", "431"].contains(&status(&answer)), "{answer}");
    server.ensure_alive().await;
}

#[tokio::test]
async fn what_is_no_request_ends_its_connection_and_no_other() {
    let server = Server::start().await;
    let post = "POST /api/auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
    for request in [
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET /healthz\r\n\r\n".to_owned(),
        "GET /a b HTTP/1.1\r\nhost: a\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost : a\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nhost: a\r\nx: a\u{0}b\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\n folded: a\r\n\r\n".to_owned(),
        // Two who disagree about where a request ends would see different ones.
        format!("{post}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}"),
        format!("{post}content-length: +2\r\n\r\n{{}}"),
        format!("{post}content-length: 99999999999999999999\r\n\r\n{{}}"),
        format!("{post}transfer-encoding: chunked, identity\r\n\r\n{{}}"),
    ] {
        let answer = server.say(request.as_bytes()).await;
        assert!(
            answer.is_empty() || status(&answer) == "400",
            "{request:?}: {answer}"
        );
    }
    server.ensure_alive().await;
}

#[tokio::test]
async fn a_body_that_is_cut_into_wrong_pieces_is_refused() {
    let server = Server::start().await;
    let post = "POST /api/auth/login HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\nconnection: close\r\n";
    for body in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}xx0\r\n\r\n",
        "ffffffffffffffffff\r\n",
    ] {
        let request = format!("{post}transfer-encoding: chunked\r\n\r\n{body}");
        let answer = server.say(request.as_bytes()).await;
        assert_eq!(status(&answer), "400", "{body:?}: {answer}");
    }
    // Pieces without end are read up to the limit of a body.
    let piece = format!("10000\r\n{}\r\n", "x".repeat(0x10000)).repeat(40);
    let request = format!("{post}transfer-encoding: chunked\r\n\r\n{piece}");
    let answer = server.say(request.as_bytes()).await;
    assert!(answer.is_empty() || status(&answer) == "413", "{answer}");
    server.ensure_alive().await;
}

#[tokio::test(start_paused = true)]
async fn who_never_finishes_a_head_or_says_nothing_more_is_cut_off() {
    let server = Server::start().await;
    for said in [
        "",
        "GET /healthz HTTP/1.1\r\nhost: a\r\nx-slow: ",
        "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n",
    ] {
        let begun = Instant::now();
        let answer = server.say(said.as_bytes()).await;
        let is_served = said.ends_with("\r\n\r\n");
        assert_eq!(answer.starts_with("HTTP/1.1 200 "), is_served, "{answer}");
        let lasted = begun.elapsed();
        assert!(
            lasted >= PATIENCE && lasted < PATIENCE * 2,
            "{said:?} was cut off after {lasted:?}"
        );
    }
    server.ensure_alive().await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_trickles_in_gets_no_more_time_than_another() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let begun = Instant::now();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\n")
        .await
        .unwrap();
    let mut line = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(5)).await;
        line += 1;
        let said = stream
            .write_all(format!("x-{line}: 1\r\n").as_bytes())
            .await;
        let mut byte = [0];
        let heard = stream.try_read(&mut byte);
        if said.is_err() || matches!(heard, Ok(0)) {
            break;
        }
        assert!(
            begun.elapsed() < PATIENCE * 2,
            "it still listens after {line} lines"
        );
    }
    server.ensure_alive().await;
}
