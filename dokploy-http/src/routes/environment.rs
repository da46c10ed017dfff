//! The environment of an application, and the secret that its webhooks are signed with.

use axum::Json;
use axum::extract::State;
use dokploy_core::control::Environment;
use dokploy_core::id::ApplicationId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::server::AppState;
use crate::server::extract::{Body, Caller, IfMatch, PathId, Versioned};
use crate::server::problem::Problem;
use crate::shape::EnvShape;

/// A new webhook secret.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookSecret {
    /// What senders have to sign with from now on.
    webhook_secret: Option<String>,
}

/// Shows the environment of an application; of secrets only the names.
#[utoipa::path(
    get, path = "/api/applications/{id}/env", tag = "applications",
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "the environment", body = EnvShape))
)]
pub(crate) async fn find_env(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
) -> Result<Versioned<EnvShape>, Problem> {
    Ok(versioned(state.control().environment(&actor, id).await?))
}

/// Replaces the whole environment of an application; it takes effect with the next deployment. A secret that comes back
/// without a value stays.
#[utoipa::path(
    put, path = "/api/applications/{id}/env", tag = "applications", request_body = EnvShape,
    params(("id" = ApplicationId, Path, description = "the application"), IfMatch),
    responses((status = 200, description = "the environment", body = EnvShape))
)]
pub(crate) async fn replace_env(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    IfMatch(version): IfMatch,
    Body(input): Body<EnvShape>,
) -> Result<Versioned<EnvShape>, Problem> {
    let replaced = state
        .control()
        .replace_environment(&actor, id, version, input.into_input()?)
        .await?;
    Ok(versioned(replaced))
}

/// Gives an application a new webhook secret. What is signed with the old one is refused from then on.
#[utoipa::path(
    post, path = "/api/applications/{id}/webhook-secret", tag = "applications",
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "the new secret", body = WebhookSecret))
)]
pub(crate) async fn rotate_webhook_secret(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
) -> Result<Json<WebhookSecret>, Problem> {
    let secret = state.control().rotate_webhook_secret(&actor, id).await?;
    Ok(Json(WebhookSecret {
        webhook_secret: secret.map(|secret| secret.expose().to_owned()),
    }))
}

fn versioned(environment: Environment) -> Versioned<EnvShape> {
    Versioned {
        version: environment.version,
        shape: EnvShape::of(environment),
    }
}
