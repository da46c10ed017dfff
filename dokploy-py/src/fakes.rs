//! Engines on a container engine in memory, for the tests of the package. No wheel has this.

use std::sync::Arc;

use dokploy_core::bus::MemoryBus;
use dokploy_core::error::{Error, ErrorKind, Result};
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::{Sources, SourcesOptions};
use dokploy_core::store::MemoryStore;
use dokploy_core::{OpenOptions, Store};
use dokploy_tests::fakes;
use pyo3::prelude::*;

use crate::call::{Call, Reply};
use crate::convert;
use crate::engine::Engine;
use crate::error::to_python;
use crate::options::Options;
use crate::process::Process;
use crate::source::{PythonSink, PythonSource};

/// A store and a container engine in memory, which several engines share. Directories are real.
#[pyclass(frozen, module = "dokploy._dokploy")]
pub(crate) struct FakeWorld {
    store: Arc<dyn Store>,
    runtime: FakeRuntime,
    bus: Arc<MemoryBus>,
}

#[pymethods]
impl FakeWorld {
    #[new]
    fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            runtime: fakes::runtime(),
            bus: Arc::new(MemoryBus::default()),
        }
    }

    /// Opens an engine in this world. The arguments are those of `Engine.open`.
    #[pyo3(signature = (options, source = None, sink = None))]
    fn open(
        &self,
        py: Python<'_>,
        options: String,
        source: Option<Py<PyAny>>,
        sink: Option<Py<PyAny>>,
    ) -> PyResult<Call> {
        let source = source.map(PythonSource::arc);
        let sink = sink.map(PythonSink::arc);
        let (store, runtime) = (Arc::clone(&self.store), self.runtime.clone());
        let bus = Arc::clone(&self.bus);
        let work = async move {
            let options: Options = convert::shape("options", &options)?;
            let options = options.into_core(source, sink)?;
            let mut builder = dokploy_core::Engine::builder()
                .store(store)
                .runtime(Arc::new(runtime))
                .bus(bus)
                .keyring(Keyring::from_base64(fakes::KEY)?);
            if let Some(sink) = options.event_sink.clone() {
                builder = builder.event_sink(sink);
            }
            let sources = sources(&options)?;
            let builder = builder
                .source(sources)
                .data_dir(options.data_dir)
                .options(options.options);
            let engine = builder.start().await?;
            Process::current()?.opened(&engine);
            Ok(Reply::Engine(engine))
        };
        Call::new(work).map_err(|error| to_python(py, &error))
    }

    /// Ends an engine as the end of its process does.
    #[staticmethod]
    fn kill(engine: &Bound<'_, Engine>) -> PyResult<()> {
        let py = engine.py();
        let engine = engine.get().inner(py)?;
        engine.abort();
        Process::current()
            .map(|process| process.closed(&engine))
            .map_err(|error| to_python(py, &error))
    }

    /// Writes `count` events to the next deployment that waits, and ends it, all at once.
    fn flood(&self, py: Python<'_>, count: usize) -> PyResult<Call> {
        let store = Arc::clone(&self.store);
        Call::new(async move {
            let id = fakes::flood(&store, count).await?;
            Ok(Reply::Text(id.to_string()))
        })
        .map_err(|error| to_python(py, &error))
    }

    /// A call that fails with each code, for the exceptions.
    #[staticmethod]
    fn fail(py: Python<'_>, code: String) -> PyResult<Call> {
        Call::new(async move {
            let kind: ErrorKind = convert::shape("code", &convert::text(&code)?)?;
            Err(Error::new(kind, format!("it failed with {code}"))
                .with_hint("try something else")
                .with_operation("fail")
                .with_source(std::io::Error::other("the cause")))
        })
        .map_err(|error| to_python(py, &error))
    }

    /// A call that answers at once, for measuring what a call costs.
    #[staticmethod]
    fn nothing(py: Python<'_>) -> PyResult<Call> {
        Call::new(async { Ok(Reply::Nothing) }).map_err(|error| to_python(py, &error))
    }

    /// A call that panics.
    #[staticmethod]
    fn panic(py: Python<'_>) -> PyResult<Call> {
        #[expect(clippy::panic, reason = "to see what becomes of it")]
        Call::new(async { panic!("on purpose") }).map_err(|error| to_python(py, &error))
    }
}

fn sources(options: &OpenOptions) -> Result<Arc<dyn dokploy_core::SourceFetcher>> {
    match &options.sources {
        Some(own) => Ok(Arc::clone(own)),
        None => Ok(Arc::new(Sources::new(&SourcesOptions {
            policy: options.network.clone(),
            ..SourcesOptions::new(&options.data_dir)
        })?)),
    }
}
