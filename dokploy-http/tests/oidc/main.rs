//! Signing in with OpenID Connect: against a provider that lies in every way that one can, and against one that is
//! certified.

mod certified;
mod hostile;
mod provider;
mod token;
