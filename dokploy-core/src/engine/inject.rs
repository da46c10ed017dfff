//! Where tests break things: a crash, an error or a repetition at a named point of the saga.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::deployment::Step;
use crate::error::Result;

/// A point of the saga at which something may be made to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// A deployment was claimed and nothing is written yet.
    Claimed,
    /// The start of a step is written and its effect has not begun.
    BeforeEffect(Step),
    /// The effect of a step has happened and is not written yet.
    AfterEffect(Step),
    /// The end of a step is written.
    Written(Step),
    /// The terminal event is about to be written.
    BeforeEnd,
    /// The terminal event is written.
    Ended,
}

/// Makes things happen at points of the saga. An embedder's tests use it to prove that their own parts survive.
#[async_trait]
pub trait Injection: Send + Sync + Debug {
    /// Called at each point. An error fails the step as if its effect had failed with it.
    async fn at(&self, point: Point) -> Result<()>;

    /// Whether the effect of this step is to happen twice.
    fn repeats(&self, step: Step) -> bool {
        let _ = step;
        false
    }
}

/// Makes nothing happen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NoInjection;

#[async_trait]
impl Injection for NoInjection {
    async fn at(&self, _point: Point) -> Result<()> {
        Ok(())
    }
}
