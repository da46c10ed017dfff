//! The part of an append that needs no database: what may be written, by whom, and the state that it leads to.

use super::{Append, CreatedDeployment, NewDeployment};
use crate::deployment::{DeploymentState, Event, EventKind, IllegalTransition, Status};
use crate::error::{Error, ErrorKind, Result};
use crate::id::DeploymentId;

impl Append {
    /// Numbers the events and computes the state that they lead to. Every store calls it before it writes, so that
    /// the rules are the same everywhere.
    ///
    /// # Errors
    ///
    /// `unexpected` for an event that may not follow, and for one that only a worker may write.
    pub fn advance(&self) -> Result<(Vec<Event>, DeploymentState)> {
        let mut state = self.before.clone();
        let mut events = Vec::with_capacity(self.events.len());
        for kind in &self.events {
            if self.fence.is_none() && !open_to_callers(kind, &state) {
                return Err(Error::new(
                    ErrorKind::Unexpected,
                    format!(
                        "only the worker of deployment {} may write the event {}",
                        self.deployment,
                        kind.name()
                    ),
                ));
            }
            state = state
                .advance(kind, self.at)
                .map_err(|refused| illegal(self.deployment, refused))?;
            events.push(Event {
                deployment_id: self.deployment,
                seq: state.seq,
                at: self.at,
                kind: kind.clone(),
            });
        }
        Ok((events, state))
    }
}

impl NewDeployment {
    /// The first event of its log.
    pub fn accepted_event(&self) -> Event {
        Event {
            deployment_id: self.deployment.id,
            seq: 1,
            at: self.deployment.created_at,
            kind: self.accepted.clone(),
        }
    }

    /// What becomes of one that waits and that this one replaces.
    ///
    /// # Errors
    ///
    /// `unexpected` when it does not wait.
    pub fn supersede_event(
        &self,
        waiting: DeploymentId,
        state: DeploymentState,
    ) -> Result<(Event, DeploymentState)> {
        let at = self.deployment.created_at;
        let kind = EventKind::Superseded {
            by: self.deployment.id,
        };
        let state = state
            .advance(&kind, at)
            .map_err(|refused| illegal(waiting, refused))?;
        let event = Event {
            deployment_id: waiting,
            seq: state.seq,
            at,
            kind,
        };
        Ok((event, state))
    }

    /// The answer when nothing had to be written.
    pub(super) fn existed(deployment: crate::model::Deployment) -> CreatedDeployment {
        CreatedDeployment {
            deployment,
            existed: true,
            superseded: Vec::new(),
        }
    }
}

/// A caller holds no lease: he may ask to cancel, cancel what no worker has begun, and say what became of a success.
fn open_to_callers(kind: &EventKind, state: &DeploymentState) -> bool {
    match kind {
        EventKind::CancelRequested { .. } => true,
        EventKind::Cancelled { .. } => state.attempt == 0,
        EventKind::RolledBack { .. }
        | EventKind::Degraded { .. }
        | EventKind::Recovered
        | EventKind::Drifted { .. } => state.status == Status::Success,
        _ => false,
    }
}

fn illegal(id: DeploymentId, refused: IllegalTransition) -> Error {
    Error::new(
        ErrorKind::Unexpected,
        format!("deployment {id} refused an event: {refused}"),
    )
    .with_source(refused)
}
