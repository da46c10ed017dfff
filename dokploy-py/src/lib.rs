//! The Python module: the engine's version, for now.

use pyo3::prelude::*;

/// Python module `dokploy`.
#[pymodule]
fn dokploy(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))
}
