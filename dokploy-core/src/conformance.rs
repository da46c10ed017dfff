//! One suite for each trait.

pub mod runtime;
pub mod source;
pub mod store;
