//! One thing done to several applications, with one answer for each.

use std::collections::BTreeSet;

use futures::StreamExt;
use futures::stream;
use serde::{Deserialize, Serialize};

use super::ControlPlane;
use super::reach::nobody;
use crate::access::{Actor, Identity};
use crate::deployer::DeployRequest;
use crate::error::{Error, Result};
use crate::id::{ApplicationId, DeploymentId};

/// Applications of one call.
const IDS_MAX: usize = 100;

/// Applications that are worked on at the same time: each waits for the container engine far longer than it works.
const AT_ONCE: usize = 8;

/// What is done to each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum BulkAction {
    /// Deploys the head of its branch.
    Deploy,
    /// Stops it.
    Stop,
    /// Starts it.
    Start,
    /// Replaces its tasks.
    Restart,
    /// Deletes it.
    Delete,
}

/// What became of one of them.
#[derive(Debug)]
pub struct BulkResult {
    /// Which.
    pub id: ApplicationId,
    /// The deployment, for a deployment; or why not.
    pub result: Result<Option<DeploymentId>>,
}

impl ControlPlane {
    /// Does one thing to several applications, a few at a time, each as if it had been asked for alone: what fails for
    /// one changes nothing for the others. The answers are in the order of the ids.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for no ids, too many, and one that is there twice.
    pub async fn bulk(
        &self,
        actor: &Actor,
        action: BulkAction,
        ids: &[ApplicationId],
    ) -> Result<Vec<BulkResult>> {
        if actor.identity == Identity::Anonymous {
            return Err(nobody());
        }
        if ids.is_empty() || ids.len() > IDS_MAX {
            return Err(Error::invalid_field(
                "ids",
                format!("are not 1 to {IDS_MAX}"),
            ));
        }
        if ids.iter().collect::<BTreeSet<_>>().len() < ids.len() {
            return Err(Error::invalid_field("ids", "name an application twice"));
        }
        let results = stream::iter(ids.to_vec()).map(|id| async move {
            let result = self.one_of_bulk(actor, action, id).await;
            BulkResult { id, result }
        });
        Ok(results.buffered(AT_ONCE).collect().await)
    }

    async fn one_of_bulk(
        &self,
        actor: &Actor,
        action: BulkAction,
        id: ApplicationId,
    ) -> Result<Option<DeploymentId>> {
        match action {
            BulkAction::Deploy => {
                let accepted = self.deploy(actor, DeployRequest::of(id)).await?;
                return Ok(Some(accepted.id));
            }
            BulkAction::Stop => {
                self.stop(actor, id).await?;
            }
            BulkAction::Start => {
                self.start(actor, id).await?;
            }
            BulkAction::Restart => self.restart(actor, id).await?,
            BulkAction::Delete => self.delete_application(actor, id).await?,
        }
        Ok(None)
    }
}
