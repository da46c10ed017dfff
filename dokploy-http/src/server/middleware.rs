//! What every request passes on its way to a handler, from the outside to the inside.

pub(crate) mod address;
pub(crate) mod authenticate;
pub(crate) mod deadline;
pub(crate) mod idempotency;
pub(crate) mod measure;
pub(crate) mod panic;
pub(crate) mod rate_limit;
pub(crate) mod request_id;
pub(crate) mod security;

/// What is asked by whoever watches the server. Neither an account nor what others ask may keep it from an answer.
fn is_health(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}
