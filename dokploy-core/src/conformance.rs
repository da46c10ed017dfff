//! One suite for each trait.

pub mod runtime;
pub mod store;
pub mod source;
