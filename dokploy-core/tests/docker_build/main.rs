//! Builds, pushes and digests on a real engine and real registries.

#![cfg(feature = "docker")]
#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod buildkit;
mod cancel;
mod classic;
mod engine;
mod output;
mod owned;
mod registry;
mod way;
