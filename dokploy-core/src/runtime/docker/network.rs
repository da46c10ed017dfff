//! Networks and volumes.

use std::collections::BTreeMap;

use bollard::Docker;

use crate::error::{Error, ErrorKind, Result};

pub(super) async fn ensure_network(_docker: &Docker, _name: &str) -> Result<()> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn ensure_volume(
    _docker: &Docker,
    _name: &str,
    _labels: &BTreeMap<String, String>,
) -> Result<()> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
