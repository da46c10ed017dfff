//! Events and log lines, many at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dokploy_core::error::{Error, Result};
use futures::StreamExt;
use futures::stream::BoxStream;
use pyo3::prelude::*;
use serde::Serialize;

use crate::call::{Call, Reply};
use crate::convert;
use crate::error::to_python;
use crate::process::Owned;

/// Most items that cross the border at once. Only what is there already is put together: nothing is waited for.
const BATCH_MAX: usize = 1_000;

/// A stream of shapes. `ready` waits until something can be taken, and `take` takes all of it: nothing is lost when
/// the waiting is cancelled between the two.
#[pyclass(frozen, module = "dokploy._dokploy")]
pub(crate) struct Stream {
    shared: Owned<Arc<Shared>>,
}

struct Shared {
    /// One `ready` at a time.
    source: tokio::sync::Mutex<BoxStream<'static, Batch>>,
    /// What was read and not taken.
    batch: Mutex<Batch>,
}

/// Items, and what came after them.
#[derive(Default)]
struct Batch {
    /// The items as a JSON array, if there are any.
    items: Option<String>,
    error: Option<Error>,
    ended: bool,
}

impl Stream {
    pub(crate) fn new<T: Serialize + Send + 'static>(
        source: BoxStream<'static, Result<T>>,
    ) -> Self {
        let batches = source.ready_chunks(BATCH_MAX).map(Batch::of);
        Self {
            shared: Owned::new(Arc::new(Shared {
                source: tokio::sync::Mutex::new(batches.boxed()),
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
        if let Some(items) = batch.items.take() {
            return Ok(Some(items));
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
        let next = source.next().await;
        *self.batch() = next.unwrap_or_else(Batch::end);
    }

    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    /// Writes all items with one call: what an item costs is what its text costs. An error is the last thing that a
    /// stream gives.
    fn of<T: Serialize>(chunk: Vec<Result<T>>) -> Self {
        let mut items = Vec::with_capacity(chunk.len());
        let mut error = None;
        for item in chunk {
            match item {
                Ok(item) => items.push(item),
                Err(failure) => {
                    error = Some(failure);
                    break;
                }
            }
        }
        let ended = error.is_some();
        if items.is_empty() {
            return Self {
                items: None,
                error,
                ended,
            };
        }
        match convert::text(&items) {
            Ok(text) => Self {
                items: Some(text),
                error,
                ended,
            },
            Err(failure) => Self {
                error: Some(failure),
                ..Self::end()
            },
        }
    }

    fn end() -> Self {
        Self {
            ended: true,
            ..Self::default()
        }
    }

    fn is_ready(&self) -> bool {
        self.items.is_some() || self.error.is_some() || self.ended
    }
}
