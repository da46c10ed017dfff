//! How deployments go, for whoever watches: each event of one, or where each of an application or a project stands.

use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::time::Instant;

use super::ControlPlane;
use super::live::Subject;
use super::reach::reach_of;
use crate::access::{Action, Actor};
use crate::bus::Signal;
use crate::deployer::Deployer;
use crate::deployment::{DeploymentState, Event, replay};
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ApplicationId, DeploymentId, ProjectId};
use crate::model::{Deployment, PageRequest};
use crate::store::DeploymentFilter;

/// How often whoever watches an application or a project looks by himself, when a signal was lost.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// How many deployments, the newest first, are looked at.
const NEWEST: u32 = 50;

/// Where a deployment stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// Which.
    pub deployment: DeploymentId,
    /// Its application.
    pub application: ApplicationId,
    /// Its project.
    pub project: ProjectId,
    /// Where it stands.
    pub state: DeploymentState,
    /// What happened, for whoever watches this one deployment.
    pub event: Option<Event>,
}

impl Progress {
    fn of(deployment: Deployment) -> Self {
        Self {
            deployment: deployment.id,
            application: deployment.application_id,
            project: deployment.project_id,
            state: deployment.state,
            event: None,
        }
    }
}

impl ControlPlane {
    /// Each event of a deployment after a number, with where the deployment stood then, without a gap. With `follow`
    /// also those to come, until the terminal one. The stream ends with an error when the right to it ends.
    pub async fn progress(
        &self,
        actor: &Actor,
        id: DeploymentId,
        after: u64,
        follow: bool,
    ) -> Result<BoxStream<'static, Result<Progress>>> {
        let deployment = self
            .deployment_for(actor, Action::DeploymentRead, id)
            .await?;
        let stored = usize::try_from(deployment.state.seq).unwrap_or(usize::MAX);
        // The state is made of all events, also of those that the caller knows.
        let events = self.inner.engine.watch(id, 0);
        let events = events.take(if follow { usize::MAX } else { stored });
        let (application, project) = (deployment.application_id, deployment.project_id);
        let mut state = None;
        let mut tell = move |event: Result<Event>| {
            let event = event?;
            let next = advance(state.take(), &event)?;
            state = Some(next.clone());
            let news = (event.seq > after).then_some(Progress {
                deployment: id,
                application,
                project,
                state: next,
                event: Some(event),
            });
            Ok(news)
        };
        let news = events.filter_map(move |event| ready(tell(event).transpose()));
        Ok(self.guarded(actor.clone(), Subject::Deployment(id), news.boxed()))
    }

    /// Where the newest deployments of an application or a project stand, the oldest of them first, and then each
    /// change of one. States that follow each other fast may become one, but the last one always comes: also after
    /// the caller was slow, or has watched before. The stream ends with an error when the right to it ends.
    pub async fn application_progress(
        &self,
        actor: &Actor,
        id: ApplicationId,
    ) -> Result<BoxStream<'static, Result<Progress>>> {
        self.changes(actor, Subject::Application(id)).await
    }

    /// The same for a project.
    pub async fn project_progress(
        &self,
        actor: &Actor,
        id: ProjectId,
    ) -> Result<BoxStream<'static, Result<Progress>>> {
        self.changes(actor, Subject::Project(id)).await
    }

    async fn changes(
        &self,
        actor: &Actor,
        subject: Subject,
    ) -> Result<BoxStream<'static, Result<Progress>>> {
        self.require_subject(actor, subject).await?;
        let (application, project) = match subject {
            Subject::Application(id) => (Some(id), None),
            Subject::Project(id) => (None, Some(id)),
            _ => (None, None),
        };
        let watching = Watching {
            // Subscribed before the first look, so that nothing falls between the two.
            signals: self.inner.engine.bus().subscribe(),
            engine: self.inner.engine.clone(),
            filter: DeploymentFilter {
                reach: reach_of(actor)?,
                application,
                project,
                ..DeploymentFilter::default()
            },
            known: HashMap::new(),
            news: VecDeque::new(),
            look_at: Instant::now(),
        };
        let changes = stream::unfold(watching, |mut watching| async move {
            let next = watching.next().await;
            Some((next, watching))
        });
        Ok(self.guarded(actor.clone(), subject, changes.boxed()))
    }
}

fn advance(state: Option<DeploymentState>, event: &Event) -> Result<DeploymentState> {
    let next = match state {
        None => replay([event]),
        Some(state) => state.apply(event),
    };
    next.map_err(|illegal| {
        let id = event.deployment_id;
        let message = format!("the log of deployment {id} cannot be read");
        Error::new(ErrorKind::Unexpected, message).with_source(illegal)
    })
}

/// The deployments of an application or a project.
struct Watching {
    engine: Engine,
    filter: DeploymentFilter,
    signals: BoxStream<'static, Signal>,
    /// Number of the last event that was told of each.
    known: HashMap<DeploymentId, u64>,
    news: VecDeque<Progress>,
    look_at: Instant,
}

impl Watching {
    async fn next(&mut self) -> Result<Progress> {
        loop {
            if let Some(progress) = self.news.pop_front() {
                return Ok(progress);
            }
            let changed = tokio::select! {
                changed = changed(&mut self.signals, &self.filter, &self.known) => Some(changed),
                () = tokio::time::sleep_until(self.look_at) => None,
            };
            let looked = match changed {
                Some(id) => self.read(id).await,
                None => self.look().await,
            };
            match looked {
                Ok(()) => {}
                // A store that is away for a moment is looked at again.
                Err(error) if error.is_retryable() => self.look_at = Instant::now() + LOOK_INTERVAL,
                Err(error) => return Err(error),
            }
        }
    }

    async fn read(&mut self, id: DeploymentId) -> Result<()> {
        if let Some(found) = self.engine.store().find_deployment(id).await? {
            self.take(found);
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<()> {
        let page = PageRequest {
            limit: NEWEST,
            before: None,
        };
        let found = self.engine.store().list_deployments(&self.filter, page);
        let found = found.await?.items;
        self.look_at = Instant::now() + LOOK_INTERVAL;
        self.known
            .retain(|id, _| found.iter().any(|deployment| deployment.id == *id));
        for deployment in found.into_iter().rev() {
            self.take(deployment);
        }
        Ok(())
    }

    fn take(&mut self, deployment: Deployment) {
        let seq = deployment.state.seq;
        let known = self.known.entry(deployment.id).or_default();
        if seq > *known {
            *known = seq;
            self.news.push_back(Progress::of(deployment));
        }
    }
}

/// Waits for a signal of something that is not known yet.
async fn changed(
    signals: &mut BoxStream<'static, Signal>,
    filter: &DeploymentFilter,
    known: &HashMap<DeploymentId, u64>,
) -> DeploymentId {
    while let Some(signal) = signals.next().await {
        let Signal::Deployment {
            deployment,
            application,
            project,
            seq,
        } = signal
        else {
            continue;
        };
        let is_watched = filter.application.is_none_or(|id| id == application)
            && filter.project.is_none_or(|id| id == project);
        if is_watched && known.get(&deployment).is_none_or(|known| *known < seq) {
            return deployment;
        }
    }
    std::future::pending().await
}
