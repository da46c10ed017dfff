//! Parts of the engine that are written in JavaScript.

mod sink;
mod source;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dokploy_core::{Error, ErrorKind, Result};
use napi::Status;
use napi::bindgen_prelude::{Function, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

pub(crate) use self::sink::HostSink;
pub(crate) use self::source::HostSource;
use crate::error::{WireError, read, write};

/// A function that takes a [`Request`] as text and promises an [`Answer`] as text. `lib/host.ts` makes them, and never
/// lets one throw or reject.
pub(crate) type HostFunction<'env> = Function<'env, String, Promise<String>>;

/// Weak, so that no process is kept alive by a part that waits to be asked.
type Weak = ThreadsafeFunction<String, Promise<String>, String, Status, false, true>;

/// How long after its promises a thread may end.
const END_GRACE: Duration = Duration::from_secs(5);

/// Asks a function of JavaScript from any thread.
pub(crate) struct Port {
    function: Weak,
    /// What the part is called in messages.
    name: &'static str,
    /// The thread of JavaScript waits for its engine to close, or has ended: nobody answers any more.
    closing: CancellationToken,
    asked: AtomicU64,
}

#[derive(Serialize)]
struct Request<'a, Q> {
    /// By which it is told that nobody waits for the answer any more.
    number: u64,
    /// Nothing is asked, and the request with this number is over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    over: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    question: Option<&'a Q>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Answer<A> {
    Answer(A),
    Error(WireError),
}

impl Port {
    /// Must be called on the thread of the function.
    pub(crate) fn new(
        function: &HostFunction<'_>,
        name: &'static str,
        closing: CancellationToken,
    ) -> napi::Result<Arc<Self>> {
        let builder = function.build_threadsafe_function::<String>();
        Ok(Arc::new(Self {
            function: builder.weak::<true>().build()?,
            name,
            closing,
            asked: AtomicU64::new(1),
        }))
    }

    /// Asks, and waits for the answer; `None` when the thread is about to end, so that there is none. When this is
    /// dropped before, JavaScript is told.
    pub(crate) async fn ask<Q: Serialize, A: DeserializeOwned>(
        &self,
        question: &Q,
    ) -> Option<Result<A>> {
        let mut waiting = Waiting {
            port: self,
            number: self.asked.fetch_add(1, Ordering::Relaxed),
            answered: false,
        };
        let answer = self.answer(waiting.number, question);
        let answer = self.closing.run_until_cancelled(answer).await;
        waiting.answered = true;
        answer
    }

    async fn answer<Q: Serialize, A: DeserializeOwned>(
        &self,
        number: u64,
        question: &Q,
    ) -> Result<A> {
        let request = write(&Request {
            number,
            over: false,
            question: Some(question),
        })?;
        let text = match self.function.call_async_catch(request).await {
            Ok(promise) => promise.await,
            Err(error) => Err(error),
        };
        let text = match text {
            Ok(text) => text,
            Err(error) => return Err(self.gone(&error).await),
        };
        match read(&text).map_err(|error| self.misspoke(&error))? {
            Answer::Answer(answer) => Ok(answer),
            Answer::Error(error) => Err(error.into()),
        }
    }

    /// A promise was dropped. When that is because its thread ends, the engine is told so a little later.
    async fn gone(&self, error: &napi::Error) -> Error {
        tokio::time::sleep(END_GRACE).await;
        let message = format!("{} dropped the promise of its answer", self.name);
        Error::new(ErrorKind::Unexpected, message).with_source(error.reason.clone())
    }

    fn misspoke(&self, error: &Error) -> Error {
        let message = format!("{} answered something else: {}", self.name, error.message());
        Error::new(ErrorKind::Unexpected, message)
    }
}

impl fmt::Debug for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Port({})", self.name)
    }
}

/// A question that nobody has answered yet.
struct Waiting<'a> {
    port: &'a Port,
    number: u64,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.answered {
            return;
        }
        let request = write(&Request::<()> {
            number: self.number,
            over: true,
            question: None,
        });
        if let Ok(request) = request {
            let mode = ThreadsafeFunctionCallMode::NonBlocking;
            self.port.function.call(request, mode);
        }
    }
}
