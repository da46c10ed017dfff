//! The command line: what it understands, how it looks, and what it does against real parts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod arguments;
mod commands;
mod crash;
mod interrupt;
mod place;
mod private;
mod repository;
mod story;
mod views;
mod wrong_input;
