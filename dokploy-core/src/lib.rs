//! An embeddable deployment engine: from a git commit to a healthy, replaceable service on Docker Swarm.

#![forbid(unsafe_code)]

pub mod access;
pub mod bus;
pub mod cache;
pub mod clock;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod control;
pub mod deployer;
pub mod deployment;
pub mod engine;
pub mod error;
pub mod id;
pub mod limit;
pub mod log;
pub mod model;
pub mod monitor;
pub mod runtime;
pub mod secret;
pub mod source;
pub mod store;
pub mod webhook;

pub use crate::access::Actor;
pub use crate::control::{ControlOptions, ControlPlane};
pub use crate::deployer::{DeployRequest, Deployer, DeploymentHandle, RollbackRequest};
pub use crate::engine::{Engine, EngineBuilder, EngineOptions, EventSink, OpenOptions, SecretKey};
pub use crate::error::{Error, ErrorKind, Result, Retry};
pub use crate::runtime::ContainerRuntime;
pub use crate::secret::Secret;
pub use crate::source::SourceFetcher;
pub use crate::store::Store;
