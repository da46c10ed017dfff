//! Every store, measured with the same suite.

mod memory;
