//! Coming in through a provider of identities.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dokploy_core::control::ExternalProfile;
use dokploy_core::{Error, ErrorKind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::auth::{keep_session, set_cookie};
use crate::oidc::{Attempt, Callback, Oidc};
use crate::server::AppState;
use crate::server::cookie;
use crate::server::extract::{Params, Visitor};
use crate::server::problem::Problem;

/// How long somebody may take at the provider, in seconds.
const ATTEMPT_SECONDS: u64 = 600;

/// Where somebody wants to go after he has come in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LoginQuery {
    /// A path of this server; `/` unless told.
    return_to: Option<String>,
}

/// What the provider sends back. It may say more than we ask for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallbackQuery {
    /// Buys the identity, once.
    code: Option<String>,
    /// What the attempt was begun with.
    state: Option<String>,
    /// Why there is no code.
    error: Option<String>,
    /// Who answers.
    iss: Option<String>,
}

/// Sends a browser to the provider of identities.
#[utoipa::path(
    get, path = "/api/auth/oidc/login", tag = "auth", security(()), params(LoginQuery),
    responses((status = 302, description = "the provider"))
)]
pub(crate) async fn oidc_login(
    State(state): State<AppState>,
    Params(query): Params<LoginQuery>,
) -> Result<Response, Problem> {
    let (url, attempt) = provider(&state)?.begin(query.return_to.as_deref()).await?;
    let mut response = redirect(url.as_str());
    let value = cookie::ATTEMPT.keep(&attempt.to_cookie(), ATTEMPT_SECONDS, state.over_tls());
    set_cookie(&mut response, value);
    Ok(response)
}

/// Takes a browser back from the provider, and signs in.
#[utoipa::path(
    get, path = "/api/auth/oidc/callback", tag = "auth", security(()), params(CallbackQuery),
    responses((status = 302, description = "where the person wanted to go, with the cookie of a session"))
)]
pub(crate) async fn oidc_callback(
    State(state): State<AppState>,
    Visitor(actor): Visitor,
    headers: HeaderMap,
    Params(query): Params<CallbackQuery>,
) -> Result<Response, Problem> {
    let oidc = provider(&state)?;
    let attempt = cookie::ATTEMPT
        .find(&headers)
        .and_then(Attempt::from_cookie);
    let attempt = attempt.ok_or_else(|| {
        let message = "nobody was signed in: this browser has begun nothing, or too long ago";
        Error::new(ErrorKind::Unauthenticated, message).with_hint("sign in again")
    })?;
    let callback = Callback {
        code: query.code,
        state: query.state,
        error: query.error,
        iss: query.iss,
    };
    let profile = oidc.finish(&attempt, callback).await?;
    let profile = ExternalProfile {
        issuer: profile.issuer,
        subject: profile.subject,
        username: profile.username,
        email: profile.email,
    };
    let made = state.control().login_external(&actor, &profile).await?;
    let mut response = redirect(attempt.return_to());
    keep_session(&state, &mut response, &made);
    set_cookie(&mut response, cookie::ATTEMPT.forget(state.over_tls()));
    Ok(response)
}

/// A server without a provider has no such routes.
fn provider(state: &AppState) -> Result<&Oidc, Error> {
    state.oidc().ok_or_else(|| {
        Error::new(
            ErrorKind::NotFound,
            "this server knows no provider of identities",
        )
        .with_hint(
            "sign in with a password, or set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET",
        )
    })
}

fn redirect(to: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}
