//! Every route of the server: the one place to see what there is.

#![expect(
    unused_qualifications,
    reason = "the macro of the document qualifies names that are in scope"
)]

pub(crate) mod applications;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod bulk;
pub(crate) mod credentials;
pub(crate) mod databases;
pub(crate) mod deployments;
pub(crate) mod environment;
pub(crate) mod health;
pub(crate) mod live;
pub(crate) mod logs;
pub(crate) mod metrics;
pub(crate) mod oidc;
pub(crate) mod projects;
pub(crate) mod releases;
pub(crate) mod status;
pub(crate) mod teams;
pub(crate) mod tokens;
pub(crate) mod users;
pub(crate) mod webhooks;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use dokploy_core::Result;
use dokploy_core::model::PageRequest;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::server::extract::page;
use crate::server::middleware::deadline;
use crate::server::problem::{Problem, Refusal};
use crate::server::{AppState, docs, openapi};

/// The routes that the document describes.
pub fn router() -> OpenApiRouter<AppState> {
    let mut router = OpenApiRouter::with_openapi(openapi::base())
        .merge(bounded().layer(from_fn(deadline::layer)))
        .merge(unbounded());
    openapi::complete(router.get_openapi_mut());
    router
}

/// What has to answer within the time of a request.
fn bounded() -> OpenApiRouter<AppState> {
    people().merge(work()).merge(server())
}

/// Who may come in.
fn people() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::me))
        .routes(routes!(auth::change_password))
        .routes(routes!(oidc::oidc_login))
        .routes(routes!(oidc::oidc_callback))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::delete_token))
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(
            users::find_user,
            users::update_user,
            users::delete_user
        ))
        .routes(routes!(teams::list_teams, teams::create_team))
        .routes(routes!(
            teams::find_team,
            teams::update_team,
            teams::delete_team
        ))
        .routes(routes!(teams::list_members))
        .routes(routes!(teams::add_member, teams::remove_member))
}

/// What is deployed, and how.
fn work() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(projects::list_projects, projects::create_project))
        .routes(routes!(
            projects::find_project,
            projects::update_project,
            projects::delete_project
        ))
        .routes(routes!(
            applications::list_applications,
            applications::create_application
        ))
        .routes(routes!(
            applications::find_application,
            applications::update_application,
            applications::delete_application
        ))
        .routes(routes!(applications::deploy))
        .routes(routes!(applications::plan))
        .routes(routes!(applications::stop))
        .routes(routes!(applications::start))
        .routes(routes!(applications::restart))
        .routes(routes!(applications::scale))
        .routes(routes!(bulk::bulk))
        .routes(routes!(environment::find_env, environment::replace_env))
        .routes(routes!(environment::rotate_webhook_secret))
        .routes(routes!(releases::list_releases))
        .routes(routes!(logs::application_logs))
        .routes(routes!(deployments::list_deployments))
        .routes(routes!(deployments::find_deployment))
        .routes(routes!(deployments::roll_back))
        .routes(routes!(deployments::cancel))
        .routes(routes!(logs::deployment_logs))
        .routes(routes!(
            credentials::list_credentials,
            credentials::create_credential
        ))
        .routes(routes!(
            credentials::find_credential,
            credentials::delete_credential
        ))
        .routes(routes!(
            databases::list_databases,
            databases::create_database
        ))
        .routes(routes!(
            databases::find_database,
            databases::update_database,
            databases::delete_database
        ))
        .routes(routes!(databases::list_backups, databases::create_backup))
        .routes(routes!(databases::restore))
        .routes(routes!(metrics::application_metrics))
        .routes(routes!(metrics::summary))
        .routes(routes!(metrics::text))
        .merge(deliveries())
}

/// The server itself.
fn server() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(health::alive))
        .routes(routes!(health::ready))
        .routes(routes!(audit::list_audit))
        .routes(routes!(audit::verify_audit))
        .routes(routes!(status::status))
}

/// Deliveries are larger than what people send.
fn deliveries() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(webhooks::receive))
        .layer(DefaultBodyLimit::max(webhooks::DELIVERY_BYTES_MAX))
}

/// What lasts as long as it lasts: uploads and streams.
fn unbounded() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(live::socket))
        .routes(routes!(live::deployment_events))
        .routes(routes!(releases::upload_archive))
}

/// Pages about the API itself.
pub(crate) fn pages() -> Router<AppState> {
    Router::new()
        .route("/api/openapi.json", get(document))
        .route("/api/docs", get(docs::page))
        .route("/api/docs/style.css", get(docs::style))
}

async fn document() -> impl IntoResponse {
    (
        [(CONTENT_TYPE, "application/json")],
        openapi::SERVED.clone(),
    )
}

/// What no route answers.
pub(crate) async fn nothing_here() -> Problem {
    Problem::refusal(Refusal::NoRoute, "there is nothing at this path")
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Most items, 1 to 200; 50 unless told.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// The `nextCursor` of the part before.
    cursor: Option<String>,
}

impl ListQuery {
    fn page(&self) -> Result<PageRequest> {
        page(self.limit, self.cursor.as_deref())
    }
}

/// The answer to what was made.
fn created(resource: impl IntoResponse) -> Response {
    let mut response = resource.into_response();
    *response.status_mut() = StatusCode::CREATED;
    response
}
