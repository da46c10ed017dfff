//! The same key and body give the same answer.
