//! The shapes of the wire: what clients rely on, made of what is stored. A sealed secret never gets into one.

mod deployment;

pub use self::deployment::{DeploymentShape, StepShape};
