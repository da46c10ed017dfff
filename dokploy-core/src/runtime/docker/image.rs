//! Images on the engine.

use std::collections::BTreeMap;

use bollard::Docker;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{Image, OwnedObject, RegistryCredential};

pub(super) async fn find(_docker: &Docker, _reference: &str) -> Result<Option<Image>> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn pull(
    _docker: &Docker,
    _reference: &str,
    _credential: Option<&RegistryCredential>,
    _cancel: &CancellationToken,
) -> Result<Image> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn list_owned(
    _docker: &Docker,
    _labels: &BTreeMap<String, String>,
) -> Result<Vec<OwnedObject>> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn remove_owned(_docker: &Docker, _object: &OwnedObject) -> Result<bool> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
