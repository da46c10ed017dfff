//! The assembly of an engine from a few settings, for a program that needs no parts of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{Engine, EngineOptions};
use crate::error::{Error, ErrorKind, Result, Retry};
use crate::runtime::ContainerRuntime;
use crate::secret::{Keyring, Secret};
use crate::source::NetworkPolicy;
use crate::store::Store;

/// What an engine is made of. Everything has a default: the local container engine, and a directory that holds the
/// database, the git mirrors, the logs and the key.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Directory of everything that is kept; made when it is missing.
    pub data_dir: PathBuf,
    /// `postgres://…` or `sqlite://…`. Unset: an SQLite file in the data directory.
    pub database_url: Option<Secret>,
    /// Address of the container engine, as `DOCKER_HOST` has it. Unset: the local socket.
    pub docker_host: Option<String>,
    /// Directory with `ca.pem`, `cert.pem` and `key.pem` for a container engine that speaks TLS.
    pub docker_cert_path: Option<PathBuf>,
    /// The key that seals secrets.
    pub secret_key: SecretKey,
    /// Which addresses the engine may connect to for a source, and whether local files may be one.
    pub network: NetworkPolicy,
    /// Limits and times.
    pub options: EngineOptions,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("dokploy-data"),
            database_url: None,
            docker_host: None,
            docker_cert_path: None,
            secret_key: SecretKey::Generated,
            network: NetworkPolicy::strict(),
            options: EngineOptions::default(),
        }
    }
}

/// Where the key that seals secrets comes from.
#[derive(Clone, Debug, Default)]
pub enum SecretKey {
    /// From a file in the data directory that only its owner can read, made on the first start.
    #[default]
    Generated,
    /// One or more keys of 32 bytes in base64; the first one seals.
    Base64(Secret),
    /// The same in a file, made when it is missing.
    File(PathBuf),
}
