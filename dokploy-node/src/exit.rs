//! The end of a thread of JavaScript: the process's only one, or a worker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dokploy_core::Engine;
use napi::Env;

/// How long the end may be held up by handing work back. What is not handed back by then is resumed when its lease
/// has ended, as after a crash.
const HAND_BACK_DEADLINE: Duration = Duration::from_secs(5);

/// An engine that is to be closed with its thread, until it is closed by itself.
#[derive(Clone, Default)]
pub(crate) struct OpenEngine(Arc<Mutex<Option<Engine>>>);

impl OpenEngine {
    /// Remembers an engine and closes it when the thread of this environment ends. While it is idle, that takes no
    /// time.
    pub(crate) fn close_with(env: &Env, engine: &Engine) -> napi::Result<Self> {
        let open = Self(Arc::new(Mutex::new(Some(engine.clone()))));
        let at_exit = open.clone();
        env.add_env_cleanup_hook((), move |()| {
            if let Some(engine) = at_exit.take() {
                napi::bindgen_prelude::block_on(async {
                    let closing = engine.shutdown();
                    // Nobody is left to tell that it took too long.
                    drop(tokio::time::timeout(HAND_BACK_DEADLINE, closing).await);
                });
            }
        })?;
        Ok(open)
    }

    /// Forgets the engine: it was closed.
    pub(crate) fn take(&self) -> Option<Engine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
