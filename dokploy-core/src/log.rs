//! The log of a deployment: masked, bounded, numbered.
