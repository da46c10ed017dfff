//! Brings the last stable release back, and checks it. With none, stops the broken service.

use super::super::apply::{self, Applying, again_while_it_moves};
use super::super::retry::RetryPolicy;
use super::super::sealing::Opened;
use super::super::worker::Work;
use super::await_healthy::{self, Watching};
use crate::deployment::{Step, StepOutput};
use crate::error::{Error, Result};
use crate::model::{ApplicationSpec, Release};
use crate::store::{ApplicationStore, ReleaseStore};

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    if !apply::touched(work).await? {
        return Ok(StepOutput::Skipped {
            why: "the service was not changed".to_owned(),
        });
    }
    match previous(work).await? {
        Some(release) => restore(work, &release).await,
        None => stop_broken(work).await,
    }
}

/// The release that served before: the application's current one, since a failing deployment never becomes it.
async fn previous(work: &Work) -> Result<Option<Release>> {
    let store = &work.store;
    let application = store
        .find_application(work.deployment.application_id)
        .await?;
    let Some(current) = application.and_then(|application| application.current_release_id) else {
        return Ok(None);
    };
    let found = store.find_release(current).await?;
    found
        .map(Some)
        .ok_or_else(|| Error::not_found("release", current))
}

async fn restore(work: &Work, release: &Release) -> Result<StepOutput> {
    let opened = Opened::of(&work.inner.keyring, release.application_id, &release.spec)?;
    let spec = as_it_was(work, release).await?;
    let applying = Applying {
        spec: &spec,
        opened: &opened,
        image: &release.image_reference,
        release: release.id,
        step: Step::RestorePrevious,
    };
    let applied = apply::apply(work, &applying).await?;
    await_healthy::watch(
        work,
        &Watching {
            step: Step::RestorePrevious,
            rollout: applied.rollout,
            spec_digest: applied.service.spec_digest.clone(),
            spec: &spec,
            // It has proved itself before. After a failure it does so again; who cancels does not wait for that.
            monitored: applied.changed && !is_cancellation(work),
            applying: applied.changed.then_some(&applying),
            stop: work.stop.everything(),
        },
    )
    .await?;
    Ok(StepOutput::Restored {
        release_id: Some(release.id),
        spec_digest: Some(applied.service.spec_digest),
    })
}

/// The specification of a release, with as many tasks as there were when the deployment began.
async fn as_it_was(work: &Work, release: &Release) -> Result<ApplicationSpec> {
    let runtime = &work.inner.runtime;
    let name = &work.deployment.service_name;
    let observed = RetryPolicy::OWN
        .run(work.stop.everything(), || runtime.observe_service(name))
        .await?;
    let before = observed.and_then(|service| apply::replicas_before(work, &service));
    Ok(ApplicationSpec {
        replicas: before.unwrap_or(release.spec.replicas),
        ..release.spec.clone()
    })
}

/// Whether this restores because somebody cancelled, and not because a step failed.
fn is_cancellation(work: &Work) -> bool {
    let state = work.journal.state();
    state.cancel_requested && state.failure.is_none()
}

/// Nothing served before. A broken service is left with no tasks, so that a person can look at it and it does not
/// flap; after a cancellation it is removed, because it is as if it had never been.
async fn stop_broken(work: &Work) -> Result<StepOutput> {
    let runtime = &work.inner.runtime;
    let name = &work.deployment.service_name;
    again_while_it_moves(work.stop.everything(), || async {
        let Some(service) = runtime.observe_service(name).await? else {
            return Ok(());
        };
        if !apply::wrote(&service, work.deployment.id, Step::ApplyService) {
            return Ok(());
        }
        work.stop.ensure_owned()?;
        if is_cancellation(work) || service.global {
            return runtime.remove_service(&service.id).await;
        }
        if service.replicas > 0 {
            runtime.scale_service(name, 0, service.version).await?;
        }
        Ok(())
    })
    .await?;
    Ok(StepOutput::Restored {
        release_id: None,
        spec_digest: None,
    })
}
