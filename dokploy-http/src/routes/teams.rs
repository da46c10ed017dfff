//! Teams: who sees a project besides its owner.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dokploy_core::id::{TeamId, UserId};
use dokploy_core::model::PageRequest;

use super::{ListQuery, created};
use crate::server::AppState;
use crate::server::extract::{
    Body, Caller, IdempotencyKey, IfMatch, Params, PathId, PathIds, Versioned, page,
};
use crate::server::problem::Problem;
use crate::shape::{ListShape, MemberShape, TeamInput, TeamShape};

/// Lists the teams; one's own for who may not see all.
#[utoipa::path(
    get, path = "/api/teams", tag = "teams", params(ListQuery),
    responses((status = 200, description = "teams, newest first", body = ListShape<TeamShape>))
)]
pub(crate) async fn list_teams(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<ListQuery>,
) -> Result<Json<ListShape<TeamShape>>, Problem> {
    let page = state.control().teams(&actor, query.page()?).await?;
    Ok(Json(ListShape::of(page, |team| TeamShape::of(&team))))
}

/// Makes a team.
#[utoipa::path(
    post, path = "/api/teams", tag = "teams", request_body = TeamInput,
    params(IdempotencyKey),
    responses((status = 201, description = "the team", body = TeamShape))
)]
pub(crate) async fn create_team(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Body(input): Body<TeamInput>,
) -> Result<Response, Problem> {
    let team = state.control().create_team(&actor, &input.name).await?;
    Ok(created(versioned(TeamShape::of(&team))))
}

/// Shows a team with its members, the newest 200 of them.
#[utoipa::path(
    get, path = "/api/teams/{id}", tag = "teams", params(("id" = TeamId, Path, description = "the team")),
    responses((status = 200, description = "the team", body = TeamShape))
)]
pub(crate) async fn find_team(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<TeamId>,
) -> Result<Versioned<TeamShape>, Problem> {
    let team = state.control().team(&actor, id).await?;
    let first = page(Some(PageRequest::LIMIT_MAX), None)?;
    let members = state.control().members(&actor, id, first).await?;
    Ok(versioned(TeamShape::of(&team).with_members(&members.items)))
}

/// Renames a team.
#[utoipa::path(
    patch, path = "/api/teams/{id}", tag = "teams", request_body = TeamInput,
    params(("id" = TeamId, Path, description = "the team"), IfMatch),
    responses((status = 200, description = "the team", body = TeamShape))
)]
pub(crate) async fn update_team(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<TeamId>,
    IfMatch(version): IfMatch,
    Body(input): Body<TeamInput>,
) -> Result<Versioned<TeamShape>, Problem> {
    let team = state
        .control()
        .rename_team(&actor, id, version, &input.name)
        .await?;
    Ok(versioned(TeamShape::of(&team)))
}

/// Deletes a team. Its projects stay with their owners.
#[utoipa::path(
    delete, path = "/api/teams/{id}", tag = "teams", params(("id" = TeamId, Path, description = "the team")),
    responses((status = 204, description = "it is gone"))
)]
pub(crate) async fn delete_team(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<TeamId>,
) -> Result<Response, Problem> {
    state.control().delete_team(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Lists the members of a team.
#[utoipa::path(
    get, path = "/api/teams/{id}/members", tag = "teams",
    params(("id" = TeamId, Path, description = "the team"), ListQuery),
    responses((status = 200, description = "members, newest account first", body = ListShape<MemberShape>))
)]
pub(crate) async fn list_members(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<TeamId>,
    Params(query): Params<ListQuery>,
) -> Result<Json<ListShape<MemberShape>>, Problem> {
    let page = state.control().members(&actor, id, query.page()?).await?;
    Ok(Json(ListShape::of(page, |user| MemberShape::of(&user))))
}

/// Takes an account into a team.
#[utoipa::path(
    put, path = "/api/teams/{id}/members/{userId}", tag = "teams",
    params(("id" = TeamId, Path, description = "the team"), ("userId" = UserId, Path, description = "the account")),
    responses((status = 204, description = "it is a member"))
)]
pub(crate) async fn add_member(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathIds(team, user): PathIds<TeamId, UserId>,
) -> Result<Response, Problem> {
    state.control().add_member(&actor, team, user).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Takes an account out of a team.
#[utoipa::path(
    delete, path = "/api/teams/{id}/members/{userId}", tag = "teams",
    params(("id" = TeamId, Path, description = "the team"), ("userId" = UserId, Path, description = "the account")),
    responses((status = 204, description = "it is no member"))
)]
pub(crate) async fn remove_member(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathIds(team, user): PathIds<TeamId, UserId>,
) -> Result<Response, Problem> {
    state.control().remove_member(&actor, team, user).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn versioned(shape: TeamShape) -> Versioned<TeamShape> {
    Versioned {
        version: shape.version,
        shape,
    }
}
