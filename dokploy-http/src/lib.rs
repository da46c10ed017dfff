//! The command line of dokploy, and the place of its server: thin fronts of `dokploy-core` that parse, call and render.

#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod oidc;
pub mod shape;
