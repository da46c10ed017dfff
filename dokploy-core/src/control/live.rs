//! What can be watched, and streams that end with the right to them.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::time::Instant;

use super::ControlPlane;
use crate::access::{Action, Actor};
use crate::bus::Signal;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ApplicationId, DeploymentId, ProjectId};

/// What can be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// All deployments of a project.
    Project(ProjectId),
    /// All deployments of an application.
    Application(ApplicationId),
    /// The output of an application's service.
    ApplicationLogs(ApplicationId),
    /// One deployment.
    Deployment(DeploymentId),
    /// The log of a deployment.
    DeploymentLogs(DeploymentId),
}

impl ControlPlane {
    /// Checks whether an actor may watch something.
    ///
    /// # Errors
    ///
    /// `not_found` for what he does not reach.
    pub async fn require_subject(&self, actor: &Actor, subject: Subject) -> Result<()> {
        self.watched_project(actor, subject).await.map(drop)
    }

    /// The project of something that the actor may watch.
    async fn watched_project(&self, actor: &Actor, subject: Subject) -> Result<ProjectId> {
        let (watch, read) = (Action::DeploymentRead, Action::LogRead);
        Ok(match subject {
            Subject::Project(id) => self.project_for(actor, watch, id).await?.id,
            Subject::Application(id) => self.application_for(actor, watch, id).await?.project_id,
            Subject::ApplicationLogs(id) => self.application_for(actor, read, id).await?.project_id,
            Subject::Deployment(id) => self.deployment_for(actor, watch, id).await?.project_id,
            Subject::DeploymentLogs(id) => self.deployment_for(actor, read, id).await?.project_id,
        })
    }

    /// Passes a stream on for as long as the actor may watch its subject. It is looked at when a signal says that
    /// something about the actor or the project changed, every few seconds in any case, and before the first item: what
    /// changed since the stream was asked for counts, too.
    ///
    /// The last item is the error when the right has ended: `unauthenticated` with the session or the token,
    /// `permission_denied` when the subject is not his to see any more. A store that is away for a moment ends
    /// nothing at once, but nothing is passed on until it has answered.
    pub fn guarded<T: Send + 'static>(
        &self,
        actor: Actor,
        subject: Subject,
        items: BoxStream<'static, Result<T>>,
    ) -> BoxStream<'static, Result<T>> {
        if actor.is_system() {
            return items;
        }
        let guarded = Guarded {
            control: self.clone(),
            actor,
            project: None,
            subject,
            items,
            signals: self.inner.engine.bus().subscribe(),
            interval: self.inner.options.recheck_interval,
            due: Instant::now(),
            ended: false,
        };
        stream::unfold(guarded, |mut guarded| async move {
            let next = guarded.next().await?;
            Some((next, guarded))
        })
        .boxed()
    }
}

/// A stream with the right to it.
struct Guarded<T> {
    control: ControlPlane,
    actor: Actor,
    subject: Subject,
    /// Known from the first look on.
    project: Option<ProjectId>,
    items: BoxStream<'static, Result<T>>,
    signals: BoxStream<'static, Signal>,
    interval: Duration,
    /// When the right is looked at next.
    due: Instant,
    ended: bool,
}

impl<T> Guarded<T> {
    async fn next(&mut self) -> Option<Result<T>> {
        if self.ended {
            return None;
        }
        loop {
            let (user, project) = (self.actor.user_id(), self.project);
            let signal = async {
                loop {
                    match self.signals.next().await {
                        Some(Signal::Access { user: changed }) if Some(changed) == user => return,
                        Some(Signal::Project { project: changed }) if Some(changed) == project => {
                            return;
                        }
                        Some(_) => {}
                        None => futures::future::pending().await,
                    }
                }
            };
            // The right is looked at first: what is ready when it has ended is not passed on.
            tokio::select! {
                biased;
                () = signal => {}
                () = tokio::time::sleep_until(self.due) => {}
                item = self.items.next() => return item,
            }
            if let Err(error) = self.check().await {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }

    /// Waits for an answer of the store: an error that passes is no answer.
    async fn check(&mut self) -> Result<()> {
        loop {
            match self.look().await {
                Ok(()) => break,
                Err(error) if error.is_retryable() => {
                    tracing::debug!(error = %error, "a right cannot be looked at; the stream waits");
                    tokio::time::sleep(self.interval).await;
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return Err(Error::new(
                        ErrorKind::PermissionDenied,
                        "what was watched is not there any more, or not for this actor",
                    ));
                }
                Err(error) => return Err(error),
            }
        }
        self.due = Instant::now() + self.interval;
        Ok(())
    }

    async fn look(&mut self) -> Result<()> {
        self.actor = self.control.recheck(&self.actor).await?;
        let watched = self.control.watched_project(&self.actor, self.subject);
        self.project = Some(watched.await?);
        Ok(())
    }
}
