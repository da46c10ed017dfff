//! Looks after what was deployed: reports a service that degrades, recovers, or was changed by somebody else. It never
//! changes anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::apply::baseline;
use super::{Inner, rollout};
use crate::deployment::{EventKind, Status, TaskView};
use crate::error::{ErrorKind, Result};
use crate::id::ApplicationId;
use crate::model::{Application, Deployment, PageRequest};
use crate::runtime::{ObservedService, TaskState, label};
use crate::store::{Append, ApplicationFilter, DeploymentFilter};

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
        // Short enough that another engine takes over in time when this one is lost: what happens to a service is
        // reported within three intervals.
        let ttl = inner.options.watch_interval * 3 / 2;
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
    let mut page = PageRequest {
        limit: PageRequest::LIMIT_MAX,
        before: None,
    };
    let all = ApplicationFilter {
        with_databases: true,
        ..ApplicationFilter::default()
    };
    loop {
        let applications = inner.store.list_applications(&all, page).await?;
        for application in &applications.items {
            if let Some(serving) = serving(inner, application).await? {
                let service = inner
                    .runtime
                    .observe_service(&application.service_name)
                    .await?;
                report(inner, application, &serving, service.as_ref(), short).await?;
            }
        }
        match applications.next {
            Some(next) => page.before = Some(next),
            None => return Ok(()),
        }
    }
}

/// The successful deployment whose release serves, unless a deployment is under way: then there is nothing to report.
async fn serving(inner: &Inner, application: &Application) -> Result<Option<Deployment>> {
    let Some(current) = application.current_release_id else {
        return Ok(None);
    };
    let mut filter = DeploymentFilter {
        application: Some(application.id),
        ..DeploymentFilter::default()
    };
    // Whatever is open was accepted lately: the open ones are on the first page.
    let latest = inner
        .store
        .list_deployments(&filter, PageRequest::first())
        .await?;
    if latest
        .items
        .iter()
        .any(|deployment| !deployment.state.status.is_terminal())
    {
        return Ok(None);
    }
    filter.status = Some(Status::Success);
    let successes = inner
        .store
        .list_deployments(&filter, PageRequest::first())
        .await?;
    Ok(successes
        .items
        .into_iter()
        .find(|success| success.state.release_id == Some(current)))
}

async fn report(
    inner: &Inner,
    application: &Application,
    serving: &Deployment,
    service: Option<&ObservedService>,
    short: &mut BTreeMap<ApplicationId, u32>,
) -> Result<()> {
    let state = &serving.state;
    if !state.drifted
        && let Some(message) = drift(inner, application, service).await?
    {
        return append(inner, serving, EventKind::Drifted { message }).await;
    }
    let Some(service) = service.filter(|service| is_of(service, application)) else {
        return Ok(());
    };
    let wanted = service.replicas as usize;
    let healthy = service
        .tasks
        .iter()
        .filter(|task| rollout::is_healthy(task))
        .count();
    let looks = short.entry(application.id).or_default();
    *looks = if healthy < wanted {
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

/// What somebody else did to a service.
async fn drift(
    inner: &Inner,
    application: &Application,
    service: Option<&ObservedService>,
) -> Result<Option<String>> {
    let name = &application.service_name;
    let Some(service) = service else {
        let message = format!(
            "the service {name} was removed by somebody else; the next deployment makes it anew"
        );
        return Ok(Some(message));
    };
    if !is_of(service, application) {
        return Ok(Some(format!(
            "the service {name} was replaced by one that belongs to somebody else"
        )));
    }
    let written = baseline(inner.store.as_ref(), service).await?;
    let changed = written.as_ref() != Some(&service.spec_digest);
    Ok(changed.then(|| {
        format!("the service {name} was changed by somebody else; the next deployment replaces the change")
    }))
}

fn is_of(service: &ObservedService, application: &Application) -> bool {
    service.labels.get(label::APPLICATION) == Some(&application.id.to_string())
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
            inner.bus.publish(&signal).await?;
            super::sink::tell_only(inner, deployment.id, deployment.state.seq).await;
            Ok(())
        }
    }
}
