//! API tokens: what programs sign in with.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dokploy_core::control::NewToken;
use dokploy_core::id::{TokenId, UserId};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::AppState;
use crate::server::extract::{Body, Caller, Params, PathId, page};
use crate::server::problem::Problem;
use crate::shape::{CreatedTokenShape, ListShape, NewTokenInput, TokenShape};

/// Which tokens.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TokenQuery {
    /// Those of another account.
    user_id: Option<UserId>,
    /// Most items, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the part before.
    cursor: Option<String>,
}

/// Lists one's own API tokens, or those of another account.
#[utoipa::path(
    get, path = "/api/auth/tokens", tag = "auth", params(TokenQuery),
    responses((status = 200, description = "tokens, newest first", body = ListShape<TokenShape>))
)]
pub(crate) async fn list_tokens(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<TokenQuery>,
) -> Result<Json<ListShape<TokenShape>>, Problem> {
    let part = page(query.limit, query.cursor.as_deref())?;
    let page = state.control().tokens(&actor, query.user_id, part).await?;
    Ok(Json(ListShape::of(page, |token| TokenShape::of(&token))))
}

/// Makes an API token. Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/auth/tokens", tag = "auth", request_body = NewTokenInput,
    responses((status = 201, description = "the token with its secret", body = CreatedTokenShape))
)]
pub(crate) async fn create_token(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Body(input): Body<NewTokenInput>,
) -> Result<(StatusCode, Json<CreatedTokenShape>), Problem> {
    let new = NewToken {
        name: input.name,
        scopes: input.scopes,
        project_ids: input.project_ids,
        expires_at: input.expires_at,
    };
    let made = state.control().create_token(&actor, new).await?;
    Ok((StatusCode::CREATED, Json(CreatedTokenShape::of(&made))))
}

/// Deletes an API token: it is dead at once, everywhere.
#[utoipa::path(
    delete, path = "/api/auth/tokens/{id}", tag = "auth", params(("id" = TokenId, Path, description = "the token")),
    responses((status = 204, description = "it is gone"))
)]
pub(crate) async fn delete_token(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<TokenId>,
) -> Result<Response, Problem> {
    state.control().delete_token(&actor, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
