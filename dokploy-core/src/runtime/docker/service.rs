//! Services: create, update, scale, restart, remove.

use bollard::Docker;

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{ObservedService, RegistryCredential, ServiceSpec};

pub(super) async fn apply(
    _docker: &Docker,
    _spec: &ServiceSpec,
    _expected_version: Option<u64>,
    _credential: Option<&RegistryCredential>,
) -> Result<ObservedService> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn scale(
    _docker: &Docker,
    _name: &str,
    _replicas: u32,
    _expected_version: u64,
) -> Result<ObservedService> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn restart(
    _docker: &Docker,
    _name: &str,
    _expected_version: u64,
) -> Result<ObservedService> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn remove(_docker: &Docker, _name: &str) -> Result<()> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
