//! What is the same in every language: the operations, the shapes and the scenarios.
//!
//! `operations.json` and `scenarios.json` are written by hand, `shapes.json` is made of the sources by a test here.
//! The tests of each binding read the same files.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot read the sources fails"
)]

mod operations;
mod scenarios;
mod shapes;
mod sources;
