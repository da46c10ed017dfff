//! The end of a thread of JavaScript: the process's only one, or a worker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dokploy_core::Engine;
use napi::Env;
use tokio_util::sync::CancellationToken;

use crate::inside::Inside;

/// How long the end may be held up by handing work back. What is not handed back by then is resumed when its lease
/// has ended, as after a crash.
const HAND_BACK_DEADLINE: Duration = Duration::from_secs(5);

/// An engine that is to be closed with its thread, until it is closed by itself.
#[derive(Clone, Debug)]
pub(crate) struct OpenEngine {
    engine: Arc<Mutex<Option<Inside<Engine>>>>,
    /// Tells the parts that are written in JavaScript that nobody can answer any more.
    closing: CancellationToken,
}

impl OpenEngine {
    /// Remembers an engine, and closes it when the thread of this environment is terminated. Node does not say so at the
    /// end of a process: there, JavaScript calls [`OpenEngine::hand_back`].
    pub(crate) fn close_with(
        env: Env,
        engine: &Inside<Engine>,
        closing: CancellationToken,
    ) -> napi::Result<Self> {
        let kept = Inside::new(Engine::clone(engine), engine.runtime().clone());
        let open = Self {
            engine: Arc::new(Mutex::new(Some(kept))),
            closing,
        };
        let at_exit = open.clone();
        env.add_env_cleanup_hook((), move |()| at_exit.hand_back())?;
        Ok(open)
    }

    /// Closes the engine, unless it is closed, while the thread waits. An idle one takes no time.
    pub(crate) fn hand_back(&self) {
        let Some(engine) = self.take() else { return };
        self.closing.cancel();
        engine.runtime().block_on(async {
            let closing = engine.shutdown();
            // Nobody is left to tell that it took too long.
            drop(tokio::time::timeout(HAND_BACK_DEADLINE, closing).await);
        });
    }

    /// Forgets the engine: it was closed.
    pub(crate) fn take(&self) -> Option<Inside<Engine>> {
        self.engine
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}
