//! Names of built images, and finding one that is there already.

use super::Inner;
use super::fingerprint::image_name;
use crate::error::Result;
use crate::id::{ApplicationId, DeploymentId};
use crate::model::{ApplicationSpec, Revision};
use crate::runtime::{Image, label};

/// What an image is built from, and the names that it can have.
pub(crate) struct Inputs<'a> {
    pub(crate) application: ApplicationId,
    pub(crate) spec: &'a ApplicationSpec,
    pub(crate) revision: &'a Revision,
    /// Digest of all of it.
    pub(crate) fingerprint: &'a str,
}

/// An image on the engine, with the name that it was found by.
pub(crate) struct Built {
    pub(crate) name: String,
    pub(crate) image: Image,
}

impl Inputs<'_> {
    /// The plain name, and the one for where the plain one means another build.
    pub(crate) fn names(&self) -> [String; 2] {
        [
            image_name(self.spec, self.revision, None),
            image_name(self.spec, self.revision, Some(self.fingerprint)),
        ]
    }

    /// The name that only this deployment uses: for a build that is forced although one of the same inputs is there.
    pub(crate) fn own_name(&self, deployment: DeploymentId) -> String {
        let id = deployment.as_uuid().simple().to_string();
        // The end of the id is random; its beginning is the time.
        let suffix = id.get(id.len() - 8..).unwrap_or(&id);
        image_name(self.spec, self.revision, Some(suffix))
    }

    /// The first of the names that means no image yet; the last one is left where both are taken.
    pub(crate) async fn free_name(&self, inner: &Inner) -> Result<String> {
        let [plain, suffixed] = self.names();
        Ok(match inner.runtime.find_image(&plain).await? {
            None => plain,
            Some(_) => suffixed,
        })
    }

    /// An image of the same inputs, as far as this engine has it. That of the newest release comes first: a forced
    /// build gives a second image of the same inputs.
    pub(crate) async fn find(&self, inner: &Inner) -> Result<Option<Built>> {
        let release = inner
            .store
            .find_release_by_fingerprint(self.application, self.fingerprint)
            .await?;
        let names = release
            .map(|release| release.image)
            .into_iter()
            .chain(self.names());
        for name in names {
            let image = inner.runtime.find_image(&name).await?;
            let same = |image: &Image| {
                image.labels.get(label::FINGERPRINT).map(String::as_str) == Some(self.fingerprint)
            };
            if let Some(image) = image.filter(same) {
                return Ok(Some(Built { name, image }));
            }
        }
        Ok(None)
    }
}
