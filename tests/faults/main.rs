//! Breaks what a deployment rests on, and looks whether it still ends right: the database, the container engine, a
//! node, the disk, the process.

mod clocks;
mod database;
mod disk;
mod engine;
mod leaks;
mod nodes;
mod output;
mod processes;
mod verdicts;

/// The program that works on the queue.
const AGENT: &str = env!("CARGO_BIN_EXE_agent");
