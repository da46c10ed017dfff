//! The engine as an object of JavaScript. `lib/engine.ts` is its face.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a text of JavaScript is copied on its way, and the copy is ours"
)]

use std::future::Future;
use std::sync::Arc;

use dokploy_core::{Engine, EventSink, OpenOptions, Result, SourceFetcher};
use napi::Env;
use napi::bindgen_prelude::{ClassInstance, PromiseRaw};
use napi_derive::napi;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::call;
use crate::error::{read, thrown};
use crate::exit::OpenEngine;
use crate::host::{HostFunction, HostSink, HostSource, Port};
use crate::inside::Inside;
use crate::options::Options;
use crate::stream::{self, Batches};

/// A running engine.
#[napi]
#[derive(Debug)]
pub struct NativeEngine {
    engine: Inside<Engine>,
    open: OpenEngine,
}

/// Ends the waiting for a call. What was asked goes on.
#[napi]
#[derive(Debug, Default)]
pub struct Stop {
    token: CancellationToken,
}

#[napi]
impl Stop {
    /// Nothing is stopped yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the waiting.
    #[napi]
    pub fn stop(&self) {
        self.token.cancel();
    }
}

/// The parts of an engine that are written in JavaScript.
pub(crate) struct Parts {
    source: Option<HostSource>,
    sink: Option<HostSink>,
    closing: CancellationToken,
}

impl Parts {
    /// Must be called on the thread of the functions.
    pub(crate) fn new(
        source: Option<HostFunction<'_>>,
        sink: Option<HostFunction<'_>>,
    ) -> napi::Result<Self> {
        let closing = CancellationToken::new();
        let port = |function, name| Port::new(&function, name, closing.clone());
        let source = source.map(|function| port(function, "the source fetcher"));
        let sink = sink.map(|function| port(function, "the event sink"));
        Ok(Self {
            source: source.transpose()?.map(HostSource::new),
            sink: sink.transpose()?.map(HostSink),
            closing,
        })
    }

    /// Is cancelled when nobody can answer any more.
    pub(crate) fn closing(&self) -> CancellationToken {
        self.closing.clone()
    }

    /// Adds the parts to the options.
    pub(crate) fn give(self, options: Options) -> Result<OpenOptions> {
        let source = self
            .source
            .map(|part| Arc::new(part) as Arc<dyn SourceFetcher>);
        let sink = self.sink.map(|part| Arc::new(part) as Arc<dyn EventSink>);
        options.into_core(source, sink)
    }
}

/// Opens an engine with options as JSON, and with functions that fetch sources and take events.
#[napi]
pub fn open<'env>(
    env: &'env Env,
    options: String,
    source: Option<HostFunction<'env>>,
    event_sink: Option<HostFunction<'env>>,
) -> napi::Result<PromiseRaw<'env, NativeEngine>> {
    let parts = Parts::new(source, event_sink)?;
    let closing = parts.closing();
    opened(env, closing, async move {
        Box::pin(Engine::open(parts.give(read(&options)?)?)).await
    })
}

/// Promises an engine that is being opened.
pub(crate) fn opened(
    env: &Env,
    closing: CancellationToken,
    opening: impl Future<Output = Result<Engine>> + Send + 'static,
) -> napi::Result<PromiseRaw<'_, NativeEngine>> {
    let opening = async move { Ok(Inside::new(opening.await?, Handle::current())) };
    env.spawn_future_with_callback(promised(opening), move |env, engine| {
        let open = OpenEngine::close_with(*env, &engine, closing)?;
        Ok(NativeEngine { engine, open })
    })
}

/// Brings the database of these options, as JSON, to the form that this version needs.
#[napi]
pub fn migrate(env: &Env, options: String) -> napi::Result<PromiseRaw<'_, ()>> {
    let migrating = async move {
        let options: Options = read(&options)?;
        Engine::migrate(&options.into_core(None, None)?).await
    };
    env.spawn_future(promised(migrating))
}

/// Checks the form of the id of a deployment.
#[napi]
pub fn check_deployment_id(id: String) -> napi::Result<()> {
    let parsed: Result<dokploy_core::id::DeploymentId> = id.parse();
    parsed.map(drop).map_err(|error| thrown(&error))
}

#[cfg(feature = "fakes")]
impl NativeEngine {
    /// Ends it as the end of its process does.
    pub(crate) fn abort(&self) {
        self.open.take();
        self.engine.abort();
    }
}

#[napi]
impl NativeEngine {
    /// Its name in leases and events.
    #[napi(getter)]
    pub fn worker(&self) -> String {
        self.engine.worker().to_string()
    }

    /// Carries out an operation with arguments as JSON, and promises its answer as JSON. Null when the waiting was
    /// stopped before.
    #[napi]
    pub fn call<'env>(
        &self,
        env: &'env Env,
        operation: String,
        arguments: String,
        stop: Option<ClassInstance<'env, Stop>>,
    ) -> napi::Result<PromiseRaw<'env, Option<String>>> {
        let engine = Engine::clone(&self.engine);
        let stop = stop.map(|stop| stop.token.clone()).unwrap_or_default();
        let calling = async move {
            // The futures of all operations together are large.
            let answer = Box::pin(call::run(&engine, &operation, &arguments));
            stop.run_until_cancelled(answer).await.transpose()
        };
        env.spawn_future(promised(calling))
    }

    /// Begins a stream, by the name of the operation, with arguments as JSON.
    #[napi]
    pub fn stream(&self, operation: String, arguments: String) -> napi::Result<Batches> {
        stream::begin(&self.engine, &operation, &arguments).map_err(|error| thrown(&error))
    }

    /// Closes at the end of the process, where nothing can be awaited any more: hands back what runs.
    #[napi]
    pub fn hand_back(&self) {
        self.open.hand_back();
    }

    /// Takes no more work, hands back what runs, and ends when nothing runs any more.
    #[napi]
    pub fn close<'env>(&self, env: &'env Env) -> napi::Result<PromiseRaw<'env, ()>> {
        let engine = Engine::clone(&self.engine);
        let open = self.open.clone();
        env.spawn_future(async move {
            engine.shutdown().await;
            open.take();
            Ok(())
        })
    }
}

/// What JavaScript gets of a future.
pub(crate) async fn promised<T>(future: impl Future<Output = Result<T>>) -> napi::Result<T> {
    future.await.map_err(|error| thrown(&error))
}
