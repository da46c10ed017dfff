//! Builds.

use bollard::Docker;
use bytes::Bytes;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use super::connect::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{BuildRequest, Image, LogSink};

pub(super) async fn image(
    _docker: &Docker,
    _engine: &Engine,
    _request: &BuildRequest,
    _context: BoxStream<'static, Result<Bytes>>,
    _log: &dyn LogSink,
    _cancel: &CancellationToken,
) -> Result<Image> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}
