//! A handler that panics is a bug of this server: the client gets a problem, and the log the place.

use std::panic::AssertUnwindSafe;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use dokploy_core::{Error, ErrorKind};
use futures::FutureExt as _;

use crate::server::problem::Problem;

pub(crate) async fn layer(request: Request, next: Next) -> Response {
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|_| {
        let error = Error::new(ErrorKind::Unexpected, "a handler panicked");
        Problem::from(error).into_response()
    })
}
