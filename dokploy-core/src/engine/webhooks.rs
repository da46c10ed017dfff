//! Webhooks: which applications a delivery is for, and what each of them is asked to do.
//!
//! A delivery counts once because its id is the idempotency key of the deployment that it starts: there is no moment
//! at which the one is written down and the other is not.

use super::Engine;
use crate::deployer::{DeployRequest, Deployer};
use crate::error::{Error, ErrorKind, Result};
use crate::id::DeploymentId;
use crate::model::{Application, PageRequest, RepositoryKey};
use crate::secret::Secret;
use crate::store::DeploymentFilter;
use crate::webhook::{self, Delivery, Event, Ignored, Parsed, PushRef, verdict};

/// How many deployments of an application are looked through for a newer push.
const REMEMBERED_MAX: u32 = 30;

/// What a proven delivery means.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Each application whose secret the delivery was made with, with what it is asked to do.
    pub targets: Vec<WebhookTarget>,
    /// Why there is nothing to do, where that has nothing to do with an application.
    pub ignored: Option<Ignored>,
}

/// What a delivery means for one application.
#[derive(Clone, Debug)]
pub struct WebhookTarget {
    /// The application.
    pub application: Application,
    /// What to deploy, or why nothing.
    pub verdict: Result<DeployRequest, Ignored>,
}

/// What became of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The deployments that it started; those that it started before when it was sent again.
    pub deployments: Vec<DeploymentId>,
    /// Why it started none.
    pub ignored: Option<String>,
}

impl Engine {
    /// Reads a delivery, finds the applications of its repository, and leaves out those with whose secret it was not
    /// made. Nothing is changed.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when it is not what its provider sends; `unauthenticated` when it was made with the secret of no
    /// application of the repository, and just the same when there is no such application.
    pub async fn webhook(&self, delivery: &Delivery) -> Result<Webhook> {
        let Parsed { proof, event } = webhook::parse(delivery)?;
        let repositories = event.repositories();
        let store = &self.inner.store;
        let mut proven = Vec::new();
        for repository in &repositories {
            for application in store.applications_of_repository(repository).await? {
                let secret = self.webhook_secret(&application)?;
                if secret.is_some_and(|secret| proof.holds(&secret)) {
                    proven.push(application);
                }
            }
        }
        if proven.is_empty() && !repositories.is_empty() {
            // As much work as for one application, so that the time does not tell whether there is one.
            proof.holds(&Secret::new("of no application"));
            return Err(unproven());
        }
        let pushes = match event {
            Event::Other { reason, .. } => {
                return Ok(Webhook {
                    targets: Vec::new(),
                    ignored: Some(reason),
                });
            }
            Event::Pushes(pushes) => pushes,
        };
        let mut targets = Vec::new();
        for application in proven {
            let key = RepositoryKey::of(&application.spec);
            let own = pushes.iter().filter(|push| {
                key.as_ref()
                    .is_some_and(|key| push.repositories.contains(key))
            });
            for push in own {
                let verdict = self.judge(delivery, push, &application).await?;
                targets.push(WebhookTarget {
                    application: application.clone(),
                    verdict,
                });
            }
        }
        Ok(Webhook {
            targets,
            ignored: None,
        })
    }

    /// Reads a delivery and deploys what it asks for. For an embedder; a server asks its control plane instead, which
    /// also keeps the record.
    ///
    /// # Errors
    ///
    /// As [`Engine::webhook`] and [`Deployer::deploy`].
    pub async fn receive_webhook(&self, delivery: &Delivery) -> Result<WebhookAnswer> {
        let Webhook { targets, ignored } = self.webhook(delivery).await?;
        let mut answer = WebhookAnswer {
            deployments: Vec::new(),
            ignored: ignored.map(|reason| reason.to_string()),
        };
        for target in targets {
            match target.verdict {
                Ok(request) => answer.deployments.push(self.deploy(request).await?.id()),
                Err(reason) => answer.ignored = Some(reason.to_string()),
            }
        }
        Ok(answer.settled())
    }

    async fn judge(
        &self,
        delivery: &Delivery,
        push: &webhook::Push,
        application: &Application,
    ) -> Result<Result<DeployRequest, Ignored>> {
        let request = match verdict(push, &application.spec) {
            Ok(request) => request,
            Err(reason) => return Ok(Err(reason)),
        };
        let key = format!("webhook:{}:{}", delivery.provider, push.delivery_id);
        let store = &self.inner.store;
        let known = store.find_deployment_by_key(application.id, &key).await?;
        if known.is_none() && push.is_older_than_one_of(&self.pushes(application).await?) {
            return Ok(Err(Ignored::Older));
        }
        Ok(Ok(DeployRequest {
            request,
            idempotency_key: Some(key),
            ..DeployRequest::of(application.id)
        }))
    }

    /// The pushes that lately started deployments of an application, newest first.
    async fn pushes(&self, application: &Application) -> Result<Vec<PushRef>> {
        let filter = DeploymentFilter {
            application: Some(application.id),
            ..DeploymentFilter::default()
        };
        let page = PageRequest {
            limit: REMEMBERED_MAX,
            before: None,
        };
        let page = self.inner.store.list_deployments(&filter, page).await?;
        let pushes = page
            .items
            .into_iter()
            .filter_map(|deployment| deployment.request.push);
        Ok(pushes.collect())
    }
}

impl WebhookAnswer {
    /// A delivery that deployed somewhere was not ignored, whatever it meant elsewhere.
    #[must_use]
    pub fn settled(self) -> Self {
        let ignored = self.ignored.filter(|_| self.deployments.is_empty());
        Self { ignored, ..self }
    }
}

fn unproven() -> Error {
    let message =
        "no application is deployed for this delivery: it was made with the secret of none";
    Error::new(ErrorKind::Unauthenticated, message)
        .with_hint("give the webhook the secret that the application shows")
}
