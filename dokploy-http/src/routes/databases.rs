//! Databases: made, changed and deleted as a whole.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use dokploy_core::access::{Action, Actor, can};
use dokploy_core::control::DatabaseView;
use dokploy_core::id::{DatabaseId, ProjectId};
use dokploy_core::{Error, ErrorKind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::created;
use crate::server::AppState;
use crate::server::extract::{
    Body, Caller, IdempotencyKey, IfMatch, Params, PathId, Versioned, page,
};
use crate::server::problem::Problem;
use crate::shape::{ConnectionShape, DatabasePatch, DatabaseShape, ListShape, NewDatabaseInput};

/// Which databases.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DatabaseQuery {
    /// Those of one project.
    project_id: Option<ProjectId>,
    /// Most items, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the part before.
    cursor: Option<String>,
}

/// What goes with a database.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeletionQuery {
    /// The name of its volume, to delete the data, too. Left out: they stay.
    volume: Option<String>,
}

/// Lists databases.
#[utoipa::path(
    get, path = "/api/databases", tag = "databases", params(DatabaseQuery),
    responses((status = 200, description = "databases, newest first", body = ListShape<DatabaseShape>))
)]
pub(crate) async fn list_databases(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<DatabaseQuery>,
) -> Result<Json<ListShape<DatabaseShape>>, Problem> {
    let part = page(query.limit, query.cursor.as_deref())?;
    let page = state
        .control()
        .databases(&actor, query.project_id, part)
        .await?;
    Ok(Json(ListShape::of(page, |view| DatabaseShape::of(&view))))
}

/// Makes a database with a password and a volume of its own, and deploys it.
#[utoipa::path(
    post, path = "/api/databases", tag = "databases", request_body = NewDatabaseInput, params(IdempotencyKey),
    responses((status = 201, description = "the database", body = DatabaseShape))
)]
pub(crate) async fn create_database(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Body(input): Body<NewDatabaseInput>,
) -> Result<Response, Problem> {
    let project = input.project_id;
    let view = state
        .control()
        .create_database(&actor, project, input.into_new())
        .await?;
    Ok(created(shown(&state, &actor, &view).await?))
}

/// Shows a database, to who may connect to it also how.
#[utoipa::path(
    get, path = "/api/databases/{id}", tag = "databases",
    params(("id" = DatabaseId, Path, description = "the database")),
    responses((status = 200, description = "the database", body = DatabaseShape))
)]
pub(crate) async fn find_database(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DatabaseId>,
) -> Result<Versioned<DatabaseShape>, Problem> {
    let view = state.control().database(&actor, id).await?;
    shown(&state, &actor, &view).await
}

/// Changes version, image or limits of a database, and deploys it.
#[utoipa::path(
    patch, path = "/api/databases/{id}", tag = "databases", request_body = DatabasePatch,
    params(("id" = DatabaseId, Path, description = "the database"), IfMatch),
    responses((status = 200, description = "the database", body = DatabaseShape))
)]
pub(crate) async fn update_database(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DatabaseId>,
    IfMatch(version): IfMatch,
    Body(input): Body<DatabasePatch>,
) -> Result<Versioned<DatabaseShape>, Problem> {
    let view = state
        .control()
        .update_database(&actor, id, version, input.into_change())
        .await?;
    shown(&state, &actor, &view).await
}

/// Deletes a database. Its data stay unless its volume is named.
#[utoipa::path(
    delete, path = "/api/databases/{id}", tag = "databases",
    params(("id" = DatabaseId, Path, description = "the database"), DeletionQuery),
    responses((status = 204, description = "it is gone"))
)]
pub(crate) async fn delete_database(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DatabaseId>,
    Params(query): Params<DeletionQuery>,
) -> Result<Response, Problem> {
    // As that of an application, it goes on when a task takes long to stop.
    let control = state.control().clone();
    let deleted = async move {
        let volume = query.volume.as_deref();
        control.delete_database(&actor, id, volume).await
    };
    state.carry_out(deleted).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Lists the backups of a database. Not there yet: always 501.
#[utoipa::path(
    get, path = "/api/databases/{id}/backups", tag = "databases",
    params(("id" = DatabaseId, Path, description = "the database")),
    responses((status = 501, description = "not there yet"))
)]
pub(crate) async fn list_backups(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DatabaseId>,
) -> Result<(), Problem> {
    unsupported(&state, &actor, id).await
}

/// Backs a database up. Not there yet: always 501.
#[utoipa::path(
    post, path = "/api/databases/{id}/backups", tag = "databases",
    params(("id" = DatabaseId, Path, description = "the database")),
    responses((status = 501, description = "not there yet"))
)]
pub(crate) async fn create_backup(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DatabaseId>,
) -> Result<(), Problem> {
    unsupported(&state, &actor, id).await
}

/// Restores a database. Not there yet: always 501.
#[utoipa::path(
    post, path = "/api/databases/{id}/restore", tag = "databases",
    params(("id" = DatabaseId, Path, description = "the database")),
    responses((status = 501, description = "not there yet"))
)]
pub(crate) async fn restore(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<DatabaseId>,
) -> Result<(), Problem> {
    unsupported(&state, &actor, id).await
}

/// What is not there yet is nevertheless not there for everybody in the same way.
async fn unsupported(state: &AppState, actor: &Actor, id: DatabaseId) -> Result<(), Problem> {
    state.control().database(actor, id).await?;
    Err(
        Error::new(ErrorKind::Unsupported, "backups are not there yet")
            .with_hint("back the volume of the database up by other means")
            .into(),
    )
}

/// The database with what only some may see of it.
async fn shown(
    state: &AppState,
    actor: &Actor,
    view: &DatabaseView,
) -> Result<Versioned<DatabaseShape>, Problem> {
    let mut shape = DatabaseShape::of(view);
    if can(actor, Action::DatabaseConnect) {
        let connection = state.control().database_connection(actor, shape.id).await?;
        shape.connection = Some(ConnectionShape::of(&connection));
    }
    Ok(Versioned {
        version: shape.version,
        shape,
    })
}
