//! Coming in and going out.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use dokploy_core::control::SignedIn;

use crate::server::AppState;
use crate::server::cookie;
use crate::server::extract::{Body, Caller, Visitor};
use crate::server::problem::Problem;
use crate::shape::{MeShape, PasswordChange, Registering, SessionShape, SigningIn, UserShape};

/// Makes an account and signs in with it. The first account becomes the owner.
#[utoipa::path(
    post, path = "/api/auth/register", tag = "auth", security(()), request_body = Registering,
    responses((status = 201, description = "the account and its first session; a cookie holds it, too", body = SessionShape))
)]
pub(crate) async fn register(
    State(state): State<AppState>,
    Visitor(actor): Visitor,
    Body(input): Body<Registering>,
) -> Result<Response, Problem> {
    let made = state
        .control()
        .register(
            &actor,
            &input.username,
            &input.password,
            input.email.as_deref(),
        )
        .await?;
    Ok(session(&state, StatusCode::CREATED, &made))
}

/// Signs in with a name and a password.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "auth", security(()), request_body = SigningIn,
    responses((status = 200, description = "a session; a cookie holds it, too", body = SessionShape))
)]
pub(crate) async fn login(
    State(state): State<AppState>,
    Visitor(actor): Visitor,
    Body(input): Body<SigningIn>,
) -> Result<Response, Problem> {
    let made = state
        .control()
        .login(&actor, &input.username, &input.password)
        .await?;
    Ok(session(&state, StatusCode::OK, &made))
}

/// Ends the session: it is dead at once, everywhere.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "auth",
    responses((status = 204, description = "it has ended"))
)]
pub(crate) async fn logout(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Response, Problem> {
    state.control().logout(&actor).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, cookie::SESSION.forget(state.over_tls()));
    Ok(response)
}

/// Says who asks.
#[utoipa::path(
    get, path = "/api/auth/me", tag = "auth",
    responses((status = 200, description = "the account", body = MeShape))
)]
pub(crate) async fn me(
    State(state): State<AppState>,
    Caller(actor): Caller,
) -> Result<Json<MeShape>, Problem> {
    let user = state.control().me(&actor)?;
    Ok(Json(MeShape {
        user: UserShape::of(&user),
        csrf_token: state.control().csrf_token(&actor),
    }))
}

/// Changes one's own password. All sessions end, this one too; the answer is a new one.
#[utoipa::path(
    post, path = "/api/auth/password", tag = "auth", request_body = PasswordChange,
    responses((status = 200, description = "a new session; a cookie holds it, too", body = SessionShape))
)]
pub(crate) async fn change_password(
    State(state): State<AppState>,
    Caller(actor): Caller,
    Body(input): Body<PasswordChange>,
) -> Result<Response, Problem> {
    let made = state
        .control()
        .change_password(&actor, &input.current_password, &input.new_password)
        .await?;
    Ok(session(&state, StatusCode::OK, &made))
}

fn session(state: &AppState, status: StatusCode, made: &SignedIn) -> Response {
    let mut response = (status, Json(SessionShape::of(made))).into_response();
    keep_session(state, &mut response, made);
    response
}

/// Makes the browser keep a session.
pub(super) fn keep_session(state: &AppState, response: &mut Response, made: &SignedIn) {
    let lasts = made.session.expires_at.since(made.session.created_at);
    let value = cookie::SESSION.keep(made.token.expose(), lasts.as_secs(), state.over_tls());
    set_cookie(response, value);
}

pub(super) fn set_cookie(response: &mut Response, value: Option<HeaderValue>) {
    if let Some(value) = value {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
