//! Tells a part of the embedder's own what happens, event by event.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::Inner;
use crate::deployment::Event;
use crate::error::{Error, ErrorKind, Result};
use crate::id::DeploymentId;

/// Takes the events of the deployments that an engine works on: a notifier, for example.
#[async_trait]
pub trait EventSink: Send + Sync + Debug {
    /// Takes one event that was just written.
    ///
    /// # Behavior
    ///
    /// - The events of one deployment come in order and one at a time; those of several deployments may overlap.
    /// - Every event that an engine writes is told by it once. An engine that is killed between the two does not tell
    ///   the event, and the one that goes on begins with its own `claimed`.
    /// - What a deployment does next waits for the answer, for at most ten seconds.
    ///
    /// # Errors
    ///
    /// An error fails the deployment with its message, as if the running step had failed. One that comes when the
    /// deployment has failed, was cancelled or has ended changes nothing and is logged.
    async fn event(&self, event: &Event) -> Result<()>;
}

/// How long a deployment waits for its sink.
const ANSWER_DEADLINE: Duration = Duration::from_secs(10);

/// Events read at once.
const BATCH: u32 = 200;

/// Tells the sink every event after a number. Answers the number of the last one, and the first error.
pub(crate) async fn tell(
    inner: &Inner,
    id: DeploymentId,
    mut after: u64,
) -> Result<(u64, Option<Error>)> {
    let Some(sink) = &inner.sink else {
        return Ok((after, None));
    };
    let mut refused = None;
    loop {
        let events = inner.store.events(id, after, BATCH).await?;
        if events.is_empty() {
            return Ok((after, refused));
        }
        for event in events {
            after = event.seq;
            let answer = tokio::time::timeout(ANSWER_DEADLINE, sink.event(&event)).await;
            let answer = answer.unwrap_or_else(|_| {
                let message = format!("no answer within {} s", ANSWER_DEADLINE.as_secs());
                Err(Error::new(ErrorKind::TimedOut, message))
            });
            if let Err(error) = answer {
                tracing::warn!(deployment.id = %id, event = event.kind.name(), error = ?error, "the event sink failed");
                refused.get_or_insert(error);
            }
        }
    }
}

/// Tells what was written outside of the work on a deployment, where an error can change nothing.
pub(crate) async fn tell_only(inner: &Inner, id: DeploymentId, after: u64) {
    if let Err(error) = tell(inner, id, after).await {
        tracing::warn!(deployment.id = %id, error = %error, "the event sink was not told");
    }
}

/// What a deployment fails with: none of the kinds that the saga takes for its own.
pub(crate) fn failure(refused: &Error) -> Error {
    let message = format!("the event sink failed: {}", refused.message());
    let error = Error::new(ErrorKind::Unexpected, message);
    match refused.hint() {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}
