//! What all engines of this process share: one tokio runtime, and the list of those that are open.
//!
//! A fork copies neither threads nor their work, so the child gets a runtime of its own and leaves the parent's as it
//! is: dropping that would wait for threads that are not there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use dokploy_core::error::{Error, ErrorKind, Result};
use dokploy_core::id::WorkerId;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long the end of the interpreter waits for engines to hand back what runs.
const LEAVE_DEADLINE: Duration = Duration::from_secs(10);

static CURRENT: ArcSwapOption<Process> = ArcSwapOption::const_empty();

/// How many forks this process is away from the one that imported the module.
static FORKS: AtomicU64 = AtomicU64::new(0);

/// Whether the interpreter is about to end.
static LEAVING: AtomicBool = AtomicBool::new(false);

/// What all engines of a process share.
pub(crate) struct Process {
    runtime: Runtime,
    blocked: Blocked,
    open: Mutex<BTreeMap<WorkerId, dokploy_core::Engine>>,
}

impl Process {
    /// The one of this process, made when it is first needed.
    pub(crate) fn current() -> Result<Arc<Self>> {
        if let Some(process) = CURRENT.load_full() {
            return Ok(process);
        }
        if LEAVING.load(Ordering::Acquire) {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the interpreter is about to end",
            ));
        }
        let runtime = Builder::new_multi_thread()
            .enable_all()
            .thread_name("dokploy")
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Unavailable, "no threads can be started").with_source(error)
            })?;
        let made = Arc::new(Self {
            runtime,
            blocked: Blocked::default(),
            open: Mutex::default(),
        });
        let none: Option<Arc<Self>> = None;
        CURRENT.compare_and_swap(&none, Some(made));
        // Whoever was first has made the one that counts.
        CURRENT
            .load_full()
            .ok_or_else(|| Error::new(ErrorKind::Unavailable, "the interpreter is about to end"))
    }

    /// Runs work on threads of its own.
    pub(crate) fn runtime(&self) -> Handle {
        self.runtime.handle().clone()
    }

    /// What threads have to know that wait for an answer.
    pub(crate) fn blocked(&self) -> Blocked {
        self.blocked.clone()
    }

    /// Keeps an engine until it is closed, so that the end of the interpreter finds it.
    pub(crate) fn opened(&self, engine: &dokploy_core::Engine) {
        self.lock().insert(engine.worker(), engine.clone());
    }

    /// Forgets an engine that was closed.
    pub(crate) fn closed(&self, engine: &dokploy_core::Engine) {
        self.lock().remove(&engine.worker());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<WorkerId, dokploy_core::Engine>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The threads that wait for an answer. When the interpreter ends, only daemon threads still do; they are parked for
/// good, because a thread that comes back to an interpreter that ends is killed in the middle of its work.
#[derive(Clone, Default)]
pub(crate) struct Blocked {
    threads: TaskTracker,
    leaving: CancellationToken,
}

impl Blocked {
    /// Waits in this thread for what may not be polled any more when the interpreter ends.
    pub(crate) async fn wait<T>(&self, waiting: impl Future<Output = T>) -> T {
        let token = self.threads.token();
        if let Some(answer) = self.leaving.run_until_cancelled(waiting).await {
            return answer;
        }
        drop(token);
        std::future::pending().await
    }

    async fn park_all(&self) {
        self.leaving.cancel();
        self.threads.close();
        self.threads.wait().await;
    }
}

/// A value that only the process that made it can use. Another one, after a fork, gets an error and never drops it.
///
/// It is dropped within the runtime, because what the engine works with (a connection that goes back to its pool, for
/// example) may have to begin something then.
pub(crate) struct Owned<T> {
    value: Option<T>,
    runtime: Option<Handle>,
    forks: u64,
}

impl<T> Owned<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value: Some(value),
            runtime: Process::current().ok().map(|process| process.runtime()),
            forks: FORKS.load(Ordering::Relaxed),
        }
    }

    fn is_ours(&self) -> bool {
        self.forks == FORKS.load(Ordering::Relaxed)
    }

    /// The value, unless this is a child of the process that it belongs to.
    pub(crate) fn get(&self) -> Result<&T> {
        match &self.value {
            Some(value) if self.is_ours() => Ok(value),
            _ => Err(Error::new(
                ErrorKind::Unsupported,
                "this engine belongs to the process that was forked, and cannot be used after fork()",
            )
            .with_hint(
                "open an engine in the child, or let multiprocessing start processes with \"spawn\"",
            )),
        }
    }
}

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        if self.is_ours() {
            let _within = self.runtime.as_ref().map(Handle::enter);
            self.value = None;
        } else {
            std::mem::forget(self.value.take());
        }
    }
}

/// Called in the child after a fork.
#[pyfunction]
pub(crate) fn after_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
    std::mem::forget(CURRENT.swap(None));
}

/// Called before the interpreter ends: hands back what runs, and lets no thread come back to Python.
#[pyfunction]
pub(crate) fn leave(py: Python<'_>) {
    LEAVING.store(true, Ordering::Release);
    let Some(process) = CURRENT.swap(None) else {
        return;
    };
    py.detach(|| {
        let open = std::mem::take(&mut *process.lock());
        let handed_back = async {
            process.blocked.park_all().await;
            futures::future::join_all(open.values().map(dokploy_core::Engine::shutdown)).await;
        };
        let in_time = process
            .runtime
            .block_on(async { tokio::time::timeout(LEAVE_DEADLINE, handed_back).await });
        if in_time.is_err() {
            tracing::warn!("an engine did not stop in time; another one takes over what it had");
            open.values().for_each(dokploy_core::Engine::abort);
        }
        drop(open);
        if let Some(process) = Arc::into_inner(process) {
            process.runtime.shutdown_timeout(Duration::from_secs(1));
        }
    });
}
