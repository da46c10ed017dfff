//! Webhooks: their secrets, and what arrives.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dokploy_core::webhook::{Delivery, Provider};
use dokploy_core::{Engine, Error, Result, Secret};
use serde_json::json;

use super::{applications, arguments};
use crate::error::write;

pub(super) async fn secret(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; application: String);
    let application = applications::stored(engine, &application).await?;
    let secret = engine.webhook_secret(&application)?;
    write(&secret.as_ref().map(Secret::expose))
}

pub(super) async fn rotate_secret(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String, version: i64);
    write(&engine.rotate_webhook_secret(id.parse()?, version).await?)
}

pub(super) async fn receive(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text;
        provider: Provider,
        headers: BTreeMap<String, String>,
        body: String,
        token: Option<Secret>,
    );
    let body = STANDARD
        .decode(body)
        .map_err(|error| Error::invalid_field("body", "is not in base64").with_source(error))?;
    let delivery = Delivery {
        provider,
        headers: headers.into_iter().collect(),
        token,
        body: body.into(),
    };
    let answer = engine.receive_webhook(&delivery).await?;
    write(&json!({"deployments": answer.deployments, "ignored": answer.ignored}))
}
