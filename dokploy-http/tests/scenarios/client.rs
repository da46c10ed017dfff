//! Requests over a network, and events as they come.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use reqwest::{Method, Response};
use serde_json::Value;

use crate::routes::Request;

/// How long an answer, and a stream of events, may take.
const PATIENCE: Duration = Duration::from_mins(3);

/// Somebody who asks.
pub(crate) struct Caller {
    client: reqwest::Client,
    /// Of an account; empty until there is one.
    pub(crate) token: String,
}

impl Caller {
    pub(crate) fn new() -> Self {
        // Somebody else may have been first, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            client: reqwest::Client::new(),
            token: String::new(),
        }
    }

    /// Sends a request, and answers its status and its body, which is null where there is none.
    pub(crate) async fn send(&self, url: &str, request: &Request) -> Result<(u16, Value)> {
        let mut building = self.building(url, request)?;
        if let Some(body) = &request.body {
            building = building
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = building.send().await?;
        let status = response.status().as_u16();
        let text = response.text().await?;
        let body = match text.as_str() {
            "" => Value::Null,
            text => serde_json::from_str(text).with_context(|| format!("{status}: {text}"))?,
        };
        Ok((status, body))
    }

    /// Events of a deployment after a number, as the server sends them.
    pub(crate) async fn events(
        &self,
        url: &str,
        deployment: &str,
        after: u64,
    ) -> Result<BoxStream<'static, Result<Value>>> {
        let request = Request {
            method: "GET".to_owned(),
            path: format!("/api/deployments/{deployment}/events?after={after}"),
            headers: vec![("accept", "text/event-stream".to_owned())],
            body: None,
        };
        let response = self.building(url, &request)?.send().await?;
        match response.status().as_u16() {
            200 => {}
            204 => return Ok(stream::empty().boxed()),
            _ => bail!("{}", response.text().await?),
        }
        let received = Received {
            response,
            text: String::new(),
        };
        let events = stream::try_unfold(received, async |mut received| {
            let next = received.next().await?;
            anyhow::Ok(next.map(|event| (event, received)))
        });
        Ok(events.boxed())
    }

    fn building(&self, url: &str, request: &Request) -> Result<reqwest::RequestBuilder> {
        let method: Method = request.method.parse()?;
        let url = format!("{url}{}", request.path);
        let mut building = self.client.request(method, url).timeout(PATIENCE);
        if !self.token.is_empty() {
            building = building.bearer_auth(&self.token);
        }
        for (name, value) in &request.headers {
            building = building.header(*name, value);
        }
        Ok(building)
    }
}

struct Received {
    response: Response,
    text: String,
}

impl Received {
    /// The next change; nothing after the last one.
    async fn next(&mut self) -> Result<Option<Value>> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| {
                let mut lines = block.lines();
                lines.find_map(|line| line.strip_prefix(name).map(str::trim))
            };
            match field("event:") {
                Some("deployment.status") => {
                    let data: Value = serde_json::from_str(field("data:").unwrap_or_default())?;
                    return Ok(Some(data["change"].clone()));
                }
                Some("end") => return Ok(None),
                Some(other) => bail!("{other}: {block}"),
                // A comment that keeps the connection alive.
                None => {}
            }
        }
    }

    async fn block(&mut self) -> Result<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let rest = self.text.split_off(end + 2);
                return Ok(std::mem::replace(&mut self.text, rest));
            }
            let chunk = self.response.chunk().await?;
            let chunk = chunk.context("the stream broke off")?;
            self.text.push_str(std::str::from_utf8(&chunk)?);
        }
    }
}
