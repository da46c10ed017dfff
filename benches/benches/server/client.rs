//! A connection that does as little as a client can, so that what is measured is the server.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// One connection that stays open.
pub(crate) struct Client {
    address: SocketAddr,
    authorization: Option<String>,
    sender: SendRequest<Full<Bytes>>,
    /// Ends with it.
    _connection: JoinSet<()>,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr, token: Option<&str>) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        let mut running = JoinSet::new();
        running.spawn(async move {
            // Whoever sends learns of what goes wrong.
            connection.await.ok();
        });
        Ok(Self {
            address,
            authorization: token.map(|token| format!("Bearer {token}")),
            sender,
            _connection: running,
        })
    }

    pub(crate) async fn request(
        &mut self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string());
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        self.sender.ready().await?;
        let answer = self
            .sender
            .send_request(request.body(Full::new(bytes))?)
            .await?;
        Ok(Answer {
            status: answer.status(),
            body: answer.into_body().collect().await?.to_bytes(),
        })
    }

    /// Makes something, and answers what was made.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let answer = self.request(Method::POST, path, Some(body)).await?;
        let text = String::from_utf8_lossy(&answer.body);
        ensure!(answer.status.is_success(), "{path}: {text}");
        serde_json::from_str(&text).with_context(|| path.to_owned())
    }
}

/// A text field of an answer.
pub(crate) fn field(value: &Value, name: &str) -> Result<String> {
    let text = value[name].as_str();
    Ok(text
        .with_context(|| format!("{name} is missing"))?
        .to_owned())
}
