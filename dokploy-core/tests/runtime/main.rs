//! Container runtimes: the suite that each has to pass, and what only one of them can show.

#![cfg(all(feature = "conformance", feature = "docker"))]

mod docker;
mod engine;
mod fake;
mod fake_conformance;
mod swarm_traps;
