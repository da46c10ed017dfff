//! Ids in paths.

use std::str::FromStr;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use dokploy_core::Error;

use crate::server::problem::{Problem, Refusal};

/// The one id of a path.
///
/// # Errors
///
/// 400 for what is no id.
#[derive(Clone, Copy, Debug)]
pub struct PathId<T>(pub T);

impl<S: Send + Sync, T: FromStr<Err = Error>> FromRequestParts<S> for PathId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|_| unreadable())?;
        parse(&text).map(Self)
    }
}

/// The two ids of a path.
///
/// # Errors
///
/// 400 for what is no id.
#[derive(Clone, Copy, Debug)]
pub struct PathIds<A, B>(pub A, pub B);

impl<S, A, B> FromRequestParts<S> for PathIds<A, B>
where
    S: Send + Sync,
    A: FromStr<Err = Error>,
    B: FromStr<Err = Error>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((first, second)) = path.map_err(|_| unreadable())?;
        Ok(Self(parse(&first)?, parse(&second)?))
    }
}

fn parse<T: FromStr<Err = Error>>(text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|error: Error| Problem::refusal(Refusal::Malformed, error.message()))
}

fn unreadable() -> Problem {
    Problem::refusal(Refusal::Malformed, "the path is no UTF-8")
}
