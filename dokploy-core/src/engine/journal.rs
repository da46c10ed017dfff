//! Writes the events of one claimed deployment, and is the only thing in the engine that does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

use super::Inner;
use super::retry::RetryPolicy;
use super::sink;
use crate::bus::Signal;
use crate::deployment::{DeploymentState, EventKind, Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ReleaseId;
use crate::model::Deployment;
use crate::store::{Append, Fence};

/// The log of one claimed deployment. Every write is fenced by the claim.
pub(crate) struct Journal {
    inner: Arc<Inner>,
    deployment: Mutex<Deployment>,
    fence: Fence,
    told: Mutex<Told>,
    /// Ends the waiting for a store that is away.
    stop: CancellationToken,
}

/// What the event sink knows.
#[derive(Default)]
struct Told {
    /// Number of the last event.
    seq: u64,
    /// What it answered and the saga does not know yet.
    refused: Option<Error>,
}

impl Journal {
    pub(crate) fn new(
        inner: Arc<Inner>,
        deployment: Deployment,
        fence: Fence,
        stop: CancellationToken,
    ) -> Self {
        // A successor tells what it writes itself: how far its predecessor came is not known.
        let seq = match deployment.state.attempt {
            0 => 0,
            _ => deployment.state.seq,
        };
        Self {
            inner,
            told: Mutex::new(Told { seq, refused: None }),
            deployment: Mutex::new(deployment),
            fence,
            stop,
        }
    }

    /// The deployment as it stands.
    pub(crate) fn deployment(&self) -> Deployment {
        self.deployment
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Its state as it stands.
    pub(crate) fn state(&self) -> DeploymentState {
        self.deployment
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .state
            .clone()
    }

    pub(crate) fn fence(&self) -> Fence {
        self.fence
    }

    /// Appends one event.
    pub(crate) async fn append(&self, event: EventKind) -> Result<()> {
        self.append_all(vec![event], None).await
    }

    /// Appends the end of a step.
    pub(crate) async fn finish(&self, step: Step, output: StepOutput) -> Result<()> {
        self.append(EventKind::StepFinished { step, output }).await
    }

    /// Appends events, and promotes a release in the same transaction. Waits for a store that is away as long as the
    /// lease is ours.
    pub(crate) async fn append_all(
        &self,
        events: Vec<EventKind>,
        promote: Option<ReleaseId>,
    ) -> Result<()> {
        // The future of a terminal append is large; it is boxed so that the callers' stay small.
        let state =
            Box::pin(RetryPolicy::OWN.run(&self.stop, || self.try_append(&events, promote)))
                .await?;
        let signal = {
            let mut deployment = self
                .deployment
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            deployment.state = state;
            self.inner.recorder.record(&deployment, &events);
            Signal::Deployment {
                deployment: deployment.id,
                application: deployment.application_id,
                project: deployment.project_id,
                seq: deployment.state.seq,
            }
        };
        if promote.is_some() {
            let deployment = self.deployment();
            self.inner
                .forget_cached(deployment.application_id, &deployment.service_name)
                .await;
        }
        if let Err(error) = self.inner.bus.publish(&signal).await {
            tracing::debug!(error = %error, "a signal was lost; listeners also poll");
        }
        self.tell().await
    }

    /// Tells the event sink what is new, and fails when it refused that or something before it: once, and only while a
    /// step goes forwards.
    async fn tell(&self) -> Result<()> {
        let seq = self.told().seq;
        let deployment = self.deployment();
        let (seq, refused) = match sink::tell(&self.inner, deployment.id, seq).await {
            Ok(told) => told,
            Err(error) => {
                tracing::debug!(error = %error, "the event sink is told with the next event");
                return Ok(());
            }
        };
        let mut told = self.told();
        told.seq = seq;
        told.refused = told.refused.take().or(refused);
        let state = &deployment.state;
        let forwards = !state.status.is_terminal()
            && !state.cancel_requested
            && state.failure.is_none()
            && !state.steps.is_empty()
            && !state.steps.contains_key(&Step::RestorePrevious);
        match told.refused.take_if(|_| forwards) {
            Some(refused) => Err(sink::failure(&refused)),
            None => Ok(()),
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn try_append(
        &self,
        events: &[EventKind],
        promote: Option<ReleaseId>,
    ) -> Result<DeploymentState> {
        let deployment = self.deployment();
        let append = Append {
            deployment: deployment.id,
            before: deployment.state,
            events: events.to_vec(),
            fence: Some(self.fence),
            promote,
            at: self.inner.clock.now(),
        };
        match self.inner.store.append_events(&append).await {
            Ok((_, state)) => Ok(state),
            // What may not follow what we know may follow what a caller has written meanwhile.
            Err(error) if matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Unexpected) => {
                self.catch_up(&append, error).await
            }
            Err(error) => Err(error),
        }
    }

    /// The log is longer than we knew: a caller asked to cancel, or an append of ours took effect although its
    /// answer was lost. Both are found by reading what is new.
    async fn catch_up(&self, append: &Append, refused: Error) -> Result<DeploymentState> {
        let new = self
            .inner
            .store
            .events(
                append.deployment,
                append.before.seq,
                u32::try_from(append.events.len() + 8).unwrap_or(8),
            )
            .await?;
        if new.is_empty() {
            return Err(refused);
        }
        let mut state = append.before.clone();
        for event in &new {
            state = state
                .apply(event)
                .map_err(|error| Error::new(ErrorKind::Unexpected, error.to_string()))?;
        }
        let written = new.windows(append.events.len()).any(|window| {
            window
                .iter()
                .map(|event| &event.kind)
                .eq(append.events.iter())
        });
        self.deployment
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .state = state.clone();
        if written {
            return Ok(state);
        }
        // Asked to be tried again at once, from the state that was just read.
        Err(
            Error::new(ErrorKind::Conflict, "the log of the deployment has grown")
                .with_retry(crate::error::Retry::After(Some(std::time::Duration::ZERO)))
                .with_source(refused),
        )
    }
}
