//! Requests of one person to one server.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Longer than a server lets anybody wait.
const PATIENCE: Duration = Duration::from_secs(40);

/// One person at one server.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    client: reqwest::Client,
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) text: String,
    /// How long it took.
    pub(crate) took: Duration,
}

impl Api {
    /// Somebody who has not signed in.
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        // Whoever is first installs it, and all want the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            client: reqwest::Client::builder().timeout(PATIENCE).build()?,
            address,
            token: String::new(),
        })
    }

    /// The same server, as somebody else.
    pub(crate) fn with(&self, token: &str) -> Self {
        Self {
            token: token.to_owned(),
            ..self.clone()
        }
    }

    /// The same person at another server.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self {
            address,
            ..self.clone()
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, &Value::Null, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.call(Method::POST, path, body, None).await
    }

    /// Asks for something that happens once, however often it is asked for with this key.
    pub(crate) async fn post_once(&self, path: &str, body: &Value, key: &str) -> Result<Answer> {
        self.call(Method::POST, path, body, Some(key)).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        key: Option<&str>,
    ) -> Result<Answer> {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.client.request(method, url);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if !body.is_null() {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let begun = Instant::now();
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        Ok(Answer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
            took: begun.elapsed(),
        })
    }
}

impl Answer {
    /// Checks the status and gives the body.
    pub(crate) fn expect(self, status: u16) -> Result<Value> {
        ensure!(self.status == status, "not {status}: {self:?}");
        Ok(self.body)
    }

    /// Checks that it is the answer of a server that cannot serve now and says when to come back.
    pub(crate) fn is_away(&self) -> Result<()> {
        let after = self.headers.get("retry-after");
        let after = after.and_then(|after| after.to_str().ok()?.parse::<u64>().ok());
        let right = self.status == 503
            && after.is_some_and(|seconds| seconds > 0)
            && self.body["code"] == "unavailable";
        ensure!(right, "no 503 with Retry-After: {self:?}");
        Ok(())
    }
}

/// A text of a body.
pub(crate) fn text(value: &Value) -> Result<String> {
    let text = value
        .as_str()
        .with_context(|| format!("no text: {value}"))?;
    Ok(text.to_owned())
}
