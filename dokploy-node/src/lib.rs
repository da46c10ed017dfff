//! The Node module: the engine's version, for now.

use napi_derive::napi;

/// Version of the engine.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
