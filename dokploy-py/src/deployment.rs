//! A deployment that was accepted.

use dokploy_core::error::Result;
use dokploy_core::model::ActorRef;
use futures::StreamExt;
use pyo3::prelude::*;

use crate::call::Call;
use crate::convert;
use crate::engine::duration;
use crate::error::to_python;
use crate::process::Owned;
use crate::stream::Stream;

/// A deployment and the engine that knows it. Dropping it stops nothing.
#[pyclass(frozen, module = "dokploy._dokploy")]
pub(crate) struct DeploymentHandle {
    handle: Owned<dokploy_core::DeploymentHandle>,
}

impl DeploymentHandle {
    pub(crate) fn new(handle: dokploy_core::DeploymentHandle) -> Self {
        Self {
            handle: Owned::new(handle),
        }
    }

    fn inner(&self, py: Python<'_>) -> PyResult<dokploy_core::DeploymentHandle> {
        let handle = self.handle.get().map_err(|error| to_python(py, &error))?;
        Ok(handle.clone())
    }
}

#[pymethods]
impl DeploymentHandle {
    #[getter]
    fn id(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.inner(py)?.id().to_string())
    }

    fn get(&self, py: Python<'_>) -> PyResult<Call> {
        let handle = self.inner(py)?;
        Call::new(async move { convert::reply(&handle.get().await?) })
            .map_err(|error| to_python(py, &error))
    }

    fn events(&self, py: Python<'_>, after: u64) -> PyResult<Stream> {
        Ok(Stream::new(self.inner(py)?.events(after)))
    }

    fn logs(&self, py: Python<'_>, after: u64, follow: bool) -> PyResult<Stream> {
        Ok(Stream::new(self.inner(py)?.logs(after, follow)))
    }

    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Call> {
        let handle = self.inner(py)?;
        Call::waiting(async move {
            let deployment = match timeout {
                Some(timeout) => handle.wait(duration("timeout", timeout)?).await?,
                None => ended(&handle).await?,
            };
            convert::reply(&deployment)
        })
        .map_err(|error| to_python(py, &error))
    }

    fn cancel(&self, py: Python<'_>, actor: Option<String>) -> PyResult<Call> {
        let handle = self.inner(py)?;
        Call::new(async move { convert::reply(&handle.cancel(actor.map(ActorRef)).await?) })
            .map_err(|error| to_python(py, &error))
    }
}

/// The deployment when it is terminal, however long that takes.
async fn ended(handle: &dokploy_core::DeploymentHandle) -> Result<dokploy_core::model::Deployment> {
    let mut events = handle.events(0);
    while let Some(event) = events.next().await {
        event?;
    }
    handle.get().await
}
