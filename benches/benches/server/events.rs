//! Events of deployments, as a socket receives them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

/// A socket that watches one topic.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub(crate) async fn watch(address: SocketAddr, token: &str, topic: &str) -> Result<Self> {
        let mut request = format!("ws://{address}/api/ws").into_client_request()?;
        let protocol = format!("bearer, {token}").parse()?;
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let stream = TcpStream::connect(address).await?;
        let config = WebSocketConfig::default().read_buffer_size(4 * 1024);
        let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await?;
        let subscribe = json!({"type": "subscribe", "topics": [topic]});
        socket
            .send(Message::Text(subscribe.to_string().into()))
            .await?;
        let mut watching = Self(socket);
        let confirmed = watching.next().await?;
        ensure!(confirmed["event"] == "subscribed", "{confirmed}");
        Ok(watching)
    }

    async fn next(&mut self) -> Result<Value> {
        loop {
            match self.0.next().await.context("the socket was closed")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(_) => bail!("the server closed the socket"),
                _ => {}
            }
        }
    }

    /// When the first event of each of so many deployments arrived.
    pub(crate) async fn arrivals(mut self, deployments: usize) -> Result<HashMap<String, Instant>> {
        let mut arrivals = HashMap::new();
        while arrivals.len() < deployments {
            let message = self.next().await?;
            let now = Instant::now();
            if let Some(id) = message["data"]["deploymentId"].as_str() {
                arrivals.entry(id.to_owned()).or_insert(now);
            }
        }
        Ok(arrivals)
    }
}
