//! The server: settings to parts, parts to a router, a router to connections, and an orderly end.

pub mod cookie;
pub mod docs;
pub mod extract;
pub mod listen;
pub mod openapi;
pub mod problem;

pub(crate) mod middleware;
mod run;
pub(crate) mod sse;
mod state;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};

pub use self::run::run;
pub use self::state::AppState;
use crate::routes;

/// Bytes of a body, uploads excepted.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Answers smaller than this are not worth compressing.
const COMPRESSED_BYTES_MIN: u64 = 1024;

/// Everything that is served, with what each request passes on its way.
pub fn router(state: AppState) -> Router {
    let (router, _) = routes::router().split_for_parts();
    let compressed = SizeAbove::new(COMPRESSED_BYTES_MIN)
        .and(NotForContentType::SSE)
        .and(NotForContentType::IMAGES);
    // The last layer is the first that a request passes.
    router
        .merge(routes::pages())
        .fallback(routes::nothing_here)
        .layer(from_fn_with_state(
            state.clone(),
            middleware::idempotency::layer,
        ))
        .layer(from_fn_with_state(
            state.clone(),
            middleware::rate_limit::layer,
        ))
        .layer(from_fn_with_state(
            state.clone(),
            middleware::authenticate::layer,
        ))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(middleware::panic::layer))
        .layer(from_fn(middleware::request_id::layer))
        .layer(from_fn_with_state(
            state.clone(),
            middleware::measure::layer,
        ))
        .layer(CompressionLayer::new().gzip(true).compress_when(compressed))
        .layer(from_fn_with_state(
            state.clone(),
            middleware::security::layer,
        ))
        .with_state(state)
}
