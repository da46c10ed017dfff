//! Deliveries of webhooks. The secret of an application is all the right that they have: to deploy that application.

use super::ControlPlane;
use crate::access::Actor;
use crate::engine::{Webhook, WebhookAnswer};
use crate::error::Result;
use crate::webhook::Delivery;

impl ControlPlane {
    /// Takes a delivery, and deploys the applications that it is for. `origin` says where it came from; who it is does
    /// not matter.
    ///
    /// # Errors
    ///
    /// As [`Engine::webhook`](crate::Engine::webhook) and [`ControlPlane::deploy`]. What one application refuses does
    /// not keep another from being deployed, and what is sent again deploys nothing twice.
    pub async fn receive_webhook(
        &self,
        origin: &Actor,
        delivery: &Delivery,
    ) -> Result<WebhookAnswer> {
        let actor = Actor {
            address: origin.address.clone(),
            request_id: origin.request_id.clone(),
            ..Actor::system(format!("webhook:{}", delivery.provider))
        };
        let Webhook { targets, ignored } = self.inner.engine.webhook(delivery).await?;
        let mut answer = WebhookAnswer {
            deployments: Vec::new(),
            ignored: ignored.map(|reason| reason.to_string()),
        };
        let mut refused = None;
        for target in targets {
            match target.verdict {
                Err(reason) => answer.ignored = Some(reason.to_string()),
                Ok(request) => match self.deploy(&actor, request).await {
                    Ok(deployment) => answer.deployments.push(deployment.id),
                    Err(error) => refused = Some(error),
                },
            }
        }
        match refused {
            Some(error) => Err(error),
            None => Ok(answer.settled()),
        }
    }
}
