//! The server and the command line of dokploy: thin fronts of `dokploy-core` that parse, call and render.

#![forbid(unsafe_code)]

pub mod cli;
pub mod config;
pub mod live;
pub mod oidc;
pub mod routes;
pub mod server;
pub mod shape;
