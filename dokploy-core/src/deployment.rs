//! What a deployment is: events in, state out. Pure: no async, no input or output, no clock.

mod event;
mod failure;
mod state;
mod status;
mod transition;

pub use self::event::{Event, EventKind, StepOutput, TaskView};
pub use self::failure::{Failure, FailureCode};
pub use self::state::{DeploymentState, StepRecord, StepStatus};
pub use self::status::{Reason, Status, Step};
pub use self::transition::{IllegalTransition, replay};
