//! One-off tasks.

use std::time::Duration;

use bollard::Docker;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{LogSink, TaskOutcome, TaskSpec};

pub(super) async fn run(
    _docker: &Docker,
    _spec: &TaskSpec,
    _deadline: Duration,
    _log: &dyn LogSink,
    _cancel: &CancellationToken,
) -> Result<TaskOutcome> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) async fn remove(_docker: &Docker, _name: &str) -> Result<()> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
