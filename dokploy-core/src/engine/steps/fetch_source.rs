//! Fetches what is missing of the commit, unless its image is there already.

use super::super::retry::RetryPolicy;
use super::super::worker::Work;
use super::{build_image, resolve_source, revision};
use crate::deployment::StepOutput;
use crate::error::Result;

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    if !work.deployment.request.force && build_image::find_built(work).await?.is_some() {
        let why = "the image of this commit and configuration is there already".to_owned();
        return Ok(StepOutput::Skipped { why });
    }
    let request = resolve_source::request(work).await?;
    let revision = revision(work)?;
    let stop = work.stop.forwards();
    RetryPolicy::REMOTE
        .run(stop, || work.inner.sources.fetch(&request, &revision, stop))
        .await?;
    Ok(StepOutput::Done)
}
