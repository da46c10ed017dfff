//! Collects what no retained release needs: images and secrets of the application that is being deployed, and what its
//! release commands left.

use std::collections::{BTreeMap, BTreeSet};

use super::sealing::Opened;
use super::service;
use super::worker::Work;
use crate::deployment::{Step, StepOutput};
use crate::error::Result;
use crate::model::Release;
use crate::runtime::{OwnedKind, OwnedObject, label};

/// Sweeps after one application. Runs while its deployment holds the claim, so that no other one builds meanwhile.
/// A sweep that fails is made up for by the next one.
pub(crate) async fn application(work: &Work) {
    if let Err(error) = sweep(work).await {
        tracing::warn!(error = %error, "clean-up did not finish; the next deployment goes on with it");
    }
}

async fn sweep(work: &Work) -> Result<()> {
    let store = &work.inner.store;
    let application = work.deployment.application_id;
    let keep = u32::try_from(Release::RETAINED_COUNT).unwrap_or(10);
    store
        .retire_releases(application, keep, work.inner.clock.now())
        .await?;
    let retained: Vec<_> = store
        .retained_releases()
        .await?
        .into_iter()
        .filter(|release| release.application_id == application)
        .collect();
    let needed = Needed::of(work, &retained)?;
    let labels = BTreeMap::from([(label::APPLICATION.to_owned(), application.to_string())]);
    for kind in [OwnedKind::Image, OwnedKind::Secret, OwnedKind::Service] {
        for object in work.inner.runtime.list_owned(kind, &labels).await? {
            if !needed.contains(&object) {
                // Whoever has the claim now may need what nobody needed a moment ago.
                work.stop.ensure_owned()?;
                work.inner.runtime.remove_owned(&object).await?;
            }
        }
    }
    Ok(())
}

/// What retained releases and the running deployment name.
struct Needed {
    deployment: String,
    images: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

impl Needed {
    fn of(work: &Work, retained: &[Release]) -> Result<Self> {
        let mut needed = Self {
            deployment: work.deployment.id.to_string(),
            images: BTreeSet::new(),
            secrets: BTreeSet::new(),
        };
        let name = &work.deployment.service_name;
        needed.add_secrets(name, &work.opened);
        if let Some(StepOutput::Built {
            image, image_id, ..
        }) = work.journal.state().output(Step::BuildImage)
        {
            needed.images.extend([image.clone(), image_id.clone()]);
        }
        for release in retained {
            needed
                .images
                .extend([release.image.clone(), release.image_reference.clone()]);
            if let Some(registry) = &release.spec.registry {
                needed
                    .images
                    .insert(format!("{registry}/{}", release.image));
            }
            let opened = Opened::of(&work.inner.keyring, release.application_id, &release.spec)?;
            needed.add_secrets(name, &opened);
        }
        Ok(needed)
    }

    fn add_secrets(&mut self, service_name: &str, opened: &Opened) {
        let names = opened
            .files
            .iter()
            .map(|file| service::secret_name(service_name, &file.digest));
        self.secrets.extend(names);
    }

    fn contains(&self, object: &OwnedObject) -> bool {
        match object.kind {
            OwnedKind::Image => {
                self.images.contains(&object.id) || self.images.contains(&object.name)
            }
            OwnedKind::Secret => self.secrets.contains(&object.name),
            // What the release command of an earlier deployment left, when the engine was away at its end.
            OwnedKind::Service => {
                object.labels.get(label::STEP).map(String::as_str)
                    != Some(Step::RunReleaseCommand.as_str())
                    || object.labels.get(label::DEPLOYMENT) == Some(&self.deployment)
            }
            OwnedKind::Network | OwnedKind::Volume => true,
        }
    }
}
