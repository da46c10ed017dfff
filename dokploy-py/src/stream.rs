//! Events and log lines, many at a time.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dokploy_core::error::{Error, Result};
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use pyo3::prelude::*;
use serde::Serialize;

use crate::call::{Call, Reply};
use crate::convert;
use crate::error::to_python;
use crate::process::Owned;

/// Most items that cross the border at once.
const BATCH_MAX: usize = 1_000;

/// A stream of shapes. `ready` waits until something can be taken, and `take` takes all of it: nothing is lost when
/// the waiting is cancelled between the two.
#[pyclass(frozen, module = "dokploy._dokploy")]
pub(crate) struct Stream {
    shared: Owned<Arc<Shared>>,
}

struct Shared {
    /// One `ready` at a time.
    source: tokio::sync::Mutex<BoxStream<'static, Result<String>>>,
    batch: Mutex<Batch>,
}

/// What was read and not taken.
#[derive(Default)]
struct Batch {
    /// The items, with a comma after each.
    items: String,
    error: Option<Error>,
    ended: bool,
}

impl Stream {
    pub(crate) fn new<T: Serialize + 'static>(source: BoxStream<'static, Result<T>>) -> Self {
        let texts = source.map(|item| item.and_then(|item| convert::text(&item)));
        Self {
            shared: Owned::new(Arc::new(Shared {
                source: tokio::sync::Mutex::new(texts.boxed()),
                batch: Mutex::default(),
            })),
        }
    }
}

#[pymethods]
impl Stream {
    /// Waits until something can be taken.
    fn ready(&self, py: Python<'_>) -> PyResult<Call> {
        let call = self.shared.get().and_then(|shared| {
            let shared = Arc::clone(shared);
            Call::waiting(async move {
                shared.fill().await;
                Ok(Reply::Nothing)
            })
        });
        call.map_err(|error| to_python(py, &error))
    }

    /// Takes what is there as a JSON array; `None` when there is nothing and never will be.
    fn take(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let shared = self.shared.get().map_err(|error| to_python(py, &error))?;
        let mut batch = shared.batch();
        if !batch.items.is_empty() {
            let mut items = std::mem::take(&mut batch.items);
            items.pop();
            return Ok(Some(format!("[{items}]")));
        }
        if let Some(error) = batch.error.take() {
            return Err(to_python(py, &error));
        }
        Ok((!batch.ended).then(|| "[]".to_owned()))
    }
}

impl Shared {
    async fn fill(&self) {
        let mut source = self.source.lock().await;
        if self.batch().is_ready() {
            return;
        }
        let mut next = source.next().await;
        // What is there already comes along; nothing is waited for.
        for _ in 1..BATCH_MAX {
            if !self.batch().add(next) {
                return;
            }
            match source.next().now_or_never() {
                Some(found) => next = found,
                None => return,
            }
        }
        self.batch().add(next);
    }

    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    fn is_ready(&self) -> bool {
        !self.items.is_empty() || self.error.is_some() || self.ended
    }

    /// Adds what the source gave; whether there may be more.
    fn add(&mut self, next: Option<Result<String>>) -> bool {
        match next {
            Some(Ok(item)) => {
                // Writing to a text cannot fail.
                let _ = write!(self.items, "{item},");
                return true;
            }
            Some(Err(error)) => self.error = Some(error),
            None => {}
        }
        self.ended = true;
        false
    }
}
