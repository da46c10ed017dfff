//! The native half of the Python package `dokploy`: converts, calls the core, converts.
//!
//! Every operation answers a [`call::Call`], which is awaited by the asynchronous face of the package and waited for
//! by the synchronous one. Shapes cross as JSON text; the classes in the package read it.

mod call;
mod convert;
mod databases;
mod deployment;
mod engine;
mod error;
#[cfg(feature = "fakes")]
mod fakes;
mod options;
mod part;
mod process;
mod source;
mod stream;
mod webhooks;

/// Python module `dokploy._dokploy`.
#[pyo3::pymodule]
mod _dokploy {
    #[pymodule_export]
    use super::call::Call;
    #[pymodule_export]
    use super::deployment::DeploymentHandle;
    #[pymodule_export]
    use super::engine::Engine;
    #[cfg(feature = "fakes")]
    #[pymodule_export]
    use super::fakes::FakeWorld;
    #[pymodule_export]
    use super::process::{after_fork, leave};
    #[pymodule_export]
    use super::stream::Stream;

    /// Version of the engine.
    #[pymodule_export]
    #[expect(non_upper_case_globals, reason = "Python's name for it")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
