//! One thing done to several applications, with one answer for each.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use dokploy_core::control::{BulkAction, BulkResult};
use dokploy_core::id::{ApplicationId, DeploymentId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::server::AppState;
use crate::server::extract::{Body, Caller, IdempotencyKey};
use crate::server::problem::Problem;

/// What is done to which applications.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct BulkInput {
    /// What is done to each of them.
    action: BulkAction,
    /// Which; at most 100.
    #[schema(min_items = 1, max_items = 100)]
    ids: Vec<ApplicationId>,
}

/// What became of each application, in the order of the ids.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkOutput {
    /// One answer for each id.
    results: Vec<BulkOutcome>,
}

/// What became of one application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BulkOutcome {
    /// Which.
    id: ApplicationId,
    /// The status code that it would have had alone.
    status: u16,
    /// The deployment that was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    deployment_id: Option<DeploymentId>,
    /// The stable code of what was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// What was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// Does one thing to several applications, each as if it had been asked for alone.
#[utoipa::path(
    post, path = "/api/applications/bulk", tag = "applications", request_body = BulkInput,
    params(IdempotencyKey),
    responses((status = 207, description = "one answer for each id", body = BulkOutput))
)]
pub(crate) async fn bulk(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Body(input): Body<BulkInput>,
) -> Result<(StatusCode, Json<BulkOutput>), Problem> {
    let control = state.control().clone();
    let BulkInput { action, ids } = input;
    let done = async move { control.bulk(&actor, action, &ids).await };
    let results = state.carry_out(done).await?;
    let results = results
        .into_iter()
        .map(|result| outcome(action, result))
        .collect();
    Ok((StatusCode::MULTI_STATUS, Json(BulkOutput { results })))
}

fn outcome(action: BulkAction, result: BulkResult) -> BulkOutcome {
    let done = match action {
        BulkAction::Deploy => StatusCode::ACCEPTED,
        BulkAction::Delete => StatusCode::NO_CONTENT,
        BulkAction::Stop | BulkAction::Start | BulkAction::Restart => StatusCode::OK,
    };
    match result.result {
        Ok(deployment_id) => BulkOutcome {
            id: result.id,
            status: done.as_u16(),
            deployment_id,
            code: None,
            detail: None,
        },
        Err(error) => {
            let problem = Problem::from(error);
            BulkOutcome {
                id: result.id,
                status: problem.status().as_u16(),
                deployment_id: None,
                code: Some(problem.code()),
                detail: Some(problem.detail().to_owned()),
            }
        }
    }
}
