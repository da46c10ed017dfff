//! Trying again: only what an error says is worth it, with exponential back-off and jitter.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind, Result, Retry};
use crate::runtime::ContainerRuntime;

/// How often something is tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    /// Most tries; unset: until the caller's deadline passes.
    pub(crate) tries: Option<u32>,
    /// Pause after the first failure; doubled each time.
    pub(crate) first_pause: Duration,
    /// Longest pause.
    pub(crate) pause_max: Duration,
}

impl RetryPolicy {
    /// For a host elsewhere: three tries.
    pub(crate) const REMOTE: Self = Self {
        tries: Some(3),
        first_pause: Duration::from_secs(1),
        pause_max: Duration::from_secs(10),
    };

    /// For our own container engine or database: as long as the deadline of the phase allows, because being away is
    /// an outage of theirs and not a failure of the deployment.
    pub(crate) const OWN: Self = Self {
        tries: None,
        first_pause: Duration::from_millis(200),
        pause_max: Duration::from_secs(3),
    };

    /// Calls until it succeeds, fails for good, is cancelled, or the tries are used up.
    pub(crate) async fn run<T, F>(
        self,
        cancel: &CancellationToken,
        mut call: impl FnMut() -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        let mut pause = self.first_pause;
        let mut tries = 0;
        loop {
            let error = match call().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            tries += 1;
            let Retry::After(asked) = error.retry() else {
                return Err(error);
            };
            if self.tries.is_some_and(|most| tries >= most) {
                return Err(error.with_retry(Retry::Exhausted));
            }
            tracing::debug!(tries, error = %error, "trying again");
            tokio::select! {
                () = cancel.cancelled() => return Err(stopped()),
                () = tokio::time::sleep(asked.unwrap_or_else(|| jittered(pause))) => {}
            }
            pause = (pause * 2).min(self.pause_max);
        }
    }
}

/// Calls our own container engine for something that it asks a host elsewhere for. That host has three tries; those
/// for which the engine itself was away do not count.
pub(crate) async fn through_engine<T, F>(
    runtime: &dyn ContainerRuntime,
    cancel: &CancellationToken,
    mut call: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let policy = RetryPolicy::REMOTE;
    let mut pause = policy.first_pause;
    let mut tries = 0;
    loop {
        let error = match call().await {
            Err(error) if error.is_retryable() => error,
            outcome => return outcome,
        };
        if runtime
            .info()
            .await
            .is_err_and(|error| error.is_retryable())
        {
            RetryPolicy::OWN.run(cancel, || runtime.info()).await?;
            continue;
        }
        tries += 1;
        if policy.tries.is_some_and(|most| tries >= most) {
            return Err(error.with_retry(Retry::Exhausted));
        }
        tokio::select! {
            () = cancel.cancelled() => return Err(stopped()),
            () = tokio::time::sleep(jittered(pause)) => {}
        }
        pause = (pause * 2).min(policy.pause_max);
    }
}

/// What a step answers when it was told to stop. Why it was told so is known to the worker.
pub(crate) fn stopped() -> Error {
    Error::new(ErrorKind::Cancelled, "it was told to stop")
}

/// Between half of the pause and all of it, so that many waiters do not come back at once.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..1.0))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    async fn tries_of(policy: RetryPolicy, kind: ErrorKind) -> (u32, Error) {
        let count = AtomicU32::new(0);
        let error = policy
            .run(&CancellationToken::new(), || {
                count.fetch_add(1, Ordering::SeqCst);
                async { Err::<(), _>(Error::new(kind, "away")) }
            })
            .await
            .unwrap_err();
        (count.load(Ordering::SeqCst), error)
    }

    #[tokio::test(start_paused = true)]
    async fn a_permanent_error_is_not_tried_again() {
        assert_eq!(
            tries_of(RetryPolicy::REMOTE, ErrorKind::BuildFailed)
                .await
                .0,
            1
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_temporary_error_is_tried_three_times_and_then_exhausted() {
        let (tries, error) = tries_of(RetryPolicy::REMOTE, ErrorKind::Unavailable).await;
        assert_eq!((tries, error.retry()), (3, Retry::Exhausted));
    }
}
