//! Parts of the engine that are written in JavaScript.

mod sink;
mod source;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dokploy_core::{Error, ErrorKind, Result};
use napi::Status;
use napi::bindgen_prelude::{Function, Promise};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use self::sink::HostSink;
pub(crate) use self::source::HostSource;
use crate::error::{WireError, read, write};

/// A function that takes a [`Request`] as text and promises an [`Answer`] as text. `lib/host.ts` makes them, and never
/// lets one throw or reject.
pub(crate) type HostFunction<'env> = Function<'env, String, Promise<String>>;

/// Weak, so that no process is kept alive by a part that waits to be asked.
type Weak = ThreadsafeFunction<String, Promise<String>, String, Status, false, true>;

/// Asks a function of JavaScript from any thread.
pub(crate) struct Port {
    function: Weak,
    /// What the part is called in messages.
    name: &'static str,
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
    pub(crate) fn new(function: &HostFunction<'_>, name: &'static str) -> napi::Result<Arc<Self>> {
        let builder = function.build_threadsafe_function::<String>();
        Ok(Arc::new(Self {
            function: builder.weak::<true>().build()?,
            name,
            asked: AtomicU64::new(1),
        }))
    }

    /// Asks, and waits for the answer. When this is dropped before, JavaScript is told.
    pub(crate) async fn ask<Q: Serialize, A: DeserializeOwned>(&self, question: &Q) -> Result<A> {
        let mut waiting = Waiting {
            port: self,
            number: self.asked.fetch_add(1, Ordering::Relaxed),
            answered: false,
        };
        let request = write(&Request {
            number: waiting.number,
            over: false,
            question: Some(question),
        })?;
        let promise = self.function.call_async_catch(request).await;
        let text = match promise {
            Ok(promise) => promise.await,
            Err(error) => Err(error),
        };
        waiting.answered = true;
        let text = text.map_err(|error| self.gone(&error))?;
        match read(&text).map_err(|error| self.misspoke(&error))? {
            Answer::Answer(answer) => Ok(answer),
            Answer::Error(error) => Err(error.into()),
        }
    }

    fn gone(&self, error: &napi::Error) -> Error {
        let message = format!("{} does not answer: its thread has ended", self.name);
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
