//! What the engine is, and its swarm.

use bollard::Docker;

use super::connect::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::RuntimeInfo;

pub(super) async fn info(_docker: &Docker, _engine: &Engine) -> Result<RuntimeInfo> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn ensure(_docker: &Docker, _advertise: Option<&str>) -> Result<()> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
