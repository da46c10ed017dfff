//! Builds, pushes and digests on a real engine and real registries.

#![cfg(feature = "docker")]

mod buildkit;
mod cancel;
mod classic;
mod engine;
mod output;
mod owned;
mod registry;
mod way;
