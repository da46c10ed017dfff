//! Signing in with OpenID Connect: against a provider that lies in every way that one can, and against one that is
//! certified.

#![expect(clippy::unwrap_used, reason = "a test that fails does so by panicking")]

mod certified;
mod hostile;
mod provider;
mod refused;
mod routes;
mod site;
mod token;
