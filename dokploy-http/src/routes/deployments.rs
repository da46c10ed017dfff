//! Deployments: looked at, gone back from, cancelled.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dokploy_core::deployment::Status;
use dokploy_core::id::{ApplicationId, DeploymentId, ProjectId};
use dokploy_core::store::DeploymentFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::AppState;
use crate::server::extract::{Caller, IdempotencyKey, Params, PathId, page};
use crate::server::problem::Problem;
use crate::shape::{DeploymentShape, ListShape};

/// Which deployments.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeploymentQuery {
    /// Those of one application.
    application_id: Option<ApplicationId>,
    /// Those of one project.
    project_id: Option<ProjectId>,
    /// Those with one status.
    status: Option<Status>,
    /// Most items, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the part before.
    cursor: Option<String>,
}

/// Lists deployments.
#[utoipa::path(
    get, path = "/api/deployments", tag = "deployments", params(DeploymentQuery),
    responses((status = 200, description = "deployments, newest first", body = ListShape<DeploymentShape>))
)]
pub(crate) async fn list_deployments(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<DeploymentQuery>,
) -> Result<Json<ListShape<DeploymentShape>>, Problem> {
    let part = page(query.limit, query.cursor.as_deref())?;
    let filter = DeploymentFilter {
        application: query.application_id,
        project: query.project_id,
        status: query.status,
        ..DeploymentFilter::default()
    };
    let page = state.control().deployments(&actor, &filter, part).await?;
    Ok(Json(ListShape::of(page, |deployment| {
        DeploymentShape::of(&deployment)
    })))
}

/// Shows a deployment.
#[utoipa::path(
    get, path = "/api/deployments/{id}", tag = "deployments",
    params(("id" = DeploymentId, Path, description = "the deployment")),
    responses((status = 200, description = "the deployment", body = DeploymentShape))
)]
pub(crate) async fn find_deployment(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DeploymentId>,
) -> Result<Json<DeploymentShape>, Problem> {
    let deployment = state.control().deployment(&actor, id).await?;
    Ok(Json(DeploymentShape::of(&deployment)))
}

/// Makes the release of this deployment current again, without a build. The answer is a new deployment.
#[utoipa::path(
    post, path = "/api/deployments/{id}/rollback", tag = "deployments",
    params(("id" = DeploymentId, Path, description = "the deployment to go back to"), IdempotencyKey),
    responses((status = 202, description = "the new deployment", body = DeploymentShape))
)]
pub(crate) async fn roll_back(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DeploymentId>,
    IdempotencyKey(key): IdempotencyKey,
) -> Result<(StatusCode, Json<DeploymentShape>), Problem> {
    let key = key.map(|key| key.of(&actor));
    let accepted = state.control().roll_back_to(&actor, id, key).await?;
    Ok((StatusCode::ACCEPTED, Json(DeploymentShape::of(&accepted))))
}

/// Asks to cancel a deployment. It becomes `cancelled` after the work has really stopped.
#[utoipa::path(
    post, path = "/api/deployments/{id}/cancel", tag = "deployments",
    params(("id" = DeploymentId, Path, description = "the deployment")),
    responses((status = 202, description = "the deployment as it is now", body = DeploymentShape))
)]
pub(crate) async fn cancel(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DeploymentId>,
) -> Result<(StatusCode, Json<DeploymentShape>), Problem> {
    let deployment = state.control().cancel(&actor, id).await?;
    Ok((StatusCode::ACCEPTED, Json(DeploymentShape::of(&deployment))))
}
