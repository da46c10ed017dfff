//! One suite for each trait.

pub mod source;
