//! Registries: credentials and digests.

use bollard::Docker;
use bollard::auth::DockerCredentials;

use super::connect::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::RegistryCredential;

/// What the engine is told about a credential.
pub(super) fn credentials(credential: &RegistryCredential) -> DockerCredentials {
    DockerCredentials {
        username: Some(credential.username.clone()),
        password: Some(credential.password.expose().to_owned()),
        serveraddress: Some(credential.host.clone()),
        ..DockerCredentials::default()
    }
}

pub(super) async fn resolve_digest(
    _docker: &Docker,
    _engine: &Engine,
    _reference: &str,
    _credential: Option<&RegistryCredential>,
) -> Result<String> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
