//! Use of processor, memory and network.

use bollard::Docker;

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::ServiceStats;

pub(super) async fn service(_docker: &Docker, _name: &str) -> Result<ServiceStats> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
