//! Engines on a container engine in memory, for the tests of the package. No published package has this.

#![expect(
    clippy::needless_pass_by_value,
    reason = "a text of JavaScript is copied on its way, and the copy is ours"
)]

use std::sync::Arc;

use dokploy_core::bus::MemoryBus;
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::{Sources, SourcesOptions};
use dokploy_core::store::MemoryStore;
use dokploy_core::{Engine, Error, ErrorKind, OpenOptions, Result, SourceFetcher, Store};
use dokploy_tests::fakes;
use napi::Env;
use napi::bindgen_prelude::PromiseRaw;
use napi_derive::napi;

use crate::engine::{NativeEngine, Parts, opened, promised};
use crate::error::{read, thrown};
use crate::host::HostFunction;
use crate::options::Options;

/// A store and a container engine in memory, which several engines share. Directories are real.
#[napi]
#[derive(Debug)]
pub struct FakeWorld {
    store: Arc<dyn Store>,
    runtime: FakeRuntime,
    bus: Arc<MemoryBus>,
}

impl Default for FakeWorld {
    fn default() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            runtime: fakes::runtime(),
            bus: Arc::new(MemoryBus::default()),
        }
    }
}

#[napi]
impl FakeWorld {
    /// An empty one.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an engine in this world, with the arguments of `open`.
    #[napi]
    pub fn open<'env>(
        &self,
        env: &'env Env,
        options: String,
        source: Option<HostFunction<'env>>,
        event_sink: Option<HostFunction<'env>>,
    ) -> napi::Result<PromiseRaw<'env, NativeEngine>> {
        let parts = Parts::new(source, event_sink)?;
        let closing = parts.closing();
        let (store, runtime) = (Arc::clone(&self.store), self.runtime.clone());
        let bus = Arc::clone(&self.bus);
        opened(env, closing, async move {
            let options: Options = read(&options)?;
            let options = parts.give(options)?;
            let mut builder = Engine::builder()
                .store(store)
                .runtime(Arc::new(runtime))
                .bus(bus)
                .keyring(Keyring::from_base64(fakes::KEY)?)
                .source(sources(&options)?);
            if let Some(sink) = options.event_sink.clone() {
                builder = builder.event_sink(sink);
            }
            let builder = builder.data_dir(options.data_dir).options(options.options);
            builder.start().await
        })
    }

    /// Ends an engine as the end of its process does.
    #[napi]
    pub fn kill(&self, engine: &NativeEngine) {
        engine.abort();
    }

    /// Writes `count` events to the next deployment that waits, and ends it, all at once. Answers its id.
    #[napi]
    pub fn flood<'env>(
        &self,
        env: &'env Env,
        count: u32,
    ) -> napi::Result<PromiseRaw<'env, String>> {
        let store = Arc::clone(&self.store);
        env.spawn_future(promised(async move {
            let id = fakes::flood(&store, count as usize).await?;
            Ok(id.to_string())
        }))
    }
}

fn sources(options: &OpenOptions) -> Result<Arc<dyn SourceFetcher>> {
    match &options.sources {
        Some(own) => Ok(Arc::clone(own)),
        None => Ok(Arc::new(Sources::new(&SourcesOptions {
            policy: options.network.clone(),
            ..SourcesOptions::new(&options.data_dir)
        })?)),
    }
}

/// A call that fails with a code.
#[napi]
pub fn fail(env: &Env, code: String) -> napi::Result<PromiseRaw<'_, ()>> {
    let kind: ErrorKind = read(&code).map_err(|error| thrown(&error))?;
    env.spawn_future(promised(async move {
        Err(Error::new(kind, format!("it failed with {kind}"))
            .with_hint("try something else")
            .with_source(std::io::Error::other("the cause")))
    }))
}

/// A call that answers at once, for measuring what a call costs.
#[napi]
pub fn nothing(env: &Env) -> napi::Result<PromiseRaw<'_, String>> {
    env.spawn_future(promised(async { Ok("null".to_owned()) }))
}

/// A call that panics.
#[napi]
pub fn panic(env: &Env) -> napi::Result<PromiseRaw<'_, ()>> {
    #[expect(clippy::panic, reason = "to see what becomes of it")]
    env.spawn_future(async { panic!("on purpose") })
}
