//! Output of services and tasks.

use bollard::Docker;
use futures::stream::BoxStream;

use crate::error::{Error, ErrorKind, Result};
use crate::runtime::{ServiceLogLine, ServiceLogQuery};

pub(super) async fn task_tail(
    _docker: &Docker,
    _task_id: &str,
    _lines: u32,
) -> Result<Vec<String>> {
    Err(Error::new(ErrorKind::Unsupported, "not there yet"))
}

pub(super) fn service(
    _docker: &Docker,
    _query: &ServiceLogQuery,
) -> BoxStream<'static, Result<ServiceLogLine>> {
    Box::pin(futures::stream::empty())
}
