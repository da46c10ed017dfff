//! Builds the image, unless one of the same inputs is there already.

use std::collections::BTreeMap;

use super::super::fingerprint::{build_fingerprint, image_name};
use super::super::retry::RetryPolicy;
use super::super::worker::Work;
use super::super::{credentials, service};
use super::{resolve_source, revision};
use crate::deployment::{Step, StepOutput};
use crate::error::Result;
use crate::runtime::{BuildRequest, Image, label};
use crate::source::ContextRequest;

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    let fingerprint = fingerprint(work)?;
    if let Some(found) = find_for_reuse(work).await? {
        return Ok(built(found.name, &found.image, fingerprint, true));
    }
    let name = free_name(work, &fingerprint).await?;
    let source = resolve_source::request(work).await?;
    let revision = revision(work)?;
    let request = request(work, &name, &fingerprint, &revision.id).await?;
    let context = ContextRequest {
        directory: work.deployment.spec.context.clone(),
        dockerfile: work.deployment.spec.dockerfile.clone(),
        bytes_max: work.inner.options.context_bytes_max,
    };
    let stop = work.stop.forwards();
    let image = RetryPolicy::OWN
        .run(stop, || async {
            // Cheap when the step before has just fetched it; needed when a worker was lost in between.
            let tree = work.inner.sources.fetch(&source, &revision, stop).await?;
            work.inner
                .runtime
                .build_image(
                    &request,
                    tree.context(&context),
                    work.output.sink(Step::BuildImage),
                    stop,
                )
                .await
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

/// An image that was built from the same inputs.
pub(super) struct Built {
    name: String,
    image: Image,
}

/// After a crash even a forced build is taken up when this very deployment finished it.
async fn find_for_reuse(work: &Work) -> Result<Option<Built>> {
    let found = find_built(work).await?;
    if !work.deployment.request.force {
        return Ok(found);
    }
    let own = work.deployment.id.to_string();
    Ok(found.filter(|built| built.image.labels.get(label::DEPLOYMENT) == Some(&own)))
}

/// Looks for an image of the same inputs on the engine, under the names that it can have.
pub(super) async fn find_built(work: &Work) -> Result<Option<Built>> {
    let fingerprint = fingerprint(work)?;
    for name in names(work, &fingerprint)? {
        let image = find_image(work, &name).await?;
        let same = image.filter(|image| image.labels.get(label::FINGERPRINT) == Some(&fingerprint));
        if let Some(image) = same {
            return Ok(Some(Built { name, image }));
        }
    }
    Ok(None)
}

/// The plain name, or the one with a suffix where the plain one means another build.
async fn free_name(work: &Work, fingerprint: &str) -> Result<String> {
    let [plain, suffixed] = names(work, fingerprint)?;
    match find_image(work, &plain).await? {
        Some(image)
            if image.labels.get(label::FINGERPRINT).map(String::as_str) != Some(fingerprint) =>
        {
            Ok(suffixed)
        }
        _ => Ok(plain),
    }
}

async fn find_image(work: &Work, name: &str) -> Result<Option<Image>> {
    RetryPolicy::OWN
        .run(work.stop.forwards(), || work.inner.runtime.find_image(name))
        .await
}

fn names(work: &Work, fingerprint: &str) -> Result<[String; 2]> {
    let spec = &work.deployment.spec;
    let revision = revision(work)?;
    Ok([
        image_name(spec, &revision, None),
        image_name(spec, &revision, Some(fingerprint)),
    ])
}

fn fingerprint(work: &Work) -> Result<String> {
    let digests = work.opened.build_secret_digests();
    Ok(build_fingerprint(
        &revision(work)?,
        &work.deployment.spec,
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
        credentials: credentials::registry(&work.inner, spec)
            .await?
            .into_iter()
            .collect(),
    })
}
