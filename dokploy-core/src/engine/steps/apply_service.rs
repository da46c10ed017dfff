//! Gives Swarm the new specification, and makes the release that it is a part of.

use super::super::apply::{self, Applying, pinned_image};
use super::super::retry::RetryPolicy;
use super::super::worker::Work;
use crate::deployment::{EventKind, Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ReleaseId;
use crate::model::{DeploymentKind, Release};
use crate::store::{ApplicationStore, ReleaseStore};

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    ensure_reachable_image(work).await?;
    let release = release(work).await?;
    let opened = super::super::sealing::Opened::of(
        &work.inner.keyring,
        work.deployment.application_id,
        &release.spec,
    )?;
    let applied = apply::apply(
        work,
        &Applying {
            spec: &release.spec,
            opened: &opened,
            image: &release.image_reference,
            release: release.id,
            step: Step::ApplyService,
        },
    )
    .await?;
    let release_id = if applied.changed {
        release.id
    } else {
        current(work).await?.unwrap_or(release.id)
    };
    Ok(StepOutput::Applied {
        release_id,
        service_version: applied.service.version,
        spec_digest: applied.service.spec_digest,
        rollout: applied.rollout,
        changed: applied.changed,
    })
}

async fn current(work: &Work) -> Result<Option<ReleaseId>> {
    let application = work
        .store
        .find_application(work.deployment.application_id)
        .await?;
    Ok(application.and_then(|application| application.current_release_id))
}

/// The release of this deployment: made once, or the older one that a rollback goes back to.
async fn release(work: &Work) -> Result<Release> {
    let store = &work.store;
    let deployment = &work.deployment;
    if deployment.kind == DeploymentKind::Rollback {
        let target = deployment
            .target_release_id
            .ok_or_else(|| Error::new(ErrorKind::Unexpected, "a rollback names a release"))?;
        let found = store.find_release(target).await?;
        return found.ok_or_else(|| Error::not_found("release", target));
    }
    let image_reference = pinned_image(work)?;
    let state = work.journal.state();
    let (image, build_fingerprint) = match state.output(Step::BuildImage) {
        Some(StepOutput::Built {
            image, fingerprint, ..
        }) => (image.clone(), Some(fingerprint.clone())),
        _ => (deployment.spec.image.clone().unwrap_or_default(), None),
    };
    let revision = match state.output(Step::ResolveSource) {
        Some(StepOutput::Resolved { revision }) => Some(revision.clone()),
        _ => None,
    };
    let release = Release {
        id: ReleaseId::new(),
        application_id: deployment.application_id,
        deployment_id: deployment.id,
        image,
        image_reference,
        build_fingerprint,
        revision,
        spec: deployment.spec.clone(),
        created_at: work.inner.clock.now(),
        stable_at: None,
        retired_at: None,
    };
    store.create_release(&release, work.journal.fence()).await
}

/// An image that only this engine has cannot run on the other nodes of a swarm.
async fn ensure_reachable_image(work: &Work) -> Result<()> {
    let spec = &work.deployment.spec;
    if work.deployment.kind == DeploymentKind::Rollback
        || !pinned_image(work)?.starts_with("sha256:")
    {
        return Ok(());
    }
    let info = RetryPolicy::OWN
        .run(work.stop.forwards(), || work.inner.runtime.info())
        .await?;
    if info.nodes <= 1 {
        return Ok(());
    }
    if spec
        .constraints
        .iter()
        .any(|constraint| constraint.starts_with("node."))
    {
        let message =
            "the image is only on the node that built it; the placement constraints decide \
                       whether its tasks run there"
                .to_owned();
        return work.journal.append(EventKind::Warned { message }).await;
    }
    let message = format!(
        "the swarm has {} nodes and the image is only on the one that built it",
        info.nodes
    );
    Err(Error::new(ErrorKind::InvalidSpec, message)
        .with_hint("set `registry`, or a placement constraint such as node.hostname==<this node>"))
}
