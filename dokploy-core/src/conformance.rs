//! One suite for each trait.
