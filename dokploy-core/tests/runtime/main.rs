//! Container runtimes.

#![cfg(feature = "conformance")]

mod fake;
