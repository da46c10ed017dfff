//! Queries, and the part of a list that they ask for.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use dokploy_core::model::PageRequest;
use dokploy_core::{Error, Result};
use serde::de::DeserializeOwned;

use super::body::without_value;
use crate::server::problem::Problem;

/// The parameters of a query.
///
/// # Errors
///
/// 422 with the field for a value that does not fit or a parameter that is not known.
#[derive(Clone, Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let reader = serde_urlencoded::Deserializer::new(pairs);
        serde_path_to_error::deserialize(reader)
            .map(Self)
            .map_err(|error| {
                let path = error.path().to_string();
                let field = if path == "." {
                    "query".to_owned()
                } else {
                    path
                };
                Error::invalid_field(field, without_value(error.inner().to_string())).into()
            })
    }
}

/// The part of a list: `limit` items (50 unless told) from `cursor` on, which is the `nextCursor` of the part before.
///
/// # Errors
///
/// `invalid_spec` for a limit out of bounds, or a cursor that no list gave.
pub fn page(limit: Option<u32>, cursor: Option<&str>) -> Result<PageRequest> {
    let first = PageRequest::first();
    let limit = limit.unwrap_or(first.limit);
    if !(1..=PageRequest::LIMIT_MAX).contains(&limit) {
        return Err(Error::invalid_field(
            "limit",
            format!("a number from 1 to {} is expected", PageRequest::LIMIT_MAX),
        ));
    }
    let before = cursor.map(|cursor| {
        uuid::Uuid::try_parse(cursor).map_err(|_| {
            Error::invalid_field("cursor", "is no cursor: pass on what nextCursor held")
        })
    });
    Ok(PageRequest {
        limit,
        before: before.transpose()?,
    })
}
