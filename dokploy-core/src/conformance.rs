//! One suite for each trait.

pub mod deployer;
pub mod runtime;
pub mod source;
pub mod store;
