//! How a deployment is shown while it goes on.

mod board;
mod json;
mod live;
mod outcome;
mod plain;
mod text;

use dokploy_core::clock::Timestamp;
use dokploy_core::deployer::LogLine;
use dokploy_core::deployment::Event;
use dokploy_core::model::Deployment;

pub use self::board::Board;
pub use self::json::JsonView;
pub(crate) use self::json::{error_shape, result};
pub use self::live::LiveView;
pub use self::outcome::outcome;
pub use self::plain::PlainView;
pub use self::text::{Line, Tone, clean};
use super::exit::Exit;

/// Shows a deployment. What cannot be written is not shown: a reader that has gone must not end a deployment.
pub trait View: Send {
    /// Something happened.
    fn event(&mut self, event: &Event);

    /// Its log has a further line.
    fn line(&mut self, line: &LogLine);

    /// Something that this command says itself.
    fn note(&mut self, text: &str);

    /// Time has passed.
    fn tick(&mut self, now: Timestamp);

    /// It has ended, or is left as it is. `log` has the output of the step that failed, where it is not shown yet.
    fn end(&mut self, deployment: &Deployment, exit: Exit, log: &[LogLine]);

    /// Whether it folds the log and wants the output of a step that fails at the end.
    fn folds(&self) -> bool {
        false
    }
}
