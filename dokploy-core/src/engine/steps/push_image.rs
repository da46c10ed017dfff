//! Pushes what was built, or asks the registry of an existing image for its digest.

use super::super::retry::{RetryPolicy, through_engine};
use super::super::worker::Work;
use crate::deployment::{EventKind, Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::model::Source;
use crate::runtime::RegistryCredential;

pub(super) async fn run(work: &Work) -> Result<StepOutput> {
    let credential = work.credentials().registry(&work.deployment.spec).await?;
    let image_reference = match work.deployment.spec.source()? {
        Source::Image { reference } => pin(work, &reference, credential.as_ref()).await?,
        _ => push(work, credential.as_ref()).await?,
    };
    Ok(StepOutput::Pinned { image_reference })
}

async fn push(work: &Work, credential: Option<&RegistryCredential>) -> Result<String> {
    let state = work.journal.state();
    let (
        Some(StepOutput::Built {
            image, image_id, ..
        }),
        Some(registry),
    ) = (
        state.output(Step::BuildImage),
        &work.deployment.spec.registry,
    )
    else {
        return Err(Error::new(
            ErrorKind::Unexpected,
            "there is no image to push",
        ));
    };
    let name = format!("{registry}/{image}");
    let stop = work.stop.forwards();
    let runtime = work.inner.runtime.as_ref();
    through_engine(runtime, stop, || {
        let log = work.output.sink(Step::PushImage);
        runtime.push_image(image_id, &name, credential, log, stop)
    })
    .await
}

/// Pins an existing image. One that only this engine has is pinned to its id, with a warning.
async fn pin(
    work: &Work,
    reference: &str,
    credential: Option<&RegistryCredential>,
) -> Result<String> {
    let stop = work.stop.forwards();
    let runtime = work.inner.runtime.as_ref();
    let asked = through_engine(runtime, stop, || {
        runtime.resolve_digest(reference, credential)
    });
    let error = match asked.await {
        Ok(pinned) => return Ok(pinned),
        Err(error) if error.kind() == ErrorKind::Cancelled => return Err(error),
        Err(error) => error,
    };
    let Some(image) = RetryPolicy::OWN
        .run(stop, || runtime.find_image(reference))
        .await?
    else {
        return Err(error);
    };
    let message = format!(
        "no registry answers for {reference}: the image of this engine is used, which other nodes cannot pull"
    );
    work.journal.append(EventKind::Warned { message }).await?;
    Ok(image.id)
}
