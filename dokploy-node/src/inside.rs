//! Values of the runtime in the hands of the thread of JavaScript.

use std::fmt;
use std::ops::Deref;

use tokio::runtime::{EnterGuard, Handle};

/// A value that is dropped within its runtime, wherever the garbage collector lets go of it: a connection that goes
/// back to its pool spawns a task for it. A runtime that has ended takes that as well.
pub(crate) struct Inside<T> {
    /// Present until it is dropped.
    value: Option<T>,
    runtime: Handle,
}

impl<T> Inside<T> {
    pub(crate) fn new(value: T, runtime: Handle) -> Self {
        Self {
            value: Some(value),
            runtime,
        }
    }

    /// The runtime that the value lives on.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Makes the runtime the current one of this thread.
    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.runtime.enter()
    }
}

impl<T> Deref for Inside<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect("it is taken by its drop alone")
    }
}

impl<T> Drop for Inside<T> {
    fn drop(&mut self) {
        let _entered = self.runtime.enter();
        self.value.take();
    }
}

impl<T: fmt::Debug> fmt::Debug for Inside<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
