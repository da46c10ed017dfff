//! The context on its way to the engine, piece by piece as the engine takes it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bollard::body_try_stream;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;

use super::super::connect::Body;
use crate::error::{Error, Result};

/// A context that can be sent once. Keeps the error by which it ended early: the connection only breaks off then.
pub(super) struct Context {
    stream: Mutex<Option<BoxStream<'static, Result<Bytes>>>>,
    error: Arc<Mutex<Option<Error>>>,
}

impl Context {
    /// Wraps a stream.
    pub(super) fn new(stream: BoxStream<'static, Result<Bytes>>) -> Self {
        Self {
            stream: Mutex::new(Some(stream)),
            error: Arc::default(),
        }
    }

    /// The body of the one request that sends it.
    pub(super) fn body(&self) -> Body {
        let stream = lock(&self.stream)
            .take()
            .unwrap_or_else(|| futures::stream::empty().boxed());
        let kept = Arc::clone(&self.error);
        body_try_stream(stream.map(move |piece| {
            piece.map_err(|error| {
                let seen = io::Error::other(error.to_string());
                lock(&kept).get_or_insert(error);
                seen
            })
        }))
    }

    /// Why it ended early, if it did.
    pub(super) fn take_error(&self) -> Option<Error> {
        lock(&self.error).take()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
