//! The audit trail: who did what, to what, and what became of it.

use axum::Json;
use axum::extract::State;
use dokploy_core::Error;
use dokploy_core::model::AuditOutcome;
use dokploy_core::store::AuditFilter;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::server::AppState;
use crate::server::extract::{Caller, Params, page};
use crate::server::problem::Problem;
use crate::shape::{AuditShape, ListShape, VerificationShape};

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Those of one actor: the id of a user, `system` or `anonymous`.
    actor: Option<String>,
    /// Those of one action, as in `application.deploy`.
    action: Option<String>,
    /// Those about one thing, as in `application:<id>`.
    resource: Option<String>,
    /// Those with one outcome.
    outcome: Option<AuditOutcome>,
    /// Most items, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the part before.
    cursor: Option<String>,
}

/// Lists records of the audit trail.
#[utoipa::path(
    get, path = "/api/audit", tag = "audit", params(AuditQuery),
    responses((status = 200, description = "records, newest first", body = ListShape<AuditShape>))
)]
pub(crate) async fn list_audit(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<AuditQuery>,
) -> Result<Json<ListShape<AuditShape>>, Problem> {
    let limit = page(query.limit, None)?.limit;
    let before = query.cursor.as_deref().map(place).transpose()?;
    let filter = AuditFilter {
        actor: query.actor,
        action: query.action,
        resource: query.resource,
        outcome: query.outcome,
    };
    let page = state
        .control()
        .audit(&actor, &filter, before, limit)
        .await?;
    Ok(Json(ListShape {
        items: page.records.into_iter().map(AuditShape::of).collect(),
        next_cursor: page.next.map(|next| next.to_string()),
    }))
}

/// Recomputes the chain of the audit trail, from the first record on.
#[utoipa::path(
    get, path = "/api/audit/verification", tag = "audit",
    responses((status = 200, description = "what was found", body = VerificationShape))
)]
pub(crate) async fn verify_audit(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<VerificationShape>, Problem> {
    let verification = state.control().verify_audit(&actor).await?;
    Ok(Json(VerificationShape::of(verification)))
}

fn place(cursor: &str) -> Result<i64, Error> {
    cursor
        .parse()
        .map_err(|_| Error::invalid_field("cursor", "is no cursor: pass on what nextCursor held"))
}
