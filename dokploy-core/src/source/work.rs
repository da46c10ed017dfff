//! Blocking work off the runtime's threads, and calls that end when they are cancelled.

use std::future::Future;

use tokio_util::sync::CancellationToken;

use crate::error::{Error, ErrorKind, Result};

/// Starts blocking work off the runtime's threads, now and not when it is first waited for; a panic becomes an error.
pub(crate) fn blocking<T, F>(work: F) -> impl Future<Output = Result<T>> + Send + 'static
where
    T: Send + 'static,
    F: FnOnce() -> Result<T> + Send + 'static,
{
    let running = tokio::task::spawn_blocking(work);
    async {
        running.await.unwrap_or_else(|error| {
            Err(Error::new(
                ErrorKind::Unexpected,
                "reading the source stopped before its end",
            )
            .with_source(error))
        })
    }
}

/// Waits for work, but not longer than until it is cancelled. Blocking work goes on after that until it looks at the
/// same token.
pub(crate) async fn or_cancelled<T>(
    cancel: &CancellationToken,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancelled()),
        outcome = work => outcome,
    }
}

/// Stops blocking work of which nobody waits for the result.
pub(crate) fn check_cancelled(cancel: &CancellationToken) -> Result<()> {
    if cancel.is_cancelled() {
        return Err(cancelled());
    }
    Ok(())
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "fetching the source was cancelled")
}
