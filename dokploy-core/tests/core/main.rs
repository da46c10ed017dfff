//! What can be tested without an engine, a database or a network.

mod pure_events;
mod pure_formats;
mod pure_transitions;
