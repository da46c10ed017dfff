//! The operations of an engine for webhooks.

use std::collections::BTreeMap;

use bytes::Bytes;
use dokploy_core::Secret;
use dokploy_core::webhook::Delivery;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use serde_json::json;

use crate::call::{Call, Reply};
use crate::convert;
use crate::engine::{Engine, application};

#[pymethods]
impl Engine {
    fn webhook_secret(&self, py: Python<'_>, application_id: String) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let application = application(&engine, &application_id).await?;
            let secret = engine.webhook_secret(&application)?;
            Ok(secret.map_or(Reply::Nothing, |secret| {
                Reply::Text(secret.expose().to_owned())
            }))
        })
    }

    fn rotate_webhook_secret(&self, py: Python<'_>, id: String, version: i64) -> PyResult<Call> {
        self.call(py, |engine| async move {
            convert::reply(&engine.rotate_webhook_secret(id.parse()?, version).await?)
        })
    }

    fn receive_webhook(
        &self,
        py: Python<'_>,
        provider: String,
        headers: BTreeMap<String, String>,
        body: PyBackedBytes,
        token: Option<String>,
    ) -> PyResult<Call> {
        self.call(py, |engine| async move {
            let delivery = Delivery {
                provider: convert::word("provider", provider)?,
                headers: headers.into_iter().collect(),
                token: token.map(Secret::new),
                body: Bytes::copy_from_slice(&body),
            };
            let answer = engine.receive_webhook(&delivery).await?;
            convert::reply(&json!({
                "deployments": answer.deployments,
                "ignored": answer.ignored,
            }))
        })
    }
}
