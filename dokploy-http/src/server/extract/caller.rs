//! Who asks, for handlers.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use dokploy_core::access::Actor;
use dokploy_core::{Error, ErrorKind};

use crate::server::middleware::authenticate::Authenticated;
use crate::server::problem::Problem;

/// Somebody who has signed in.
///
/// # Errors
///
/// 401 for everybody else, and whatever kept the server from finding out.
#[derive(Clone, Debug)]
pub struct Caller(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Authenticated { actor, refusal } = authenticated(parts);
        match refusal {
            Some(refusal) => Err(refusal),
            None if actor.user().is_some() => Ok(Self(actor)),
            None => Err(
                Error::new(ErrorKind::Unauthenticated, "nobody is signed in")
                    .with_hint("send a token as Authorization: Bearer …, or sign in")
                    .into(),
            ),
        }
    }
}

/// Anybody, signed in or not. A token that does not count is the same as none.
#[derive(Clone, Debug)]
pub struct Visitor(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        _: &S,
    ) -> Result<Self, std::convert::Infallible> {
        Ok(Self(authenticated(parts).actor))
    }
}

/// Nobody has passed the layer when it is missing: the door stays shut.
fn authenticated(parts: &Parts) -> Authenticated {
    parts.extensions.get().cloned().unwrap_or(Authenticated {
        actor: Actor::anonymous(),
        refusal: None,
    })
}
