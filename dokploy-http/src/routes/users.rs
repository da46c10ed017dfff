//! Accounts.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dokploy_core::control::{NewUser, UserChange};
use dokploy_core::id::UserId;

use super::{ListQuery, created};
use crate::server::AppState;
use crate::server::extract::{Body, Caller, IdempotencyKey, IfMatch, Params, PathId, Versioned};
use crate::server::problem::Problem;
use crate::shape::{ListShape, NewUserInput, UserPatch, UserShape};

/// Lists the accounts.
#[utoipa::path(
    get, path = "/api/users", tag = "users", params(ListQuery),
    responses((status = 200, description = "accounts, newest first", body = ListShape<UserShape>))
)]
pub(crate) async fn list_users(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<ListQuery>,
) -> Result<Json<ListShape<UserShape>>, Problem> {
    let page = state.control().users(&actor, query.page()?).await?;
    Ok(Json(ListShape::of(page, |user| UserShape::of(&user))))
}

/// Makes an account.
#[utoipa::path(
    post, path = "/api/users", tag = "users", request_body = NewUserInput,
    params(IdempotencyKey),
    responses((status = 201, description = "the account", body = UserShape))
)]
pub(crate) async fn create_user(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Body(input): Body<NewUserInput>,
) -> Result<Response, Problem> {
    let new = NewUser {
        username: input.username,
        password: Some(input.password),
        role: input.role,
        email: input.email,
    };
    let user = state.control().create_user(&actor, new).await?;
    Ok(created(versioned(UserShape::of(&user))))
}

/// Shows an account; one's own needs no special right.
#[utoipa::path(
    get, path = "/api/users/{id}", tag = "users", params(("id" = UserId, Path, description = "the account")),
    responses((status = 200, description = "the account", body = UserShape))
)]
pub(crate) async fn find_user(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<UserId>,
) -> Result<Versioned<UserShape>, Problem> {
    let user = state.control().user(&actor, id).await?;
    Ok(versioned(UserShape::of(&user)))
}

/// Changes an account. A new password or a lock ends all of its sessions.
#[utoipa::path(
    patch, path = "/api/users/{id}", tag = "users", request_body = UserPatch,
    params(("id" = UserId, Path, description = "the account"), IfMatch),
    responses((status = 200, description = "the account", body = UserShape))
)]
pub(crate) async fn update_user(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<UserId>,
    IfMatch(version): IfMatch,
    Body(input): Body<UserPatch>,
) -> Result<Versioned<UserShape>, Problem> {
    let change = UserChange {
        role: input.role,
        disabled: input.disabled,
        email: input.email,
        password: input.password,
    };
    let user = state
        .control()
        .update_user(&actor, id, version, change)
        .await?;
    Ok(versioned(UserShape::of(&user)))
}

/// Deletes an account with its sessions and tokens.
#[utoipa::path(
    delete, path = "/api/users/{id}", tag = "users", params(("id" = UserId, Path, description = "the account")),
    responses((status = 204, description = "it is gone"))
)]
pub(crate) async fn delete_user(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<UserId>,
) -> Result<Response, Problem> {
    state.control().delete_user(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn versioned(shape: UserShape) -> Versioned<UserShape> {
    Versioned {
        version: shape.version,
        shape,
    }
}
