//! One call of the engine, to be awaited or to be waited for.

use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dokploy_core::error::{Error, ErrorKind, Result};
use futures::FutureExt;
use futures::future::BoxFuture;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::{intern, wrap_pyfunction};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::error::to_python;
use crate::process::{Blocked, Owned, Process};

/// How often a blocking call looks whether the person has pressed Ctrl-C.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// What a call answers.
pub(crate) enum Reply {
    /// Nothing.
    Nothing,
    /// A shape as JSON.
    Text(String),
    /// A new engine.
    Engine(dokploy_core::Engine),
    /// A deployment.
    Handle(dokploy_core::DeploymentHandle),
    /// A shape as JSON, and the deployment that was begun with it.
    Both(String, dokploy_core::DeploymentHandle),
}

impl Reply {
    fn into_python(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Self::Nothing => Ok(py.None()),
            Self::Text(text) => Ok(text.into_pyobject(py)?.into_any().unbind()),
            Self::Engine(engine) => {
                let engine = crate::engine::Engine::new(engine);
                Ok(Py::new(py, engine)?.into_any())
            }
            Self::Handle(handle) => {
                let handle = crate::deployment::DeploymentHandle::new(handle);
                Ok(Py::new(py, handle)?.into_any())
            }
            Self::Both(text, handle) => {
                let handle = Self::Handle(handle).into_python(py)?;
                Ok((text, handle).into_pyobject(py)?.into_any().unbind())
            }
        }
    }
}

type Work = BoxFuture<'static, Result<Reply>>;

/// One call of the engine. `await` it, or let `result` wait for it. It begins then, and only once.
#[pyclass(frozen, module = "dokploy._dokploy")]
pub(crate) struct Call {
    work: Owned<Mutex<Option<Work>>>,
    runtime: Handle,
    blocked: Blocked,
    only_waits: bool,
}

impl Call {
    /// A call that changes something, or that answers soon: it is finished even when nobody waits for it any more.
    pub(crate) fn new(work: impl Future<Output = Result<Reply>> + Send + 'static) -> Result<Self> {
        Self::of(work, false)
    }

    /// A call that only waits for something: it ends with the waiting.
    pub(crate) fn waiting(
        work: impl Future<Output = Result<Reply>> + Send + 'static,
    ) -> Result<Self> {
        Self::of(work, true)
    }

    fn of(
        work: impl Future<Output = Result<Reply>> + Send + 'static,
        only_waits: bool,
    ) -> Result<Self> {
        let work = AssertUnwindSafe(work).catch_unwind().map(|answer| {
            answer.unwrap_or_else(|_| {
                Err(Error::new(
                    ErrorKind::Unexpected,
                    "the engine panicked in this call",
                ))
            })
        });
        let process = Process::current()?;
        Ok(Self {
            work: Owned::new(Mutex::new(Some(work.boxed()))),
            runtime: process.runtime(),
            blocked: process.blocked(),
            only_waits,
        })
    }

    fn take(&self, py: Python<'_>) -> PyResult<Work> {
        let work = self.work.get().map_err(|error| to_python(py, &error))?;
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        work.ok_or_else(|| PyRuntimeError::new_err("this call was already awaited"))
    }
}

#[pymethods]
impl Call {
    /// Begins the call on the engine's threads. Cancelling the task that awaits it ends the waiting, not the call.
    fn __await__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let running = running_loop(py)?;
        let work = self.take(py)?;
        let future = running.call_method0(intern!(py, "create_future"))?;
        let waiter = Waiter {
            running: running.unbind(),
            future: future.clone().unbind(),
        };
        let task = self.runtime.spawn(async move { waiter.tell(work.await) });
        if self.only_waits {
            let end = EndOfWaiting {
                task: task.abort_handle(),
                runtime: self.runtime.clone(),
            };
            future.call_method1(intern!(py, "add_done_callback"), (end,))?;
        }
        future.call_method0(intern!(py, "__await__"))
    }

    /// Waits for the answer, without holding up other threads. Ctrl-C ends the waiting, not the call.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let work = self.take(py)?;
        let answer = py.detach(|| self.block_on(work));
        answer?
            .map_err(|error| to_python(py, &error))?
            .into_python(py)
    }
}

impl Call {
    fn block_on(&self, mut work: Work) -> PyResult<Result<Reply>> {
        // What is left of the work is dropped in here, too.
        let _within = self.runtime.enter();
        let answer = {
            let waiting = self.blocked.wait(interruptible(&mut work));
            self.runtime.block_on(waiting)
        };
        if answer.is_err() && !self.only_waits {
            self.runtime.spawn(work);
        }
        answer
    }
}

async fn interruptible(work: &mut Work) -> PyResult<Result<Reply>> {
    loop {
        tokio::select! {
            biased;
            answer = &mut *work => return Ok(answer),
            () = tokio::time::sleep(SIGNAL_INTERVAL) => {}
        }
        look_for_interrupts()?;
    }
}

fn look_for_interrupts() -> PyResult<()> {
    let interrupt = Python::try_attach(|py| py.check_signals().err());
    interrupt.flatten().map_or(Ok(()), Err)
}

/// The loop that runs in this thread.
pub(crate) fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static GET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    GET.import(py, "asyncio", "get_running_loop")?.call0()
}

/// Who awaits an answer.
struct Waiter {
    running: Py<PyAny>,
    future: Py<PyAny>,
}

impl Waiter {
    /// Hands the answer to the loop. One that was closed meanwhile is not interested any more, and neither is an
    /// interpreter that ends.
    fn tell(self, answer: Result<Reply>) {
        let told = Python::try_attach(move |py| -> PyResult<()> {
            let (value, error) = match answer {
                Ok(reply) => (Some(reply.into_python(py)?), None),
                Err(error) => (None, Some(to_python(py, &error).into_value(py))),
            };
            self.running.call_method1(
                py,
                intern!(py, "call_soon_threadsafe"),
                (settle_function(py)?, self.future, value, error),
            )?;
            Ok(())
        });
        if let Some(Err(error)) = told {
            tracing::debug!(error = %error, "nobody waits for an answer any more");
        }
    }
}

fn settle_function(py: Python<'_>) -> PyResult<&Py<PyAny>> {
    static SETTLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    SETTLE.get_or_try_init(py, || Ok(wrap_pyfunction!(settle, py)?.into_any().unbind()))
}

/// Settles a future in the thread of its loop, unless its task was cancelled.
#[pyfunction]
fn settle(
    future: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    error: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = future.py();
    if future.call_method0(intern!(py, "done"))?.is_truthy()? {
        return Ok(());
    }
    if error.is_none() {
        future.call_method1(intern!(py, "set_result"), (value,))?;
    } else {
        future.call_method1(intern!(py, "set_exception"), (error,))?;
    }
    Ok(())
}

/// Called when a future is done: ends work that nobody waits for any more.
#[pyclass(frozen)]
struct EndOfWaiting {
    task: AbortHandle,
    runtime: Handle,
}

#[pymethods]
impl EndOfWaiting {
    fn __call__(&self, _future: &Bound<'_, PyAny>) {
        // A task that rests is dropped here and now.
        let _within = self.runtime.enter();
        self.task.abort();
    }
}
