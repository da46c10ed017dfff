//! Projects: what groups applications, and whose they are.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dokploy_core::control::{NewProject, ProjectChange};
use dokploy_core::id::ProjectId;

use super::{ListQuery, created};
use crate::server::AppState;
use crate::server::extract::{Body, Caller, IdempotencyKey, IfMatch, Params, PathId, Versioned};
use crate::server::problem::Problem;
use crate::shape::{ListShape, NewProjectInput, ProjectPatch, ProjectShape};

/// Lists the projects that the caller owns or whose team the caller is in.
#[utoipa::path(
    get, path = "/api/projects", tag = "projects", params(ListQuery),
    responses((status = 200, description = "projects, newest first", body = ListShape<ProjectShape>))
)]
pub(crate) async fn list_projects(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<ListQuery>,
) -> Result<Json<ListShape<ProjectShape>>, Problem> {
    let page = state.control().projects(&actor, query.page()?).await?;
    Ok(Json(ListShape::of(page, |project| {
        ProjectShape::of(&project)
    })))
}

/// Makes a project that belongs to the caller.
#[utoipa::path(
    post, path = "/api/projects", tag = "projects", request_body = NewProjectInput,
    params(IdempotencyKey),
    responses((status = 201, description = "the project", body = ProjectShape))
)]
pub(crate) async fn create_project(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Body(input): Body<NewProjectInput>,
) -> Result<Response, Problem> {
    let new = NewProject {
        name: input.name,
        description: input.description,
        team_id: input.team_id,
    };
    let project = state.control().create_project(&actor, new).await?;
    Ok(created(versioned(ProjectShape::of(&project))))
}

/// Shows a project.
#[utoipa::path(
    get, path = "/api/projects/{id}", tag = "projects", params(("id" = ProjectId, Path, description = "the project")),
    responses((status = 200, description = "the project", body = ProjectShape))
)]
pub(crate) async fn find_project(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ProjectId>,
) -> Result<Versioned<ProjectShape>, Problem> {
    let project = state.control().project(&actor, id).await?;
    Ok(versioned(ProjectShape::of(&project)))
}

/// Changes a project, or gives it to a team.
#[utoipa::path(
    patch, path = "/api/projects/{id}", tag = "projects", request_body = ProjectPatch,
    params(("id" = ProjectId, Path, description = "the project"), IfMatch),
    responses((status = 200, description = "the project", body = ProjectShape))
)]
pub(crate) async fn update_project(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ProjectId>,
    IfMatch(version): IfMatch,
    Body(input): Body<ProjectPatch>,
) -> Result<Versioned<ProjectShape>, Problem> {
    let change = ProjectChange {
        name: input.name,
        description: input.description,
        team_id: input.team_id,
    };
    let project = state
        .control()
        .update_project(&actor, id, version, change)
        .await?;
    Ok(versioned(ProjectShape::of(&project)))
}

/// Deletes a project that has no applications.
#[utoipa::path(
    delete, path = "/api/projects/{id}", tag = "projects", params(("id" = ProjectId, Path, description = "the project")),
    responses((status = 204, description = "it is gone"))
)]
pub(crate) async fn delete_project(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ProjectId>,
) -> Result<Response, Problem> {
    state.control().delete_project(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn versioned(shape: ProjectShape) -> Versioned<ProjectShape> {
    Versioned {
        version: shape.version,
        shape,
    }
}
