//! Records what was changed, and what was tried in vain.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::ControlPlane;
use super::reach::nobody;
use crate::access::{Action, Actor, Identity};
use crate::error::{ErrorKind, Result};
use crate::model::{AuditEntry, AuditOutcome};
use crate::store::audit;

/// What an attempt is about, for the trail.
#[derive(Clone, Debug)]
pub(super) struct About {
    /// As in `application:<id>`.
    pub(super) resource: String,
    /// What distinguishes it from others like it; never a secret.
    pub(super) detail: Option<String>,
}

impl About {
    /// A thing by its kind and id.
    pub(super) fn thing(kind: &str, id: impl std::fmt::Display) -> Self {
        Self {
            resource: format!("{kind}:{id}"),
            detail: None,
        }
    }

    pub(super) fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

impl ControlPlane {
    /// Runs a change. The first write of the store within it takes the row of the trail into its own transaction, so
    /// that there is no change without a row and no row without a change; what fails is recorded by itself.
    ///
    /// The work is boxed, so that the futures of the callers stay small.
    pub(super) fn change<'a, T: Send + 'a>(
        &'a self,
        actor: &'a Actor,
        action: Action,
        about: About,
        work: impl Future<Output = Result<T>> + Send + 'a,
    ) -> BoxFuture<'a, Result<T>> {
        let work = work.boxed();
        async move {
            // Nobody's attempts are not recorded: there is nothing to know about them, and they would fill the disk.
            if actor.identity == Identity::Anonymous {
                return Err(nobody());
            }
            self.recorded(actor, action.as_str(), about, work).await
        }
        .boxed()
    }

    /// The same for what nobody may do, too: coming in.
    pub(super) async fn recorded<T>(
        &self,
        actor: &Actor,
        action: &str,
        about: About,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let entry = self.entry(actor, action, &about, AuditOutcome::Done);
        // What fails halfway has changed something and failed: both are on record.
        let (result, _) = audit::scope(entry, work).await;
        if let Err(error) = &result {
            let outcome = match error.kind() {
                ErrorKind::PermissionDenied | ErrorKind::Unauthenticated => AuditOutcome::Denied,
                _ => AuditOutcome::Failed,
            };
            let detail = match &about.detail {
                Some(detail) => format!("{detail}: {}", error.code()),
                None => error.code().to_owned(),
            };
            let about = about.with_detail(detail);
            let entry = self.entry(actor, action, &about, outcome);
            self.store().append_audit(&entry).await?;
        }
        result
    }

    /// Records that reading was denied; what was not found is nobody's business.
    pub(super) async fn read<T>(
        &self,
        actor: &Actor,
        action: Action,
        about: About,
        work: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        let result = work.await;
        if let Err(error) = &result
            && error.kind() == ErrorKind::PermissionDenied
        {
            let entry = self.entry(actor, action.as_str(), &about, AuditOutcome::Denied);
            self.store().append_audit(&entry).await?;
        }
        result
    }

    fn entry(
        &self,
        actor: &Actor,
        action: &str,
        about: &About,
        outcome: AuditOutcome,
    ) -> AuditEntry {
        AuditEntry {
            at: self.now(),
            actor: actor.key(),
            actor_name: actor.to_string(),
            action: action.to_owned(),
            resource: about.resource.clone(),
            outcome,
            address: actor.address.clone(),
            request_id: actor.request_id.clone(),
            detail: about.detail.clone(),
        }
    }
}
