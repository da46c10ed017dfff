//! No request waits for ever. Streams are not affected: their head is there at once.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use dokploy_core::{Error, ErrorKind};

use crate::server::problem::Problem;

/// How long the head of an answer may take, the body of the request included, and how long an upload may stand still.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) async fn layer(request: Request, next: Next) -> Response {
    let answered = within(next.run(request)).await;
    answered.unwrap_or_else(Problem::into_response)
}

/// Waits for the work of a request for as long as it may take.
pub(crate) async fn within<T>(work: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(DEADLINE, work).await.map_err(|_| {
        let error = Error::new(ErrorKind::TimedOut, "the request took longer than 30 s")
            .with_hint("what it began may be done nevertheless: look before asking again");
        Problem::from(error)
    })
}
