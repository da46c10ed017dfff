//! Container runtimes: the suite that each has to pass, and what only one of them can show.

#![expect(clippy::unwrap_used, reason = "a test that panics has found something")]
#![cfg(all(feature = "conformance", feature = "docker"))]

mod docker;
mod engine;
mod fake;
mod fake_conformance;
mod outages;
mod swarm_traps;
