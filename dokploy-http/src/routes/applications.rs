//! Applications: described, changed, deployed, stopped and started.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use dokploy_core::access::{Action, Actor, can};
use dokploy_core::control::ApplicationView;
use dokploy_core::deployer::Plan;
use dokploy_core::id::{ApplicationId, ProjectId};
use dokploy_core::model::{Application, DeploymentRequest, DeploymentTrigger};
use dokploy_core::{DeployRequest, Error, ErrorKind, Result as CoreResult};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::created;
use crate::server::AppState;
use crate::server::extract::{
    Body, Caller, IdempotencyKey, IfMatch, OptionalBody, Params, PathId, Versioned, page,
};
use crate::server::problem::Problem;
use crate::shape::{
    ApplicationInput, ApplicationPatch, ApplicationShape, DeploymentShape, ListShape,
    NewApplication,
};

/// Which applications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ApplicationQuery {
    /// Those of one project.
    project_id: Option<ProjectId>,
    /// Most items, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the part before.
    cursor: Option<String>,
}

/// What exactly is deployed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = DeployInput)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeployInput {
    /// Branch or full reference instead of the application's.
    #[serde(default)]
    branch: Option<String>,
    /// Exact commit, 40 hexadecimal digits, instead of the head of the branch.
    #[serde(default)]
    commit_sha: Option<String>,
    /// A line for people.
    #[serde(default)]
    title: Option<String>,
    /// Builds and restarts even when neither commit nor configuration changed.
    #[serde(default)]
    force: bool,
    /// The `digest` of a plan that was looked at: 409 when the world has moved since.
    #[serde(default)]
    plan_digest: Option<String>,
}

impl DeployInput {
    fn request(self, application: ApplicationId) -> DeployRequest {
        DeployRequest {
            request: DeploymentRequest {
                branch: self.branch,
                commit_sha: self.commit_sha,
                title: self.title,
                force: self.force,
                trigger: DeploymentTrigger::Api,
                ..DeploymentRequest::default()
            },
            plan_digest: self.plan_digest,
            ..DeployRequest::of(application)
        }
    }
}

/// How many tasks.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ScaleInput {
    /// Number of tasks; 0 stops the application.
    #[schema(maximum = 1000)]
    replicas: u32,
}

/// Lists applications.
#[utoipa::path(
    get, path = "/api/applications", tag = "applications", params(ApplicationQuery),
    responses((status = 200, description = "applications, newest first", body = ListShape<ApplicationShape>))
)]
pub(crate) async fn list_applications(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Params(query): Params<ApplicationQuery>,
) -> Result<Response, Problem> {
    let part = page(query.limit, query.cursor.as_deref())?;
    let listed = state
        .control()
        .applications_rendered(&actor, query.project_id, part, |page| {
            json(&ListShape::of(page, |view| {
                ApplicationShape::of(&view.application, view.last_deployment.as_ref())
            }))
        })
        .await?;
    let media_type = HeaderValue::from_static("application/json");
    Ok(([(CONTENT_TYPE, media_type)], listed).into_response())
}

fn json(shape: &impl Serialize) -> CoreResult<Bytes> {
    let text = serde_json::to_vec(shape).map_err(|error| {
        Error::new(ErrorKind::Unexpected, "a list cannot be written").with_source(error)
    })?;
    Ok(Bytes::from(text))
}

/// Makes an application. One without a source waits for an upload.
#[utoipa::path(
    post, path = "/api/applications", tag = "applications", request_body = NewApplication,
    params(IdempotencyKey),
    responses((status = 201, description = "the application", body = ApplicationShape))
)]
pub(crate) async fn create_application(
    State(state): State<AppState>,
    Caller(actor): Caller,
    NewApplication { project_id, input }: NewApplication,
) -> Result<Response, Problem> {
    let spec = input.into_spec(None)?;
    let application = state
        .control()
        .create_application(&actor, project_id, spec)
        .await?;
    let view = ApplicationView {
        application,
        last_deployment: None,
    };
    Ok(created(shown(&state, &actor, &view).await?))
}

/// Shows an application.
#[utoipa::path(
    get, path = "/api/applications/{id}", tag = "applications",
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "the application", body = ApplicationShape))
)]
pub(crate) async fn find_application(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
) -> Result<Versioned<ApplicationShape>, Problem> {
    let view = state.control().application(&actor, id).await?;
    shown(&state, &actor, &view).await
}

/// Changes an application; it takes effect with the next deployment. Secrets that come back without a value stay.
#[utoipa::path(
    patch, path = "/api/applications/{id}", tag = "applications", request_body = ApplicationPatch,
    params(("id" = ApplicationId, Path, description = "the application"), IfMatch),
    responses((status = 200, description = "the application", body = ApplicationShape))
)]
pub(crate) async fn update_application(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    IfMatch(version): IfMatch,
    patch: ApplicationPatch,
) -> Result<Versioned<ApplicationShape>, Problem> {
    let view = state.control().application(&actor, id).await?;
    let stored = &view.application.spec;
    let spec = patch
        .apply(&ApplicationInput::of(stored))?
        .into_spec(Some(stored))?;
    // What was not given is as it was read: somebody else's change in between must not be undone.
    let version = version.unwrap_or(view.application.version);
    let application = state
        .control()
        .update_application(&actor, id, Some(version), spec)
        .await?;
    let view = ApplicationView {
        application,
        ..view
    };
    shown(&state, &actor, &view).await
}

/// Deletes an application with everything that was made for it. Its volumes stay. It goes on when tasks take longer to
/// stop than a request may last: the answer is 504 then, and 404 after it is done.
#[utoipa::path(
    delete, path = "/api/applications/{id}", tag = "applications",
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 204, description = "it is gone"))
)]
pub(crate) async fn delete_application(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
) -> Result<Response, Problem> {
    // Tasks may take long to stop; half a deletion would have to be asked for again.
    let control = state.control().clone();
    let deleted = async move { control.delete_application(&actor, id).await };
    state.carry_out(deleted).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Deploys an application. It is durable when this answers, and goes on whatever the caller does.
#[utoipa::path(
    post, path = "/api/applications/{id}/deploy", tag = "applications",
    request_body(content = Option<DeployInput>),
    params(("id" = ApplicationId, Path, description = "the application"), IdempotencyKey),
    responses((status = 202, description = "the deployment", body = DeploymentShape))
)]
pub(crate) async fn deploy(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    IdempotencyKey(key): IdempotencyKey,
    OptionalBody(input): OptionalBody<DeployInput>,
) -> Result<(StatusCode, Json<DeploymentShape>), Problem> {
    let request = DeployRequest {
        idempotency_key: key.map(|key| key.of(&actor)),
        ..input.request(id)
    };
    let accepted = state.control().deploy(&actor, request).await?;
    Ok((StatusCode::ACCEPTED, Json(DeploymentShape::of(&accepted))))
}

/// Shows what a deployment would do, without doing any of it.
#[utoipa::path(
    post, path = "/api/applications/{id}/plan", tag = "applications",
    request_body(content = Option<DeployInput>),
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "the plan", body = Plan))
)]
pub(crate) async fn plan(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    OptionalBody(input): OptionalBody<DeployInput>,
) -> Result<Json<Plan>, Problem> {
    Ok(Json(state.control().plan(&actor, input.request(id)).await?))
}

/// Stops an application: it keeps its service, with no tasks.
#[utoipa::path(
    post, path = "/api/applications/{id}/stop", tag = "applications",
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "the application", body = ApplicationShape))
)]
pub(crate) async fn stop(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
) -> Result<Versioned<ApplicationShape>, Problem> {
    let stopped = state.control().stop(&actor, id).await;
    changed(&state, &actor, stopped).await
}

/// Starts a stopped application with the release that it had.
#[utoipa::path(
    post, path = "/api/applications/{id}/start", tag = "applications",
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "the application", body = ApplicationShape))
)]
pub(crate) async fn start(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
) -> Result<Versioned<ApplicationShape>, Problem> {
    let started = state.control().start(&actor, id).await;
    changed(&state, &actor, started).await
}

/// Replaces all tasks of an application, with nothing changed.
#[utoipa::path(
    post, path = "/api/applications/{id}/restart", tag = "applications",
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "the application", body = ApplicationShape))
)]
pub(crate) async fn restart(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
) -> Result<Versioned<ApplicationShape>, Problem> {
    state.control().restart(&actor, id).await?;
    let view = state.control().application(&actor, id).await?;
    shown(&state, &actor, &view).await
}

/// Sets the number of tasks at once, without a deployment.
#[utoipa::path(
    post, path = "/api/applications/{id}/scale", tag = "applications", request_body = ScaleInput,
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "the application", body = ApplicationShape))
)]
pub(crate) async fn scale(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    Body(input): Body<ScaleInput>,
) -> Result<Versioned<ApplicationShape>, Problem> {
    let scaled = state.control().scale(&actor, id, input.replicas).await;
    changed(&state, &actor, scaled).await
}

/// The application after a change of what runs of it.
async fn changed(
    state: &AppState,
    actor: &Actor,
    result: CoreResult<Application>,
) -> Result<Versioned<ApplicationShape>, Problem> {
    let id = result?.id;
    let view = state.control().application(actor, id).await?;
    shown(state, actor, &view).await
}

/// The application with what only some may see of it.
async fn shown(
    state: &AppState,
    actor: &Actor,
    view: &ApplicationView,
) -> Result<Versioned<ApplicationShape>, Problem> {
    let mut shape = ApplicationShape::of(&view.application, view.last_deployment.as_ref());
    if can(actor, Action::WebhookSecretRead) {
        let secret = state
            .control()
            .webhook_secret(actor, view.application.id)
            .await?;
        shape.record.webhook_secret = secret.map(|secret| secret.expose().to_owned());
    }
    Ok(Versioned {
        version: shape.record.version,
        shape,
    })
}
