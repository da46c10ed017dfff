//! Looks after what was deployed: reports a service that degrades, recovers, or was changed by somebody else. It never
//! changes anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::apply::baseline;
use super::{Inner, rollout};
use crate::deployment::{EventKind, Status, TaskView};
use crate::error::{ErrorKind, Result};
use crate::id::ApplicationId;
use crate::model::{Application, Deployment, PageRequest};
use crate::runtime::{ObservedService, OwnedKind, TaskState, label};
use crate::store::{Append, DeploymentFilter};

/// Runs until the engine stops. Of all engines on a store, one watches.
pub(crate) async fn run(inner: Arc<Inner>) {
    // Looks that a service has to be short of replicas before it is reported: a task that is just being replaced after
    // a node was drained is no news.
    let mut short: BTreeMap<ApplicationId, u32> = BTreeMap::new();
    loop {
        tokio::select! {
            () = inner.shutdown.cancelled() => return,
            () = tokio::time::sleep(inner.options.watch_interval) => {}
        }
        let ttl = inner.options.watch_interval * 3 + Duration::from_secs(5);
        let ours = inner.store.acquire_right("watch", inner.worker, ttl).await;
        if !ours.unwrap_or(false) {
            continue;
        }
        if let Err(error) = look(&inner, &mut short).await {
            tracing::debug!(error = %error, "running services could not be looked at");
        }
    }
}

async fn look(inner: &Inner, short: &mut BTreeMap<ApplicationId, u32>) -> Result<()> {
    for object in inner
        .runtime
        .list_owned(OwnedKind::Service, &BTreeMap::new())
        .await?
    {
        let id = object
            .labels
            .get(label::APPLICATION)
            .and_then(|id| id.parse().ok());
        let Some(id) = id else { continue };
        // The services of another installation on the same swarm are not in our store.
        let Some(application) = inner.store.find_application(id).await? else {
            continue;
        };
        let Some(serving) = serving(inner, &application).await? else {
            continue;
        };
        if let Some(service) = inner.runtime.observe_service(&object.name).await? {
            report(inner, &application, &serving, &service, short).await?;
        }
    }
    Ok(())
}

/// The successful deployment whose release serves, unless a deployment is under way: then there is nothing to report.
async fn serving(inner: &Inner, application: &Application) -> Result<Option<Deployment>> {
    let Some(current) = application.current_release_id else {
        return Ok(None);
    };
    let filter = DeploymentFilter {
        application: Some(application.id),
        ..DeploymentFilter::default()
    };
    let page = inner
        .store
        .list_deployments(&filter, PageRequest::first())
        .await?;
    if page
        .items
        .iter()
        .any(|deployment| !deployment.state.status.is_terminal())
    {
        return Ok(None);
    }
    Ok(page.items.into_iter().find(|deployment| {
        deployment.state.status == Status::Success && deployment.state.release_id == Some(current)
    }))
}

async fn report(
    inner: &Inner,
    application: &Application,
    serving: &Deployment,
    service: &ObservedService,
    short: &mut BTreeMap<ApplicationId, u32>,
) -> Result<()> {
    let state = &serving.state;
    let written = baseline(inner.store.as_ref(), service).await?;
    if !state.drifted && written.as_ref() != Some(&service.spec_digest) {
        let message = format!(
            "the service {} was changed by somebody else; the next deployment replaces the change",
            service.name
        );
        return append(inner, serving, EventKind::Drifted { message }).await;
    }
    let wanted = if application.stopped {
        0
    } else {
        service.replicas
    };
    let healthy = service
        .tasks
        .iter()
        .filter(|task| rollout::is_healthy(task))
        .count();
    let looks = short.entry(application.id).or_default();
    *looks = if healthy < wanted as usize {
        looks.saturating_add(1)
    } else {
        0
    };
    match (*looks, state.degraded) {
        (2.., false) => {
            let message = format!("{healthy} of {wanted} replicas are healthy");
            let tasks = unhealthy(service);
            append(inner, serving, EventKind::Degraded { message, tasks }).await
        }
        (0, true) => append(inner, serving, EventKind::Recovered).await,
        _ => Ok(()),
    }
}

fn unhealthy(service: &ObservedService) -> Vec<TaskView> {
    let not_up = service.tasks.iter().filter(|task| {
        !rollout::is_healthy(task) && (task.wanted || task.state == TaskState::Failed)
    });
    let view = |task: &crate::runtime::ObservedTask| TaskView {
        id: task.id.clone(),
        slot: task.slot.to_string(),
        state: task.state.as_str().to_owned(),
        new: true,
        message: task.error.clone().or_else(|| task.message.clone()),
    };
    not_up.take(10).map(view).collect()
}

async fn append(inner: &Inner, deployment: &Deployment, event: EventKind) -> Result<()> {
    let append = Append {
        deployment: deployment.id,
        before: deployment.state.clone(),
        events: vec![event],
        fence: None,
        promote: None,
        at: inner.clock.now(),
    };
    match inner.store.append_events(&append).await {
        // Somebody wrote first, a rollback for example: the next look sees it.
        Err(error) if error.kind() == ErrorKind::Conflict => Ok(()),
        Err(error) => Err(error),
        Ok((_, state)) => {
            let signal = crate::bus::Signal::Deployment {
                deployment: deployment.id,
                application: deployment.application_id,
                project: deployment.project_id,
                seq: state.seq,
            };
            inner.bus.publish(&signal).await
        }
    }
}
