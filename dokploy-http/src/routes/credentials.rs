//! Credentials for git hosts and registries.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dokploy_core::id::{CredentialId, ProjectId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::AppState;
use crate::server::extract::{Body, Caller, IdempotencyKey, Params, PathId, page};
use crate::server::problem::Problem;
use crate::shape::{CredentialShape, ListShape, NewCredentialInput};

/// Which credentials.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CredentialQuery {
    /// Those of one project.
    project_id: Option<ProjectId>,
    /// Most items, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the part before.
    cursor: Option<String>,
}

/// Lists the credentials of the projects that the caller sees, without their secrets; those of the installation are
/// shown to administrators.
#[utoipa::path(
    get, path = "/api/credentials", tag = "credentials", params(CredentialQuery),
    responses((status = 200, description = "credentials, newest first", body = ListShape<CredentialShape>))
)]
pub(crate) async fn list_credentials(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<CredentialQuery>,
) -> Result<Json<ListShape<CredentialShape>>, Problem> {
    let part = page(query.limit, query.cursor.as_deref())?;
    let page = state
        .control()
        .credentials(&actor, query.project_id, part)
        .await?;
    Ok(Json(ListShape::of(page, |credential| {
        CredentialShape::of(&credential)
    })))
}

/// Stores a credential, sealed. Its secret is never shown again.
#[utoipa::path(
    post, path = "/api/credentials", tag = "credentials", request_body = NewCredentialInput,
    params(IdempotencyKey),
    responses((status = 201, description = "the credential", body = CredentialShape))
)]
pub(crate) async fn create_credential(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Body(input): Body<NewCredentialInput>,
) -> Result<(StatusCode, Json<CredentialShape>), Problem> {
    let secret = input.secret.into();
    let NewCredentialInput {
        kind, name, host, ..
    } = input;
    let control = state.control();
    let credential = match input.project_id {
        Some(project) => {
            control
                .create_project_credential(&actor, project, kind, &name, &host, &secret)
                .await?
        }
        None => {
            control
                .create_credential(&actor, kind, &name, &host, &secret)
                .await?
        }
    };
    Ok((StatusCode::CREATED, Json(CredentialShape::of(&credential))))
}

/// Shows a credential, without its secret.
#[utoipa::path(
    get, path = "/api/credentials/{id}", tag = "credentials",
    params(("id" = CredentialId, Path, description = "the credential")),
    responses((status = 200, description = "the credential", body = CredentialShape))
)]
pub(crate) async fn find_credential(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<CredentialId>,
) -> Result<Json<CredentialShape>, Problem> {
    let credential = state.control().credential(&actor, id).await?;
    Ok(Json(CredentialShape::of(&credential)))
}

/// Deletes a credential. Applications that name it fail to fetch from then on, and say so.
#[utoipa::path(
    delete, path = "/api/credentials/{id}", tag = "credentials",
    params(("id" = CredentialId, Path, description = "the credential")),
    responses((status = 204, description = "it is gone"))
)]
pub(crate) async fn delete_credential(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<CredentialId>,
) -> Result<Response, Problem> {
    state.control().delete_credential(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
