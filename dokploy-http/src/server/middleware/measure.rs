//! Counts requests, by the pattern of their route, so that a client cannot make series at will.

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;

use crate::server::state::AppState;

/// Methods that are told apart.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

pub(crate) async fn layer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let known = METHODS.iter().find(|method| *method == request.method());
    let method = known.map_or("OTHER", Method::as_str);
    let route = request.extensions().get::<MatchedPath>().cloned();
    let begun = Instant::now();
    let response = next.run(request).await;
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let status = response.status().as_u16();
    state
        .engine()
        .recorder()
        .request(method, route, status, begun.elapsed());
    response
}
