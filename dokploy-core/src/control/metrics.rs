//! What applications use, and how many of everything an actor reaches.

use std::time::Duration;

use tokio::time::timeout;

use super::ControlPlane;
use super::audited::About;
use super::reach::{reach_of, require};
use crate::access::{Action, Actor, can};
use crate::error::Result;
use crate::id::{ApplicationId, ProjectId};
use crate::model::{PageRequest, Reach};
use crate::monitor::{ApplicationMetrics, ProjectMetrics};
use crate::runtime::RuntimeInfo;
use crate::store::{ApplicationFilter, QueueStats};

/// How long what is used is good enough to be shown.
const USAGE_TTL: Duration = Duration::from_secs(10);

/// How long the container engine may take to answer before it counts as away: who looks at the queue does not wait
/// for one that hangs.
const ENGINE_PATIENCE: Duration = Duration::from_secs(2);

const WHOLE_PAGE: PageRequest = PageRequest {
    limit: PageRequest::LIMIT_MAX,
    before: None,
};

/// How many of everything an actor reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Projects.
    pub projects: u64,
    /// Applications.
    pub applications: u64,
    /// What waits and what runs in the whole installation, for administrators.
    pub queue: Option<QueueStats>,
}

/// How the installation is, for administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SystemStatus {
    /// What waits and what runs.
    pub queue: QueueStats,
    /// The container engine; `None` while it does not answer.
    pub runtime: Option<RuntimeInfo>,
}

impl ControlPlane {
    /// How the installation is.
    pub async fn system(&self, actor: &Actor) -> Result<SystemStatus> {
        let work = async {
            require(actor, Action::SystemRead)?;
            let queue = self.store().queue_stats().await?;
            let runtime = timeout(ENGINE_PATIENCE, self.inner.engine.runtime_info()).await;
            Ok(SystemStatus {
                queue,
                runtime: runtime.ok().and_then(Result::ok),
            })
        };
        let about = About::thing("system", "status");
        self.read(actor, Action::SystemRead, about, work).await
    }

    /// What an application uses now, at most ten seconds old.
    pub async fn application_metrics(
        &self,
        actor: &Actor,
        id: ApplicationId,
    ) -> Result<ApplicationMetrics> {
        let about = About::thing("application", id);
        let work = async {
            let application = self.application_for(actor, Action::MetricRead, id).await?;
            self.cached(&format!("usage:{id}"), USAGE_TTL, async {
                Ok(self.inner.monitor.application(&application).await)
            })
            .await
        };
        self.read(actor, Action::MetricRead, about, work).await
    }

    /// What the applications and databases of a project use together, at most ten seconds old; of more than two
    /// hundred, the newest.
    pub async fn project_metrics(&self, actor: &Actor, id: ProjectId) -> Result<ProjectMetrics> {
        let about = About::thing("project", id);
        let work = async {
            self.project_for(actor, Action::MetricRead, id).await?;
            let filter = ApplicationFilter {
                project: Some(id),
                with_databases: true,
                ..ApplicationFilter::default()
            };
            self.cached(&format!("usage:{id}"), USAGE_TTL, async {
                let listed = self.store().list_applications(&filter, WHOLE_PAGE).await?;
                Ok(self.inner.monitor.project(id, listed.items).await)
            })
            .await
        };
        self.read(actor, Action::MetricRead, about, work).await
    }

    /// What the deployer itself does, in Prometheus' text format.
    pub async fn metrics_text(&self, actor: &Actor) -> Result<String> {
        let work = async {
            require(actor, Action::SystemRead)?;
            self.inner.engine.metrics_text().await
        };
        let about = About::thing("system", "metrics");
        self.read(actor, Action::SystemRead, about, work).await
    }

    /// How many of everything the actor reaches.
    pub async fn summary(&self, actor: &Actor) -> Result<Summary> {
        require(actor, Action::MetricRead)?;
        let reach = reach_of(actor)?;
        let queue = if can(actor, Action::SystemRead) {
            Some(self.store().queue_stats().await?)
        } else {
            None
        };
        Ok(Summary {
            projects: self.count_projects(&reach).await?,
            applications: self.count_applications(&reach).await?,
            queue,
        })
    }

    async fn count_projects(&self, reach: &Reach) -> Result<u64> {
        let mut count = 0;
        let mut page = WHOLE_PAGE;
        loop {
            let found = self.store().list_projects(reach, page).await?;
            count += found.items.len() as u64;
            match found.next {
                Some(next) => page.before = Some(next),
                None => return Ok(count),
            }
        }
    }

    async fn count_applications(&self, reach: &Reach) -> Result<u64> {
        let filter = ApplicationFilter {
            reach: reach.clone(),
            ..ApplicationFilter::default()
        };
        let mut count = 0;
        let mut page = WHOLE_PAGE;
        loop {
            let found = self.store().list_applications(&filter, page).await?;
            count += found.items.len() as u64;
            match found.next {
                Some(next) => page.before = Some(next),
                None => return Ok(count),
            }
        }
    }
}
