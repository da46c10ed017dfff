//! Releases of an application.

use super::ControlPlane;
use super::applications::{sees_secrets, without_secrets};
use super::audited::About;
use crate::access::{Action, Actor};
use crate::error::Result;
use crate::id::ApplicationId;
use crate::model::{Page, PageRequest, Release};

impl ControlPlane {
    /// Releases of an application, newest first, those that can no longer be gone back to included.
    pub async fn releases(
        &self,
        actor: &Actor,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<Release>> {
        let work = async {
            let action = Action::DeploymentRead;
            self.application_for(actor, action, application).await?;
            self.store().list_releases(application, page).await
        };
        let about = About::thing("application", application);
        let mut found = self
            .read(actor, Action::DeploymentRead, about, work)
            .await?;
        if !sees_secrets(actor) {
            for release in &mut found.items {
                release.spec = without_secrets(release.spec.clone());
            }
        }
        Ok(found)
    }
}
