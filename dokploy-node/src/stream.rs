//! Streams, in batches: crossing the border costs more than an item does.

use std::fmt;
use std::sync::Arc;

use dokploy_core::runtime::ServiceLogQuery;
use dokploy_core::{Engine, Error, ErrorKind, Result};
use futures::stream::{BoxStream, StreamExt};
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::call::{applications, arguments, deployments};
use crate::error::{thrown, write};
use crate::inside::Inside;

/// Most items of a batch. Only what is there already is put together: nobody waits for a batch to be full.
const BATCH_MAX: usize = 1000;

/// Items of a stream, as they come.
#[napi]
#[derive(Debug)]
pub struct Batches {
    source: Inside<Arc<Source>>,
}

struct Source {
    /// Locked while a batch is waited for: there is one reader.
    state: Mutex<State>,
    closed: CancellationToken,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("closed", &self.closed.is_cancelled())
            .finish_non_exhaustive()
    }
}

struct State {
    chunks: BoxStream<'static, Chunk>,
    /// An error that came after items which were delivered first.
    failure: Option<Error>,
}

/// Items that were there at once, as a JSON array, and the error that came after them. One of the two is there.
type Chunk = (Option<String>, Option<Error>);

#[napi]
impl Batches {
    /// The next items as a JSON array, or null at the end.
    #[napi]
    pub fn next<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let source = Arc::clone(&*self.source);
        env.spawn_future(async move { source.next().await.map_err(|error| thrown(&error)) })
    }

    /// Ends the stream. A batch that is waited for ends with null.
    #[napi]
    pub fn close(&self) {
        self.source.closed.cancel();
    }
}

impl Source {
    async fn next(&self) -> Result<Option<String>> {
        let mut state = self.state.lock().await;
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        let chunk = self.closed.run_until_cancelled(state.chunks.next()).await;
        match chunk.flatten() {
            None => Ok(None),
            Some((Some(items), failure)) => {
                state.failure = failure;
                Ok(Some(items))
            }
            Some((None, failure)) => failure.map_or(Ok(None), Err),
        }
    }
}

/// Writes all items with one call: what an item costs is what its text costs. An error is the last thing that a stream
/// gives.
fn encode<T: Serialize>(chunk: Vec<Result<T>>) -> Chunk {
    let mut items = Vec::with_capacity(chunk.len());
    let mut failure = None;
    for item in chunk {
        match item {
            Ok(item) => items.push(item),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    if items.is_empty() {
        return (None, failure);
    }
    match write(&items) {
        Ok(text) => (Some(text), failure),
        Err(error) => (None, Some(error)),
    }
}

fn batches<T: Serialize + Send + 'static>(
    engine: &Inside<Engine>,
    stream: BoxStream<'static, Result<T>>,
) -> Batches {
    let state = State {
        chunks: stream.ready_chunks(BATCH_MAX).map(encode).boxed(),
        failure: None,
    };
    let source = Arc::new(Source {
        state: Mutex::new(state),
        closed: CancellationToken::new(),
    });
    Batches {
        source: Inside::new(source, engine.runtime().clone()),
    }
}

/// Begins a stream, by the name of the operation.
pub(crate) fn begin(engine: &Inside<Engine>, operation: &str, text: &str) -> Result<Batches> {
    let _entered = engine.enter();
    match operation {
        "events" => {
            arguments!(text; id: String, after: Option<u64>);
            let handle = deployments::handle(engine, &id)?;
            Ok(batches(engine, handle.events(after.unwrap_or(0))))
        }
        "logs" => {
            arguments!(text; id: String, after: Option<u64>, follow: Option<bool>);
            let handle = deployments::handle(engine, &id)?;
            let follow = follow.unwrap_or(true);
            Ok(batches(engine, handle.logs(after.unwrap_or(0), follow)))
        }
        "serviceLogs" => service_logs(engine, text),
        unknown => Err(Error::new(
            ErrorKind::Unexpected,
            format!("there is no stream {unknown}"),
        )),
    }
}

fn service_logs(inside: &Inside<Engine>, text: &str) -> Result<Batches> {
    arguments!(text;
        id: String,
        tail: Option<u32>,
        since: Option<String>,
        follow: Option<bool>,
        task: Option<String>,
    );
    let since = since.map(|since| since.parse()).transpose()?;
    let engine = Engine::clone(inside);
    let lines = async move {
        let application = applications::stored(&engine, &id).await?;
        let query = ServiceLogQuery {
            service: application.service_name,
            tail,
            since,
            follow: follow.unwrap_or(false),
            task,
        };
        Ok(engine.runtime().service_logs(&query))
    };
    let opened = futures::stream::once(lines).flat_map(|lines| match lines {
        Ok(lines) => lines,
        Err(error) => futures::stream::once(futures::future::ready(Err(error))).boxed(),
    });
    Ok(batches(inside, opened.boxed()))
}
