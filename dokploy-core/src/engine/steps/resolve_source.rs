//! Finds the commit.

use super::super::retry::RetryPolicy;
use super::super::worker::Work;
use crate::deployment::StepOutput;
use crate::error::Result;
use crate::source::SourceRequest;

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    let request = request(work).await?;
    let stop = work.stop.forwards();
    let revision = RetryPolicy::REMOTE
        .run(stop, || work.inner.sources.resolve(&request, stop))
        .await?;
    Ok(StepOutput::Resolved { revision })
}

/// The source of the deployment with what the caller asked for instead, and the credential that its host may see.
pub(super) async fn request(work: &Work) -> Result<SourceRequest> {
    let deployment = &work.deployment;
    let credentials = work.credentials();
    credentials
        .source_request(
            deployment.application_id,
            &deployment.spec,
            &deployment.request,
        )
        .await
}
