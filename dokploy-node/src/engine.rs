//! The engine as an object of JavaScript. `lib/engine.ts` is its face.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a text of JavaScript is copied on its way, and the copy is ours"
)]

use std::future::Future;
use std::sync::Arc;

use dokploy_core::{Engine, EventSink, Result, SourceFetcher};
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

/// Opens an engine with options as JSON, and with functions that fetch sources and take events.
#[napi]
pub fn open<'env>(
    env: &'env Env,
    options: String,
    source: Option<HostFunction<'env>>,
    event_sink: Option<HostFunction<'env>>,
) -> napi::Result<PromiseRaw<'env, NativeEngine>> {
    let closing = CancellationToken::new();
    let port = |function, name| Port::new(&function, name, closing.clone());
    let source = source.map(|function| port(function, "the source fetcher"));
    let sink = event_sink.map(|function| port(function, "the event sink"));
    let source = source.transpose()?.map(HostSource::new);
    let sink = sink.transpose()?.map(HostSink);
    let opening = async move {
        let options: Options = read(&options)?;
        let source = source.map(|source| Arc::new(source) as Arc<dyn SourceFetcher>);
        let sink = sink.map(|sink| Arc::new(sink) as Arc<dyn EventSink>);
        let engine = Engine::open(options.into_core(source, sink)?).await?;
        Ok(Inside::new(engine, Handle::current()))
    };
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

async fn promised<T>(future: impl Future<Output = Result<T>>) -> napi::Result<T> {
    future.await.map_err(|error| thrown(&error))
}
