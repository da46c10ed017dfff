//! Parts of an engine that are written in Python, called on threads where they may block.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use dokploy_core::error::{Error, ErrorKind, Result};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::error::Raised;

/// What a part answered: JSON or nothing, or what it raised.
type Answer = std::result::Result<Option<String>, Raised>;

/// A part as `dokploy._parts` prepares it: called with what takes the answer, the name of a method and its arguments,
/// it answers how the call can be cancelled, where that is possible.
#[derive(Clone)]
pub(crate) struct Part(Arc<Py<PyAny>>);

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").finish_non_exhaustive()
    }
}

impl Part {
    pub(crate) fn new(part: Py<PyAny>) -> Self {
        Self(Arc::new(part))
    }

    /// Calls a method and waits for its answer.
    ///
    /// # Errors
    ///
    /// What the method raised; of the kind `otherwise` when that says none. `cancelled` when `cancel` was first.
    pub(crate) async fn call(
        &self,
        method: &'static str,
        arguments: Vec<String>,
        otherwise: ErrorKind,
        cancel: &CancellationToken,
    ) -> Result<Option<String>> {
        let (sender, receiver) = oneshot::channel();
        let cancellation = Cancellation::default();
        let begun = {
            let part = Arc::clone(&self.0);
            let cancellation = cancellation.clone();
            spawn_blocking(move || begin(&part, method, arguments, sender, &cancellation))
        };
        let answer = async move {
            begun.await.map_err(|error| {
                Error::new(ErrorKind::Unexpected, "a call into Python broke off").with_source(error)
            })??;
            receiver.await.map_err(|_| {
                let message = format!("{method} was never answered: its event loop has ended");
                Error::new(ErrorKind::Unavailable, message)
            })
        };
        tokio::select! {
            answer = answer => answer?.map_err(|raised| raised.into_error(otherwise)),
            () = cancel.cancelled() => {
                cancellation.request();
                Err(Error::new(ErrorKind::Cancelled, format!("{method} was cancelled")))
            }
        }
    }
}

fn begin(
    part: &Py<PyAny>,
    method: &'static str,
    arguments: Vec<String>,
    sender: oneshot::Sender<Answer>,
    cancellation: &Cancellation,
) -> Result<()> {
    let begun = Python::try_attach(|py| -> PyResult<Option<Py<PyAny>>> {
        let arguments = PyTuple::new(py, arguments)?;
        let done = Done(Mutex::new(Some(sender)));
        let cancel = part.call1(py, (done, method, arguments))?;
        Ok((!cancel.is_none(py)).then_some(cancel))
    });
    match begun {
        Some(Ok(cancel)) => {
            cancellation.set(cancel);
            Ok(())
        }
        Some(Err(raised)) => Err(Error::new(
            ErrorKind::Unexpected,
            format!("{method} could not be called: {raised}"),
        )),
        None => Err(Error::new(
            ErrorKind::Unavailable,
            "the interpreter is about to end",
        )),
    }
}

/// How a call that was begun can be cancelled.
#[derive(Clone, Default)]
struct Cancellation(Arc<Mutex<Asked>>);

#[derive(Default)]
struct Asked {
    by: Option<Py<PyAny>>,
    wanted: bool,
}

impl Cancellation {
    fn set(&self, by: Option<Py<PyAny>>) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.by = by;
        if asked.wanted {
            asked.carry_out();
        }
    }

    /// Cancels the call as soon as that is possible. Waiting for the interpreter does not hold a worker up.
    fn request(self) {
        spawn_blocking(move || {
            let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            asked.wanted = true;
            asked.carry_out();
        });
    }
}

impl Asked {
    fn carry_out(&mut self) {
        if let Some(by) = self.by.take() {
            let asked = Python::try_attach(|py| by.call0(py).map(drop));
            if let Some(Err(error)) = asked {
                tracing::debug!(error = %error, "a part could not be cancelled");
            }
        }
    }
}

/// Takes the answer of a part, once, from whatever thread it comes.
#[pyclass(frozen)]
struct Done(Mutex<Option<oneshot::Sender<Answer>>>);

#[pymethods]
impl Done {
    /// `raised` is what `dokploy._parts` says of an exception, as JSON.
    fn __call__(&self, value: Option<String>, raised: Option<String>) {
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let answer = match raised {
            None => Ok(value),
            Some(raised) => Err(Raised::read(&raised)),
        };
        if let Some(sender) = sender {
            // Whoever was cancelled does not listen any more.
            let _ = sender.send(answer);
        }
    }
}
