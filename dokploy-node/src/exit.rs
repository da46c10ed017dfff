//! The end of a thread of JavaScript: the process's only one, or a worker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dokploy_core::Engine;
use napi::Env;

use crate::inside::Inside;

/// How long the end may be held up by handing work back. What is not handed back by then is resumed when its lease
/// has ended, as after a crash.
const HAND_BACK_DEADLINE: Duration = Duration::from_secs(5);

/// An engine that is to be closed with its thread, until it is closed by itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenEngine(Arc<Mutex<Option<Inside<Engine>>>>);

impl OpenEngine {
    /// Remembers an engine and closes it when the thread of this environment ends. While it is idle, that takes no
    /// time.
    pub(crate) fn close_with(env: Env, engine: &Inside<Engine>) -> napi::Result<Self> {
        let kept = Inside::new(Engine::clone(engine), engine.runtime().clone());
        let open = Self(Arc::new(Mutex::new(Some(kept))));
        let at_exit = open.clone();
        env.add_env_cleanup_hook((), move |()| {
            if let Some(engine) = at_exit.take() {
                engine.runtime().block_on(async {
                    let closing = engine.shutdown();
                    // Nobody is left to tell that it took too long.
                    drop(tokio::time::timeout(HAND_BACK_DEADLINE, closing).await);
                });
            }
        })?;
        Ok(open)
    }

    /// Forgets the engine: it was closed.
    pub(crate) fn take(&self) -> Option<Inside<Engine>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
