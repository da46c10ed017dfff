//! The Node module: converts, calls the core, converts. No rule lives here.
//!
//! Everything but functions crosses as JSON text, which costs less than building objects piece by piece and keeps the
//! shapes those of the core. `lib/` gives it the form that Node expects.

mod call;
pub mod engine;
mod error;
mod exit;
#[cfg(feature = "fakes")]
pub mod fakes;
mod host;
mod inside;
mod options;
pub mod stream;

use napi_derive::napi;

/// Version of the engine.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
