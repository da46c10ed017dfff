//! Gives Swarm a specification, whoever asks for it: a deployment or the restoring of the release before.

use super::credentials;
use super::retry::RetryPolicy;
use super::sealing::Opened;
use super::service::{self, ServiceInput};
use super::worker::Work;
use crate::deployment::{Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{DeploymentId, ReleaseId};
use crate::model::{ApplicationSpec, ServiceMode};
use crate::runtime::{ObservedService, ServiceSpec, label};

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
pub(crate) async fn prepare(work: &Work, spec: &ApplicationSpec, opened: &Opened) -> Result<()> {
    let runtime = &work.inner.runtime;
    let stop = work.stop.everything();
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
    prepare(work, applying.spec, applying.opened).await?;
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
    let stop = work.stop.everything();
    // An index that has moved is looked at again, not overwritten: what is there then decides.
    const LOOKS_MAX: u32 = 5;
    for _ in 1..LOOKS_MAX {
        match RetryPolicy::OWN
            .run(stop, || look_and_apply(work, applying, &spec))
            .await
        {
            Err(error) if error.kind() == ErrorKind::Conflict && error.hint().is_none() => {}
            outcome => return outcome,
        }
    }
    look_and_apply(work, applying, &spec).await
}

async fn look_and_apply(
    work: &Work,
    applying: &Applying<'_>,
    spec: &ServiceSpec,
) -> Result<Applied> {
    let observed = work.inner.runtime.observe_service(&spec.name).await?;
    let rollout = service::rollout(&work.deployment, applying.step);
    if let Some(service) = &observed {
        ensure_ours(work, service)?;
        if wrote(service, work.deployment.id, applying.step) {
            return Ok(Applied {
                service: service.clone(),
                rollout,
                changed: true,
            });
        }
        let forced = applying.step == Step::ApplyService && work.deployment.request.force;
        if !forced && is_unchanged(work, service, spec).await? {
            let rollout = service
                .container_labels
                .get(label::ROLLOUT)
                .cloned()
                .unwrap_or_default();
            return Ok(Applied {
                service: service.clone(),
                rollout,
                changed: false,
            });
        }
    }
    work.stop.ensure_owned()?;
    let credential = credentials::registry(&work.inner, applying.spec).await?;
    let expected = match observed {
        Some(service) if needs_replacing(&service, spec) => {
            work.inner.runtime.remove_service(&spec.name).await?;
            None
        }
        Some(service) => Some(service.version),
        None => None,
    };
    let service = work
        .inner
        .runtime
        .apply_service(spec, expected, credential.as_ref())
        .await?;
    Ok(Applied {
        service,
        rollout,
        changed: true,
    })
}

/// A service that another owner, a newer deployment or a later worker wrote is not ours to change.
fn ensure_ours(work: &Work, service: &ObservedService) -> Result<()> {
    let own = work.deployment.application_id.to_string();
    if service.labels.get(label::APPLICATION) != Some(&own) {
        let message = format!("the service {} belongs to somebody else", service.name);
        return Err(Error::new(ErrorKind::PermissionDenied, message)
            .with_hint("remove or rename that service, or give the application another name"));
    }
    let writer = service
        .labels
        .get(label::DEPLOYMENT)
        .and_then(|id| id.parse::<DeploymentId>().ok());
    match writer {
        Some(writer) if writer > work.deployment.id => {
            let message = format!("deployment {writer}, which is newer, has changed the service");
            Err(Error::new(ErrorKind::Conflict, message).with_hint("nothing was overwritten"))
        }
        Some(writer)
            if writer == work.deployment.id && epoch(service) > work.journal.fence().epoch =>
        {
            Err(Error::new(
                ErrorKind::LeaseLost,
                "a later worker has changed the service",
            ))
        }
        _ => Ok(()),
    }
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
    if !state.touched_service() || state.is_finished(Step::ApplyService) {
        return Ok(state.touched_service());
    }
    let runtime = &work.inner.runtime;
    let name = &work.deployment.service_name;
    let stop = work.stop.everything();
    Ok(
        match RetryPolicy::OWN
            .run(stop, || runtime.observe_service(name))
            .await?
        {
            Some(service) => wrote(&service, work.deployment.id, Step::ApplyService),
            // Only a replacement takes a service away, and only one that had served.
            None => {
                let store = &work.inner.store;
                let application = store
                    .find_application(work.deployment.application_id)
                    .await?;
                application.is_some_and(|application| application.current_release_id.is_some())
            }
        },
    )
}

/// Whether the service is what it is to become, has proved itself, and nobody has changed it since.
async fn is_unchanged(work: &Work, service: &ObservedService, spec: &ServiceSpec) -> Result<bool> {
    if service.labels.get(label::SPEC) != spec.labels.get(label::SPEC)
        || service.replicas != spec.replicas && spec.mode == ServiceMode::Replicated
    {
        return Ok(false);
    }
    let application = work
        .inner
        .store
        .find_application(work.deployment.application_id)
        .await?;
    let current = application
        .and_then(|application| application.current_release_id)
        .map(|release| release.to_string());
    if current.is_none() || service.labels.get(label::RELEASE) != current.as_ref() {
        return Ok(false);
    }
    Ok(baseline(work.inner.store.as_ref(), service).await?.as_ref() == Some(&service.spec_digest))
}

/// Digest of the specification as the engine kept it when we last wrote it.
pub(crate) async fn baseline(
    store: &dyn crate::store::Store,
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
