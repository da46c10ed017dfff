//! Builds the image, unless one of the same inputs is there already.

use std::collections::BTreeMap;

use super::super::fingerprint::build_fingerprint;
use super::super::images::{Built, Inputs};
use super::super::retry::RetryPolicy;
use super::super::service;
use super::super::worker::Work;
use super::{resolve_source, revision};
use crate::deployment::{Step, StepOutput};
use crate::error::Result;
use crate::model::Revision;
use crate::runtime::{BuildRequest, Image, label};
use crate::source::ContextRequest;

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    let fingerprint = fingerprint(work)?;
    if let Some(found) = find_for_reuse(work).await? {
        return Ok(built(found.name, &found.image, fingerprint, true));
    }
    let name = free_name(work).await?;
    let source = resolve_source::request(work).await?;
    let revision = revision(work)?;
    let request = request(work, &name, &fingerprint, &revision.id).await?;
    let context = ContextRequest {
        directory: work.deployment.spec.context.clone(),
        dockerfile: work.deployment.spec.dockerfile.clone(),
        bytes_max: work.inner.options.context_bytes_max,
    };
    let stop = work.stop.forwards();
    // Cheap when the step before has just fetched it; needed when a worker was lost in between.
    let tree = RetryPolicy::REMOTE
        .run(stop, || work.inner.sources.fetch(&source, &revision, stop))
        .await?;
    let image = RetryPolicy::OWN
        .run(stop, || {
            let log = work.output.sink(Step::BuildImage);
            work.inner
                .runtime
                .build_image(&request, tree.context(&context), log, stop)
        })
        .await?;
    Ok(built(name, &image, fingerprint, false))
}

fn built(image: String, found: &Image, fingerprint: String, reused: bool) -> StepOutput {
    StepOutput::Built {
        image,
        image_id: found.id.clone(),
        fingerprint,
        reused,
    }
}

/// After a crash even a forced build is taken up when this very deployment finished it.
async fn find_for_reuse(work: &Work) -> Result<Option<Built>> {
    if !work.deployment.request.force {
        return find_built(work).await;
    }
    let own = work.deployment.id.to_string();
    for name in all_names(work)? {
        let image = find_image(work, &name).await?;
        let mine = |image: &Image| image.labels.get(label::DEPLOYMENT) == Some(&own);
        if let Some(image) = image.filter(mine) {
            return Ok(Some(Built { name, image }));
        }
    }
    Ok(None)
}

/// Looks for an image of the same inputs on the engine.
pub(super) async fn find_built(work: &Work) -> Result<Option<Built>> {
    let (revision, fingerprint) = (revision(work)?, fingerprint(work)?);
    let inputs = inputs(work, &revision, &fingerprint);
    RetryPolicy::OWN
        .run(work.stop.forwards(), || inputs.find(&work.inner))
        .await
}

/// A name that means no image yet: a name always means the same image.
async fn free_name(work: &Work) -> Result<String> {
    let [plain, suffixed, own] = all_names(work)?;
    for name in [plain, suffixed] {
        if find_image(work, &name).await?.is_none() {
            return Ok(name);
        }
    }
    Ok(own)
}

async fn find_image(work: &Work, name: &str) -> Result<Option<Image>> {
    RetryPolicy::OWN
        .run(work.stop.forwards(), || work.inner.runtime.find_image(name))
        .await
}

fn all_names(work: &Work) -> Result<[String; 3]> {
    let (revision, fingerprint) = (revision(work)?, fingerprint(work)?);
    let inputs = inputs(work, &revision, &fingerprint);
    let [plain, suffixed] = inputs.names();
    Ok([plain, suffixed, inputs.own_name(work.deployment.id)])
}

fn inputs<'a>(work: &'a Work, revision: &'a Revision, fingerprint: &'a str) -> Inputs<'a> {
    let deployment = &work.deployment;
    Inputs {
        application: deployment.application_id,
        spec: &deployment.spec,
        revision,
        fingerprint,
    }
}

fn fingerprint(work: &Work) -> Result<String> {
    let deployment = &work.deployment;
    let digests = work.opened.build_secret_digests();
    let revision = revision(work)?;
    Ok(build_fingerprint(
        deployment.application_id,
        &revision,
        &deployment.spec,
        digests,
    ))
}

async fn request(
    work: &Work,
    name: &str,
    fingerprint: &str,
    revision: &str,
) -> Result<BuildRequest> {
    let deployment = &work.deployment;
    let spec = &deployment.spec;
    let mut labels: BTreeMap<String, String> = service::ownership(deployment);
    labels.insert(label::DEPLOYMENT.to_owned(), deployment.id.to_string());
    labels.insert(label::FINGERPRINT.to_owned(), fingerprint.to_owned());
    labels.insert(label::REVISION.to_owned(), revision.to_owned());
    Ok(BuildRequest {
        image: name.to_owned(),
        dockerfile: spec.dockerfile.clone(),
        target: spec.target.clone(),
        args: spec.build_args.clone(),
        secrets: work.opened.build_secrets.clone(),
        labels,
        memory_limit: spec.build_memory_limit.map(service::mebibytes),
        nano_cpus: spec.build_cpu_limit.map(service::nano_cpus),
        no_cache: deployment.request.force,
        credentials: work
            .credentials()
            .registry(spec)
            .await?
            .into_iter()
            .collect(),
    })
}
