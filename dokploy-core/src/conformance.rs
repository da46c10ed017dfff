//! One suite for each trait.

pub mod store;
