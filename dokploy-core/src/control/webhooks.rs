//! What senders of webhooks sign with.

use super::ControlPlane;
use super::audited::About;
use crate::access::{Action, Actor};
use crate::error::Result;
use crate::id::ApplicationId;
use crate::secret::Secret;

impl ControlPlane {
    /// The secret that senders of webhooks for an application sign with, for who may change the application; `None`
    /// where an earlier version made it and nobody has rotated it since.
    pub async fn webhook_secret(&self, actor: &Actor, id: ApplicationId) -> Result<Option<Secret>> {
        let action = Action::WebhookSecretRead;
        let work = async {
            let application = self.application_for(actor, action, id).await?;
            self.inner.engine.webhook_secret(&application)
        };
        let about = About::thing("application", id);
        self.read(actor, action, about, work).await
    }

    /// Gives an application a new webhook secret. What is signed with the old one is refused from then on.
    pub async fn rotate_webhook_secret(
        &self,
        actor: &Actor,
        id: ApplicationId,
    ) -> Result<Option<Secret>> {
        let action = Action::WebhookSecretRotate;
        let work = async {
            let application = self.application_for(actor, action, id).await?;
            let engine = &self.inner.engine;
            let rotated = engine
                .rotate_webhook_secret(id, application.version)
                .await?;
            engine.webhook_secret(&rotated)
        };
        let about = About::thing("application", id);
        self.change(actor, action, about, work).await
    }
}
