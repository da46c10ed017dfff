//! Pushes.

use bollard::Docker;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{LogSink, RegistryCredential};

pub(super) async fn push(
    _docker: &Docker,
    _image_id: &str,
    _name: &str,
    _credential: Option<&RegistryCredential>,
    _log: &dyn LogSink,
    _cancel: &CancellationToken,
) -> Result<String> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
