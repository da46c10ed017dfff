//! The other end of a socket.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// How long a message may be under way: longer than the lease of a worker that was killed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(45);

pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
}

impl Client {
    /// Opens a socket with a token, as a page does.
    pub(crate) async fn open(server: SocketAddr, token: &str) -> Self {
        Self::with(
            server,
            &[("sec-websocket-protocol", &format!("bearer, {token}"))],
        )
        .await
        .unwrap()
    }

    /// Opens a socket with these headers, or answers the status of the refusal.
    pub(crate) async fn with(
        server: SocketAddr,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let stream = TcpStream::connect(server).await.unwrap();
        // A thousand of them share the memory of one process.
        let config = WebSocketConfig::default().read_buffer_size(4 * 1024);
        match client_async_with_config(request(server, headers), stream, Some(config)).await {
            Ok((socket, _)) => Ok(Self { socket }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn say(&mut self, message: &Value) {
        let text = Message::Text(message.to_string().into());
        self.socket.send(text).await.unwrap();
    }

    /// Sends a text, whatever it is. The server may close the socket before its end.
    pub(crate) async fn write(&mut self, text: &str) {
        let _closed = self.socket.send(Message::Text(text.into())).await;
    }

    /// Sends bytes.
    pub(crate) async fn write_bytes(&mut self, bytes: &[u8]) {
        let bytes = Message::Binary(bytes.to_vec().into());
        self.socket.send(bytes).await.unwrap();
    }

    /// Watches something, which the server confirms.
    pub(crate) async fn watch(&mut self, topic: &str, after: u64) {
        self.say(&json!({"type": "subscribe", "topics": [topic], "after": after}))
            .await;
        let confirmed = self.next().await;
        assert_eq!(confirmed["event"], "subscribed", "{confirmed}");
        assert_eq!(confirmed["topic"], topic);
    }

    /// The next message.
    pub(crate) async fn next(&mut self) -> Value {
        self.try_next().await.expect("the server closed the socket")
    }

    /// The next message, or the code with which the server closes the socket.
    pub(crate) async fn try_next(&mut self) -> Result<Value, u16> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.socket.next());
            match message.await.expect("nothing arrives") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => {
                    return Err(frame.map_or(1005, |frame| frame.code.into()));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(1006),
            }
        }
    }

    /// Cuts the connection, as a network does.
    pub(crate) fn cut(self) {
        drop(self);
    }
}

fn request(server: SocketAddr, headers: &[(&'static str, &str)]) -> Request {
    let mut request = format!("ws://{server}/api/ws")
        .into_client_request()
        .unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

/// A request whose answer is read as it comes.
pub(crate) struct Stream {
    stream: TcpStream,
    received: String,
}

impl Stream {
    pub(crate) async fn get(
        server: SocketAddr,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let mut stream = TcpStream::connect(server).await.unwrap();
        let mut request =
            format!("GET {path} HTTP/1.1\r\nhost: {server}\r\nauthorization: Bearer {token}\r\n");
        for (name, value) in headers {
            write!(request, "{name}: {value}\r\n").expect("a text grows");
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        Self {
            stream,
            received: String::new(),
        }
    }

    /// Reads until something was received, and answers everything up to its end.
    pub(crate) async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.received.find(end) {
                let rest = self.received.split_off(at + end.len());
                return std::mem::replace(&mut self.received, rest);
            }
            let mut buffer = vec![0; 16 * 1024];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut buffer));
            let count = read.await.expect("nothing arrives").unwrap();
            assert!(count > 0, "no {end:?} came: {}", self.received);
            self.received
                .push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    }

    /// The status code.
    pub(crate) async fn status(&mut self) -> u16 {
        let head = self.until("\r\n\r\n").await;
        head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The fields of the next event.
    pub(crate) async fn event(&mut self) -> Event {
        loop {
            let block = self.until("\n\n").await;
            let field = |name: &str| {
                let mut lines = block.lines();
                lines.find_map(|line| line.strip_prefix(name).map(|value| value.trim().to_owned()))
            };
            // Others are comments that keep the connection alive.
            if let Some(name) = field("event:") {
                return Event {
                    name,
                    id: field("id:"),
                    data: serde_json::from_str(&field("data:").unwrap()).unwrap(),
                };
            }
        }
    }
}

/// A server-sent event.
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) data: Value,
}
