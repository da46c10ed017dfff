//! One suite for each trait.

pub mod bus;
pub mod cache;
pub mod deployer;
pub mod limit;
pub mod runtime;
pub mod source;
pub mod store;
