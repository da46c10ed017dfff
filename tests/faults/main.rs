//! Breaks what a deployment rests on, and looks whether it still ends right: the database, the container engine, a
//! node, the disk, the process.

mod database;
mod engine;
mod nodes;
mod processes;
mod verdicts;

/// The program that works on the queue.
const AGENT: &str = env!("CARGO_BIN_EXE_agent");
