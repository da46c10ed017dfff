//! Deliveries of git hosts and registries. Nobody signs in here: the signature is all that counts.

use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use dokploy_core::id::DeploymentId;
use dokploy_core::limit::{Rate, network};
use dokploy_core::webhook::{Delivery, Provider};
use dokploy_core::{Actor, Error, ErrorKind, Retry, Secret};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::server::AppState;
use crate::server::extract::{Params, Visitor};
use crate::server::problem::Problem;

/// Bytes of a delivery. A push lists every path that it changed, so that it is larger than what people send.
pub(crate) const DELIVERY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Deliveries of one address within a minute. A large host sends those of all its customers from a few.
const DELIVERIES_PER_MINUTE: u32 = 1_000;

/// Where the secret is for registries that can send no header of one's own.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct WebhookQuery {
    /// The application's webhook secret; only for `docker`, where `Authorization: Bearer …` cannot be set.
    #[serde(default)]
    token: Option<String>,
}

/// The deployments that a delivery started.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookDeployments {
    /// One for each application that it is for; the same ones when it is sent again.
    deployments: Vec<DeploymentId>,
}

/// Why a delivery started none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookIgnored {
    /// Why.
    ignored: String,
}

/// Takes a delivery of `github`, `gitlab`, `gitea` (also Forgejo), `bitbucket` (Cloud and Data Center) or `docker` (Docker
/// Hub and registry notifications).
///
/// It has to be made with the webhook secret of an application that is built from the repository, or runs the image, that
/// it is about: signed with it (`X-Hub-Signature-256`, `X-Gitea-Signature`, `X-Hub-Signature`), or with it as
/// `X-Gitlab-Token` or as a bearer token.
#[utoipa::path(
    post, path = "/api/webhooks/{provider}", tag = "webhooks", security(()),
    params(("provider" = String, Path, description = "github, gitlab, gitea, bitbucket or docker"), WebhookQuery),
    request_body(content = serde_json::Value, description = "as the provider sends it"),
    responses(
        (status = 202, description = "it deploys", body = WebhookDeployments),
        (status = 200, description = "it is right, and nothing is deployed", body = WebhookIgnored),
    )
)]
pub(crate) async fn receive(
    State(state): State<AppState>,
    Visitor(origin): Visitor,
    Path(provider): Path<String>,
    Params(query): Params<WebhookQuery>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let provider: Provider = provider.parse()?;
    limit(&state, &origin).await?;
    let text = |value: &axum::http::HeaderValue| value.to_str().ok().map(str::to_owned);
    let delivery = Delivery {
        provider,
        headers: headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), text(value)?)))
            .collect(),
        token: query.token.map(Secret::new),
        body,
    };
    let answer = state.control().receive_webhook(&origin, &delivery).await?;
    Ok(match answer.ignored {
        Some(ignored) => (StatusCode::OK, Json(WebhookIgnored { ignored })).into_response(),
        None => {
            let deployments = answer.deployments;
            (
                StatusCode::ACCEPTED,
                Json(WebhookDeployments { deployments }),
            )
                .into_response()
        }
    })
}

/// Checking a signature costs time, so that nobody may ask for it without end.
async fn limit(state: &AppState, origin: &Actor) -> Result<(), Problem> {
    let Some(address) = &origin.address else {
        return Ok(());
    };
    let rate = Rate::new(DELIVERIES_PER_MINUTE, Duration::from_mins(1))?;
    let key = format!("webhook:address:{}", network(address));
    let verdict = state.engine().limiter().take(&key, rate).await;
    if verdict.allowed {
        return Ok(());
    }
    let message = format!("more than {DELIVERIES_PER_MINUTE} deliveries in a minute");
    let retry = Retry::After(Some(verdict.retry_after));
    Err(Error::new(ErrorKind::RateLimited, message)
        .with_retry(retry)
        .into())
}
