//! Clean-up of what carries our label, but for images.

use std::collections::BTreeMap;

use bollard::Docker;

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{OwnedKind, OwnedObject};

pub(super) async fn list(
    _docker: &Docker,
    _kind: OwnedKind,
    _labels: &BTreeMap<String, String>,
) -> Result<Vec<OwnedObject>> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn remove(_docker: &Docker, _object: &OwnedObject) -> Result<bool> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
