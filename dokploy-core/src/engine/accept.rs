//! Accepting: from a request to a durable row. Nothing of the work is done here.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;

use super::{Engine, plan, sink, streams};
use crate::bus::Signal;
use crate::deployer::{DeployRequest, Deployer, DeploymentHandle, LogLine, Plan, RollbackRequest};
use crate::deployment::{DeploymentState, Event, EventKind, Status};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ApplicationId, DeploymentId, ReleaseId};
use crate::model::{
    ActorRef, Application, ApplicationSpec, Deployment, DeploymentKind, DeploymentRequest,
    DeploymentTrigger, Page, PageRequest, Release, SupersedePolicy,
};
use crate::store::{Append, DeploymentFilter, NewDeployment};

/// How often a cancellation is tried when other events come in between.
const CANCEL_TRIES_MAX: u32 = 20;

#[async_trait]
impl Deployer for Engine {
    async fn deploy(&self, request: DeployRequest) -> Result<DeploymentHandle> {
        let application = self.application(request.application).await?;
        request.request.validate()?;
        if let Some(known) = self
            .known(&application, request.idempotency_key.as_deref())
            .await?
        {
            return Ok(known);
        }
        if let Some(expected) = &request.plan_digest {
            let now = plan::plan(&self.inner, &application, &request.request).await?;
            if now.digest != *expected {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "the world has moved since the plan was made",
                )
                .with_hint("look at a new plan and deploy with its digest"));
            }
        }
        let spec = application.spec.clone();
        let accepting = Accepting {
            kind: DeploymentKind::Deploy,
            request: request.request,
            target: None,
            key: request.idempotency_key,
        };
        self.accept(&application, spec, accepting).await
    }

    async fn roll_back(&self, request: RollbackRequest) -> Result<DeploymentHandle> {
        let application = self.application(request.application).await?;
        if let Some(known) = self
            .known(&application, request.idempotency_key.as_deref())
            .await?
        {
            return Ok(known);
        }
        let release = self.rollback_target(&application, request.release).await?;
        let asked = DeploymentRequest {
            trigger: DeploymentTrigger::Rollback,
            actor: request.actor,
            ..DeploymentRequest::default()
        };
        let accepting = Accepting {
            kind: DeploymentKind::Rollback,
            request: asked,
            target: Some(release.id),
            key: request.idempotency_key,
        };
        self.accept(&application, release.spec, accepting).await
    }

    async fn cancel(&self, id: DeploymentId, actor: Option<ActorRef>) -> Result<Deployment> {
        for _ in 0..CANCEL_TRIES_MAX {
            let found = self.inner.store.find_deployment(id).await?;
            let deployment = found.ok_or_else(|| Error::not_found("deployment", id))?;
            if deployment.state.status.is_terminal() || deployment.state.cancel_requested {
                return Ok(deployment);
            }
            match self.try_cancel(&deployment, actor.clone()).await {
                Ok(state) => {
                    return Ok(Deployment {
                        state,
                        ..deployment
                    });
                }
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            format!("deployment {id} changes too fast to be cancelled"),
        ))
    }

    async fn find(&self, id: DeploymentId) -> Result<Option<Deployment>> {
        self.inner.store.find_deployment(id).await
    }

    fn watch(&self, id: DeploymentId, after: u64) -> BoxStream<'static, Result<Event>> {
        streams::events(Arc::clone(&self.inner), id, after)
    }

    fn logs(
        &self,
        id: DeploymentId,
        after: u64,
        follow: bool,
    ) -> BoxStream<'static, Result<LogLine>> {
        streams::log(Arc::clone(&self.inner), id, after, follow)
    }

    async fn plan(&self, request: DeployRequest) -> Result<Plan> {
        let application = self.application(request.application).await?;
        request.request.validate()?;
        plan::plan(&self.inner, &application, &request.request).await
    }
}

struct Accepting {
    kind: DeploymentKind,
    request: DeploymentRequest,
    target: Option<ReleaseId>,
    key: Option<String>,
}

impl Engine {
    /// Deployments, newest first.
    pub async fn deployments(
        &self,
        filter: &DeploymentFilter,
        page: PageRequest,
    ) -> Result<Page<Deployment>> {
        self.inner.store.list_deployments(filter, page).await
    }

    /// A deployer that shares this engine.
    pub fn deployer(&self) -> Arc<dyn Deployer> {
        Arc::new(self.clone())
    }

    pub(crate) async fn application(&self, id: ApplicationId) -> Result<Application> {
        let found = self.inner.store.find_application(id).await?;
        found.ok_or_else(|| Error::not_found("application", id))
    }

    /// The deployment that was accepted with this key before. Asked first of all: what is asked twice was right the
    /// first time, and the world has moved since because of it.
    async fn known(
        &self,
        application: &Application,
        key: Option<&str>,
    ) -> Result<Option<DeploymentHandle>> {
        let Some(key) = key else { return Ok(None) };
        let found = self
            .inner
            .store
            .find_deployment_by_key(application.id, key)
            .await?;
        Ok(found.map(|known| DeploymentHandle::new(self.deployer(), known.id)))
    }

    async fn accept(
        &self,
        application: &Application,
        spec: ApplicationSpec,
        accepting: Accepting,
    ) -> Result<DeploymentHandle> {
        let now = self.inner.clock.now();
        let Accepting {
            kind,
            request,
            target,
            key,
        } = accepting;
        let accepted = EventKind::Accepted {
            kind,
            trigger: request.trigger,
            actor: request.actor.clone(),
        };
        let supersede = request.supersede;
        let new = NewDeployment {
            deployment: Deployment {
                id: DeploymentId::new(),
                application_id: application.id,
                project_id: application.project_id,
                service_name: application.service_name.clone(),
                kind,
                request,
                spec,
                target_release_id: target,
                state: DeploymentState::accepted(kind),
                created_at: now,
                updated_at: now,
            },
            accepted,
            supersede,
            idempotency_key: key,
            queue_max: self.inner.options.queue_max,
        };
        let created = self.inner.store.create_deployment(&new).await?;
        if !created.existed {
            self.tell(&created.deployment).await;
            self.inner.recorder.superseded(created.superseded.len());
            for event in &created.superseded {
                self.tell_of(application, event).await;
            }
            if supersede == SupersedePolicy::Running {
                self.cancel_running(&created.deployment).await?;
            }
        }
        Ok(DeploymentHandle::new(
            self.deployer(),
            created.deployment.id,
        ))
    }

    /// Asks to cancel what still runs of the application: its place is taken.
    async fn cancel_running(&self, newer: &Deployment) -> Result<()> {
        let filter = DeploymentFilter {
            application: Some(newer.application_id),
            ..DeploymentFilter::default()
        };
        // Whatever is open was accepted lately: the open ones are on the first page.
        let page = self
            .inner
            .store
            .list_deployments(&filter, PageRequest::first())
            .await?;
        for running in page.items {
            if running.id < newer.id && !running.state.status.is_terminal() {
                self.cancel(running.id, newer.request.actor.clone()).await?;
            }
        }
        Ok(())
    }

    async fn try_cancel(
        &self,
        deployment: &Deployment,
        actor: Option<ActorRef>,
    ) -> Result<DeploymentState> {
        let mut events = vec![EventKind::CancelRequested { actor }];
        if deployment.state.attempt == 0 {
            // Nobody works on it: it is over at once. A worker that claims it right now makes this a conflict.
            let message = "cancelled while it was waiting".to_owned();
            events.push(EventKind::Cancelled { message });
        }
        let append = Append {
            deployment: deployment.id,
            before: deployment.state.clone(),
            events,
            fence: None,
            promote: None,
            at: self.inner.clock.now(),
        };
        let (_, state) = self.inner.store.append_events(&append).await?;
        let changed = Deployment {
            state: state.clone(),
            ..deployment.clone()
        };
        self.inner.recorder.record(&changed, &append.events);
        self.tell(&changed).await;
        if state.status.is_terminal() {
            // Nobody has worked on it, and nobody will: the sink knows nothing of it yet.
            sink::tell_only(&self.inner, deployment.id, 0).await;
        }
        Ok(state)
    }

    async fn rollback_target(
        &self,
        application: &Application,
        release: Option<ReleaseId>,
    ) -> Result<Release> {
        let Some(wanted) = release else {
            return self.previous_release(application).await;
        };
        let store = &self.inner.store;
        let found = store.find_release(wanted).await?;
        let release = found
            .filter(|release| release.application_id == application.id)
            .ok_or_else(|| Error::not_found("release", wanted))?;
        if release.retired_at.is_some() {
            let message = format!("release {wanted} was retired, and its image may be gone");
            return Err(Error::new(ErrorKind::Conflict, message)
                .with_hint("deploy its commit again instead"));
        }
        if application.current_release_id == Some(wanted) {
            let message = format!("release {wanted} is the current one");
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        Ok(release)
    }

    /// The newest stable release before the current one that nobody has gone back from.
    async fn previous_release(&self, application: &Application) -> Result<Release> {
        let store = &self.inner.store;
        let page = PageRequest {
            limit: PageRequest::LIMIT_MAX,
            before: None,
        };
        let releases = store.list_releases(application.id, page).await?;
        let current = application.current_release_id;
        let candidates = releases.items.into_iter().filter(|release| {
            release.stable_at.is_some()
                && release.retired_at.is_none()
                && current.is_none_or(|current| release.id < current)
        });
        for release in candidates {
            let maker = store.find_deployment(release.deployment_id).await?;
            if maker.is_none_or(|maker| maker.state.status != Status::RolledBack) {
                return Ok(release);
            }
        }
        let message = format!(
            "application {} has no release to go back to",
            application.spec.name
        );
        Err(Error::new(ErrorKind::NotFound, message)
            .with_hint("a release counts once it was healthy; list the releases to see them"))
    }

    async fn tell(&self, deployment: &Deployment) {
        let news = Signal::Deployment {
            deployment: deployment.id,
            application: deployment.application_id,
            project: deployment.project_id,
            seq: deployment.state.seq,
        };
        for signal in [news, Signal::Queued] {
            if let Err(error) = self.inner.bus.publish(&signal).await {
                tracing::debug!(error = %error, "a signal was lost; listeners also poll");
            }
        }
    }

    async fn tell_of(&self, application: &Application, event: &Event) {
        let signal = Signal::Deployment {
            deployment: event.deployment_id,
            application: application.id,
            project: application.project_id,
            seq: event.seq,
        };
        if let Err(error) = self.inner.bus.publish(&signal).await {
            tracing::debug!(error = %error, "a signal was lost; listeners also poll");
        }
        sink::tell_only(&self.inner, event.deployment_id, 0).await;
    }
}
