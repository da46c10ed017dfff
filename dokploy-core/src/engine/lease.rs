//! Keeps a claim alive, and tells the work to stop when it is lost, when somebody cancels, or when the engine stops.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Inner;
use crate::bus::Signal;
use crate::error::{Error, ErrorKind, Result};
use crate::id::DeploymentId;
use crate::monitor::Renewal;
use crate::store::Fence;

/// Why the work has to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopCause {
    /// Somebody asked to cancel the deployment.
    Cancelled,
    /// The engine stops; another one goes on.
    Shutdown,
    /// Another worker has the deployment, or may have it soon.
    LeaseLost,
}

/// Tells the work of one claim to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Ends everything: lease lost, or shutdown.
    hard: CancellationToken,
    /// Ends the way forwards, but not the restoring: also a cancellation.
    soft: CancellationToken,
    /// Somebody asked to cancel the deployment.
    asked: CancellationToken,
    state: Arc<Mutex<StopState>>,
}

#[derive(Debug)]
struct StopState {
    cause: Option<StopCause>,
    renewed: Instant,
    trusted_for: Duration,
}

impl Stop {
    pub(crate) fn new(lease: Duration) -> Self {
        let hard = CancellationToken::new();
        Self {
            soft: hard.child_token(),
            hard,
            asked: CancellationToken::new(),
            state: Arc::new(Mutex::new(StopState {
                cause: None,
                renewed: Instant::now(),
                // A worker gives up well before the lease ends, so that its last effect is over by then.
                trusted_for: lease * 2 / 3,
            })),
        }
    }

    /// Ends the way forwards.
    pub(crate) fn forwards(&self) -> &CancellationToken {
        &self.soft
    }

    /// Ends what a successor would go on with: only a cancellation, not the loss of this worker.
    pub(crate) fn asked(&self) -> &CancellationToken {
        &self.asked
    }

    /// Ends even the restoring.
    pub(crate) fn everything(&self) -> &CancellationToken {
        &self.hard
    }

    /// Why; the gravest cause wins.
    pub(crate) fn cause(&self) -> Option<StopCause> {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .cause
    }

    /// `lease_lost` when the claim may not be ours any more. Asked right before each effect, because a process that
    /// was paused does not notice.
    pub(crate) fn ensure_owned(&self) -> Result<()> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.cause == Some(StopCause::LeaseLost) || state.renewed.elapsed() > state.trusted_for
        {
            return Err(Error::new(
                ErrorKind::LeaseLost,
                "another worker may have the deployment",
            ));
        }
        Ok(())
    }

    fn raise(&self, cause: StopCause) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let graver = match (state.cause, cause) {
            (None | Some(StopCause::Cancelled), _) | (_, StopCause::LeaseLost) => cause,
            (Some(known), _) => known,
        };
        state.cause = Some(graver);
        drop(state);
        match cause {
            StopCause::Cancelled => {
                self.asked.cancel();
                self.soft.cancel();
            }
            StopCause::Shutdown | StopCause::LeaseLost => self.hard.cancel(),
        }
    }

    fn renewed(&self, asked_at: Instant) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .renewed = asked_at;
    }

    fn expired(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.renewed.elapsed() > state.trusted_for
    }
}

/// Keeps the claim alive until it is lost or this is dropped. While the engine stops it goes on, because handing back
/// may take some time.
pub(crate) async fn keep(inner: Arc<Inner>, id: DeploymentId, fence: Fence, stop: Stop) {
    let _held = inner.recorder.lease();
    let mut signals = inner.bus.subscribe();
    loop {
        renew(&inner, id, fence, &stop).await;
        let stopping = match stop.cause() {
            Some(StopCause::LeaseLost) => return,
            cause => cause == Some(StopCause::Shutdown),
        };
        tokio::select! {
            () = inner.shutdown.cancelled(), if !stopping => stop.raise(StopCause::Shutdown),
            () = tokio::time::sleep(inner.options.lease_renewal) => {}
            () = told_of_cancellation(&inner, id, &mut signals) => stop.raise(StopCause::Cancelled),
        }
    }
}

async fn renew(inner: &Inner, id: DeploymentId, fence: Fence, stop: &Stop) {
    // The lease counts from when it was asked for: the answer may have taken long.
    let asked_at = Instant::now();
    let call = inner.store.renew_lease(id, fence, inner.options.lease);
    let renewal = match tokio::time::timeout(inner.options.lease / 3, call).await {
        Ok(Ok(cancel_requested)) => {
            stop.renewed(asked_at);
            if cancel_requested {
                stop.raise(StopCause::Cancelled);
            }
            Renewal::Renewed
        }
        Ok(Err(error)) if error.kind() == ErrorKind::LeaseLost => {
            stop.raise(StopCause::LeaseLost);
            Renewal::Lost
        }
        Ok(Err(error)) => {
            tracing::warn!(deployment.id = %id, error = %error, "a lease was not renewed");
            Renewal::Failed
        }
        Err(_) => {
            tracing::warn!(deployment.id = %id, "the store takes too long to renew a lease");
            Renewal::Failed
        }
    };
    inner.recorder.renewal(renewal);
    if stop.expired() {
        stop.raise(StopCause::LeaseLost);
    }
}

/// Returns when a signal led to the news that somebody asked to cancel this deployment.
async fn told_of_cancellation(
    inner: &Inner,
    id: DeploymentId,
    signals: &mut BoxStream<'static, Signal>,
) {
    while let Some(signal) = signals.next().await {
        if matches!(signal, Signal::Deployment { deployment, .. } if deployment == id) {
            let found = inner.store.find_deployment(id).await;
            if matches!(found, Ok(Some(found)) if found.state.cancel_requested) {
                return;
            }
        }
    }
    futures::future::pending::<()>().await;
}
