//! What can be tested without an engine, a database or a network.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod pure_events;
mod pure_formats;
mod pure_transitions;
