//! What runs of an application, and what it says.

use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use super::ControlPlane;
use super::audited::About;
use super::live::Subject;
use crate::access::{Action, Actor};
use crate::cache::names;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::ApplicationId;
use crate::runtime::{ObservedService, ServiceLogLine, ServiceLogQuery, TaskState};

/// How long what was observed of a service is good enough to be shown.
const SERVICE_TTL: Duration = Duration::from_secs(30);

/// What runs of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceSummary {
    /// Name of the service.
    pub name: String,
    /// Image of the current specification.
    pub image: String,
    /// How many tasks there should be.
    pub wanted: u32,
    /// How many run.
    pub running: u32,
}

impl ServiceSummary {
    fn of(service: &ObservedService) -> Self {
        let running = service
            .tasks
            .iter()
            .filter(|task| task.wanted && task.state == TaskState::Running);
        Self {
            name: service.name.clone(),
            image: service.image.clone(),
            wanted: service.replicas,
            running: u32::try_from(running.count()).unwrap_or(u32::MAX),
        }
    }
}

/// Which lines of a service.
#[derive(Clone, Debug, Default)]
pub struct ServiceLogRequest {
    /// Only the last so many lines of each task; unset: all.
    pub tail: Option<u32>,
    /// Only lines since then.
    pub since: Option<Timestamp>,
    /// Whether to go on with what is written from now on.
    pub follow: bool,
    /// Only one task.
    pub task: Option<String>,
}

impl ControlPlane {
    /// What runs of an application, at most 30 seconds old; `None` before its first deployment.
    pub async fn service(
        &self,
        actor: &Actor,
        id: ApplicationId,
    ) -> Result<Option<ServiceSummary>> {
        let about = About::thing("application", id);
        let work = async {
            let application = self.application_for(actor, Action::MetricRead, id).await?;
            let name = application.service_name;
            self.cached(&names::service(&name), SERVICE_TTL, async {
                let observed = self.inner.engine.runtime().observe_service(&name).await?;
                Ok(observed.as_ref().map(ServiceSummary::of))
            })
            .await
        };
        self.read(actor, Action::MetricRead, about, work).await
    }

    /// Output of the service of an application, its secrets masked. The stream ends with an error when the right to
    /// it ends.
    pub async fn service_logs(
        &self,
        actor: &Actor,
        id: ApplicationId,
        request: ServiceLogRequest,
    ) -> Result<BoxStream<'static, Result<ServiceLogLine>>> {
        let about = About::thing("application", id);
        let work = self.application_for(actor, Action::LogRead, id);
        let application = self.read(actor, Action::LogRead, about, work).await?;
        let redactor = self.inner.engine.redactor(&application)?;
        let query = ServiceLogQuery {
            service: application.service_name,
            tail: request.tail,
            since: request.since,
            follow: request.follow,
            task: request.task,
        };
        let lines = self.inner.engine.runtime().service_logs(&query);
        let masked = lines.map(move |line| {
            line.map(|line| ServiceLogLine {
                text: redactor.redact(&line.text),
                ..line
            })
        });
        Ok(self.guarded(actor.clone(), Subject::ApplicationLogs(id), masked.boxed()))
    }
}
