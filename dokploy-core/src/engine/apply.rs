//! Gives Swarm a specification, whoever asks for it: a deployment or the restoring of the release before.

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::retry::{RetryPolicy, stopped};
use super::rollout::is_healthy;
use super::sealing::Opened;
use super::service::{self, ServiceInput};
use super::worker::Work;
use crate::deployment::{EventKind, Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{DeploymentId, ReleaseId};
use crate::model::{ApplicationSpec, DeploymentKind, ServiceMode};
use crate::runtime::{ObservedService, ServiceSpec, label};
use crate::store::{ApplicationStore, DeploymentStore};

/// What is applied.
pub(crate) struct Applying<'a> {
    /// Specification of the release.
    pub(crate) spec: &'a ApplicationSpec,
    /// Its secrets.
    pub(crate) opened: &'a Opened,
    /// Its image, pinned.
    pub(crate) image: &'a str,
    /// Its id.
    pub(crate) release: ReleaseId,
    /// The step that applies it.
    pub(crate) step: Step,
}

/// What came of it.
pub(crate) struct Applied {
    pub(crate) service: ObservedService,
    /// Value of the rollout label of the tasks to look at.
    pub(crate) rollout: String,
    pub(crate) changed: bool,
}

/// The image that the deployment runs: pushed and pinned, or the id of what was built here.
pub(crate) fn pinned_image(work: &Work) -> Result<String> {
    let state = work.journal.state();
    match (
        state.output(Step::PushImage),
        state.output(Step::BuildImage),
    ) {
        (Some(StepOutput::Pinned { image_reference }), _) => Ok(image_reference.clone()),
        (_, Some(StepOutput::Built { image_id, .. })) => Ok(image_id.clone()),
        _ => Err(Error::new(
            ErrorKind::Unexpected,
            "there is no image to run",
        )),
    }
}

/// Makes sure that everything a task names exists: networks, volumes, secrets.
pub(crate) async fn prepare(
    work: &Work,
    spec: &ApplicationSpec,
    opened: &Opened,
    stop: &CancellationToken,
) -> Result<()> {
    let runtime = &work.inner.runtime;
    let labels = service::ownership(&work.deployment);
    for network in service::networks(spec, &work.inner.options.network) {
        RetryPolicy::OWN
            .run(stop, || runtime.ensure_network(&network))
            .await?;
    }
    for volume in &spec.volumes {
        RetryPolicy::OWN
            .run(stop, || runtime.ensure_volume(&volume.source, &labels))
            .await?;
    }
    for file in &opened.files {
        let name = service::secret_name(&work.deployment.service_name, &file.digest);
        RetryPolicy::OWN
            .run(stop, || runtime.ensure_secret(&name, &file.value, &labels))
            .await?;
    }
    Ok(())
}

/// Applies a release, unless that was done already.
pub(crate) async fn apply(work: &Work, applying: &Applying<'_>) -> Result<Applied> {
    let stop = match applying.step {
        Step::RestorePrevious => work.stop.everything(),
        _ => work.stop.forwards(),
    };
    prepare(work, applying.spec, applying.opened, stop).await?;
    let spec = service::service_spec(&ServiceInput {
        deployment: &work.deployment,
        spec: applying.spec,
        opened: applying.opened,
        image: applying.image,
        step: applying.step,
        epoch: work.journal.fence().epoch,
        release: applying.release.to_string(),
        network: &work.inner.options.network,
    });
    again_while_it_moves(stop, || look_and_apply(work, applying, &spec)).await
}

/// Looks and acts again when the service has moved between the two: an index that has moved is never overwritten,
/// what is there then decides. Swarm moves it itself when it goes on with an update, or takes one back.
pub(crate) async fn again_while_it_moves<T, F>(
    stop: &CancellationToken,
    mut look_and_act: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let mut looks = 1;
    loop {
        match RetryPolicy::OWN.run(stop, &mut look_and_act).await {
            Err(error) if error.kind() == ErrorKind::Conflict && looks < LOOKS_MAX => looks += 1,
            outcome => return outcome,
        }
        tokio::select! {
            () = stop.cancelled() => return Err(stopped()),
            () = tokio::time::sleep(LOOK_PAUSE) => {}
        }
    }
}

/// How often a service is looked at again because it moved.
const LOOKS_MAX: u32 = 10;

/// Pause before it is looked at again.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

async fn look_and_apply(
    work: &Work,
    applying: &Applying<'_>,
    spec: &ServiceSpec,
) -> Result<Applied> {
    let mut spec = spec.clone();
    let observed = work.inner.runtime.observe_service(&spec.name).await?;
    if let Some(service) = &observed {
        ensure_ours(work, service)?;
        if wrote(service, work.deployment.id, applying.step) {
            return Ok(Applied::of(service.clone(), true));
        }
        match standing(work, applying, service, &spec).await? {
            Standing::Same => return Ok(Applied::of(service.clone(), false)),
            Standing::SameTasks => {
                // The tasks are told by this label, and a change of it would replace them.
                let rollout = service.container_labels.get(label::ROLLOUT).cloned();
                spec.container_labels
                    .insert(label::ROLLOUT.to_owned(), rollout.unwrap_or_default());
            }
            Standing::Other => {}
        }
        tell_of_drift(work, applying.step, service).await?;
        // Somebody may have scaled it since its release was made: a release says only what it began with.
        if let Some(before) = replicas_before(work, service) {
            spec.labels
                .insert(label::REPLICAS_BEFORE.to_owned(), before.to_string());
        }
    }
    let credential = work.credentials().registry(applying.spec).await?;
    work.stop.ensure_owned()?;
    let expected = match observed {
        Some(service) if needs_replacing(&service, &spec) => {
            work.inner.runtime.remove_service(&service.id).await?;
            None
        }
        Some(service) => Some(service.version),
        None => None,
    };
    let service = work
        .inner
        .runtime
        .apply_service(&spec, expected, credential.as_ref())
        .await?;
    Ok(Applied::of(service, true))
}

/// How many tasks the service had before this deployment changed it.
pub(crate) fn replicas_before(work: &Work, service: &ObservedService) -> Option<u32> {
    let written_here =
        service.labels.get(label::DEPLOYMENT) == Some(&work.deployment.id.to_string());
    if written_here {
        return service.labels.get(label::REPLICAS_BEFORE)?.parse().ok();
    }
    (!service.global).then_some(service.replicas)
}

impl Applied {
    fn of(service: ObservedService, changed: bool) -> Self {
        let rollout = service
            .container_labels
            .get(label::ROLLOUT)
            .cloned()
            .unwrap_or_default();
        Self {
            service,
            rollout,
            changed,
        }
    }
}

/// A deployment replaces what somebody else did to the service, and says so; restoring leaves it alone.
async fn tell_of_drift(work: &Work, step: Step, service: &ObservedService) -> Result<()> {
    let written = baseline(&work.store, service).await?;
    if written.is_none_or(|written| written == service.spec_digest) {
        return Ok(());
    }
    let message = format!("the service {} was changed by somebody else", service.name);
    if step == Step::RestorePrevious {
        // Swarm itself may have gone back to what was there before, a change by somebody else included.
        if swarm_went_back(service) {
            return Ok(());
        }
        return Err(Error::new(ErrorKind::Conflict, message));
    }
    let message = format!("{message}; this deployment replaces the change");
    work.journal.append(EventKind::Warned { message }).await
}

/// Whether Swarm has undone the last update because a task failed.
pub(crate) fn swarm_went_back(service: &ObservedService) -> bool {
    let state = service.update_state.as_deref();
    state.is_some_and(|state| state.starts_with("rollback"))
}

/// A service that another owner or a later worker wrote is not ours to change.
fn ensure_ours(work: &Work, service: &ObservedService) -> Result<()> {
    let own = work.deployment.application_id.to_string();
    if service.labels.get(label::APPLICATION) != Some(&own) {
        let message = format!("the service {} belongs to somebody else", service.name);
        return Err(Error::new(ErrorKind::PermissionDenied, message)
            .with_hint("remove or rename that service, or give the application another name"));
    }
    let written_here =
        service.labels.get(label::DEPLOYMENT) == Some(&work.deployment.id.to_string());
    if written_here && epoch(service) > work.journal.fence().epoch {
        return Err(Error::new(
            ErrorKind::LeaseLost,
            "a later worker has changed the service",
        ));
    }
    Ok(())
}

fn epoch(service: &ObservedService) -> u64 {
    service
        .labels
        .get(label::EPOCH)
        .and_then(|epoch| epoch.parse().ok())
        .unwrap_or_default()
}

/// Whether this step of this deployment has written the service already.
pub(crate) fn wrote(service: &ObservedService, deployment: DeploymentId, step: Step) -> bool {
    service.labels.get(label::DEPLOYMENT) == Some(&deployment.to_string())
        && service.labels.get(label::STEP).map(String::as_str) == Some(step.as_str())
}

/// Whether this deployment has changed the service, or taken it away.
pub(crate) async fn touched(work: &Work) -> Result<bool> {
    let state = work.journal.state();
    match state.output(Step::ApplyService) {
        _ if !state.touched_service() => return Ok(false),
        Some(StepOutput::Applied { changed, .. }) => return Ok(*changed),
        _ => {}
    }
    let runtime = &work.inner.runtime;
    let name = &work.deployment.service_name;
    let stop = work.stop.everything();
    let observed = RetryPolicy::OWN.run(stop, || runtime.observe_service(name));
    if let Some(service) = observed.await? {
        return Ok(wrote(&service, work.deployment.id, Step::ApplyService));
    }
    // Only a replacement takes a service away, and only one that had served.
    let store = &work.store;
    let application = store
        .find_application(work.deployment.application_id)
        .await?;
    Ok(application.is_some_and(|application| application.current_release_id.is_some()))
}

/// How a service compares with what it is to become.
enum Standing {
    /// There is nothing to do.
    Same,
    /// Only what restarts no task differs: labels, the number of tasks, how updates go.
    SameTasks,
    /// Everything else, and whatever has not proved itself.
    Other,
}

async fn standing(
    work: &Work,
    applying: &Applying<'_>,
    service: &ObservedService,
    spec: &ServiceSpec,
) -> Result<Standing> {
    let forced = applying.step == Step::ApplyService && work.deployment.request.force;
    if forced || !has_proved_itself(work, service).await? {
        return Ok(Standing::Other);
    }
    let same = |name: &str| {
        service.labels.contains_key(name) && service.labels.get(name) == spec.labels.get(name)
    };
    let same_count = service.replicas == spec.replicas || spec.mode == ServiceMode::Global;
    // A rollback makes its very release the current one; a deployment that changes nothing makes none.
    let same_release = work.deployment.kind == DeploymentKind::Deploy || same(label::RELEASE);
    if same(label::SPEC) && same_count && same_release {
        Ok(Standing::Same)
    } else if same(label::TEMPLATE) {
        Ok(Standing::SameTasks)
    } else {
        Ok(Standing::Other)
    }
}

/// Whether the service runs the current release, nobody has changed it since, and all its tasks are healthy.
async fn has_proved_itself(work: &Work, service: &ObservedService) -> Result<bool> {
    let application = work
        .store
        .find_application(work.deployment.application_id)
        .await?;
    let current = application
        .and_then(|application| application.current_release_id)
        .map(|release| release.to_string());
    if current.is_none() || service.labels.get(label::RELEASE) != current.as_ref() {
        return Ok(false);
    }
    let rollout = service.container_labels.get(label::ROLLOUT);
    let healthy = service
        .tasks
        .iter()
        .filter(|task| is_healthy(task) && task.labels.get(label::ROLLOUT) == rollout);
    Ok(rollout.is_some()
        && healthy.count() >= service.replicas as usize
        && baseline(&work.store, service).await?.as_ref() == Some(&service.spec_digest))
}

/// Digest of the specification as the engine kept it when we last wrote it.
pub(crate) async fn baseline(
    store: &dyn DeploymentStore,
    service: &ObservedService,
) -> Result<Option<String>> {
    let Some(writer) = service
        .labels
        .get(label::DEPLOYMENT)
        .and_then(|id| id.parse().ok())
    else {
        return Ok(None);
    };
    let Some(deployment) = store.find_deployment(writer).await? else {
        return Ok(None);
    };
    let step = service.labels.get(label::STEP).map(String::as_str);
    let output = Step::ALL
        .into_iter()
        .find(|candidate| Some(candidate.as_str()) == step)
        .and_then(|step| deployment.state.output(step));
    Ok(match output {
        Some(StepOutput::Applied { spec_digest, .. }) => Some(spec_digest.clone()),
        Some(StepOutput::Restored { spec_digest, .. }) => spec_digest.clone(),
        _ => None,
    })
}

/// Swarm refuses to change the mode of a service.
pub(crate) fn needs_replacing(service: &ObservedService, spec: &ServiceSpec) -> bool {
    service.global != (spec.mode == ServiceMode::Global)
}
