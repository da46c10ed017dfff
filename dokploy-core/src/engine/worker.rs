//! Owns one claim from its first event to its last.

use std::sync::Arc;

use tracing::Instrument;

use super::credentials::Credentials;
use super::journal::Journal;
use super::lease::{self, Stop, StopCause};
use super::output::Output;
use super::patient::PatientStore;
use super::sealing::Opened;
use super::{Inner, Point, saga};
use crate::deployment::{EventKind, Failure, Reason};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Deployment;
use crate::store::Claim;

/// Everything that the steps of one deployment work with.
pub(crate) struct Work {
    pub(crate) inner: Arc<Inner>,
    /// What steps ask for what is stored.
    pub(crate) store: PatientStore,
    pub(crate) journal: Journal,
    pub(crate) stop: Stop,
    pub(crate) output: Output,
    /// Secrets of the deployment in clear, in memory only.
    pub(crate) opened: Opened,
    /// The deployment as it was when it was claimed; its state is in the journal.
    pub(crate) deployment: Deployment,
}

impl Work {
    /// Opens stored credentials.
    pub(crate) fn credentials(&self) -> Credentials<'_> {
        Credentials {
            store: &self.store,
            keyring: &self.inner.keyring,
        }
    }

    /// Passes a point at which a test may make something happen.
    pub(crate) async fn pass(&self, point: Point) -> Result<()> {
        self.inner.injection.at(point).await
    }

    /// Writes an error down, with every secret of the deployment masked.
    pub(crate) fn failure(&self, step: Option<crate::deployment::Step>, error: &Error) -> Failure {
        let mut failure = Failure::from_error(step, error);
        let mask = |text: &mut String| *text = self.opened.redactor.redact(text);
        mask(&mut failure.message);
        failure.causes.iter_mut().for_each(mask);
        failure.hint.iter_mut().for_each(mask);
        failure
    }
}

/// Works on a claim until the deployment is terminal, is handed back, or belongs to somebody else.
pub(crate) async fn run(inner: Arc<Inner>, claim: Claim) {
    let span = tracing::info_span!(
        "deployment",
        deployment.id = %claim.deployment.id,
        application.id = %claim.deployment.application_id,
        epoch = claim.fence.epoch,
    );
    let stop = Stop::new(inner.options.lease);
    let id = claim.deployment.id;
    let fence = claim.fence;
    let keeper = lease::keep(Arc::clone(&inner), id, fence, stop.clone());
    let mut work = Box::pin(work(Arc::clone(&inner), claim, stop.clone()));
    let outcome = async {
        tokio::select! {
            outcome = &mut work => outcome,
            // The keeper ends only when everything has to stop, which the work then notices by itself.
            () = keeper => work.await,
        }
    }
    .instrument(span.clone())
    .await;
    let _entered = span.enter();
    match outcome {
        Ok(()) => tracing::debug!("the work on a deployment has ended"),
        Err(error) if error.kind() == ErrorKind::LeaseLost => {
            tracing::warn!("another worker has the deployment: nothing more is written here");
        }
        Err(error) => {
            tracing::error!(error = ?error, "a deployment could not be worked on; it will be resumed");
        }
    }
}

async fn work(inner: Arc<Inner>, claim: Claim, stop: Stop) -> Result<()> {
    let Claim {
        deployment,
        fence,
        attempt,
    } = claim;
    let journal = Journal::new(
        Arc::clone(&inner),
        deployment.clone(),
        fence,
        stop.everything().clone(),
    );
    inner.injection.at(Point::Claimed).await?;
    let claimed = EventKind::Claimed {
        worker: fence.worker,
        epoch: fence.epoch,
        attempt,
    };
    journal.append(claimed).await?;
    let opened = match Opened::of(&inner.keyring, deployment.application_id, &deployment.spec) {
        Ok(opened) => opened,
        Err(error) => return give_up(&journal, &error).await,
    };
    let output = match Output::open(&inner.logs, deployment.id, opened.redactor.clone()).await {
        Ok(output) => output,
        // The next worker may have room for a log. When none has, the deployment ends all the same.
        Err(error) if attempt > inner.options.attempts_max => {
            return give_up(&journal, &error).await;
        }
        Err(error) => return Err(error),
    };
    if deployment.state.epoch > 0 {
        output.resume();
    }
    let store = PatientStore::new(Arc::clone(&inner.store), stop.everything().clone());
    let work = Work {
        inner,
        store,
        journal,
        stop,
        output,
        opened,
        deployment,
    };
    match Box::pin(saga::run(&work, attempt)).await {
        Err(error) => stop_working(&work, error).await,
        Ok(()) => Ok(()),
    }
}

/// The saga ended without a terminal event: hand the deployment back when the engine stops, leave it to its new owner
/// when it has one. Whatever else it was, the next worker looks at it afresh when the lease has ended; that it counts
/// as lost is what ends a deployment that no worker can decide.
async fn stop_working(work: &Work, error: Error) -> Result<()> {
    if work.stop.cause() != Some(StopCause::Shutdown) || error.kind() == ErrorKind::LeaseLost {
        return Err(error);
    }
    let handed_back = EventKind::HandedBack {
        worker: work.inner.worker,
    };
    // The journal no longer waits for a store that is away: a lease that ends by itself hands back as well.
    let appended = work.journal.append(handed_back).await;
    work.inner
        .store
        .release_lease(work.deployment.id, work.journal.fence())
        .await?;
    appended
}

/// Ends a deployment that cannot even be begun.
async fn give_up(journal: &Journal, error: &Error) -> Result<()> {
    let failure = Failure::from_error(None, error);
    journal
        .append(EventKind::Failed {
            reason: Reason::StepFailed,
            failure,
        })
        .await
}
