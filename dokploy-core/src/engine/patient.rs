//! The store as the steps of a deployment ask it.

#![expect(
    unused_imports,
    reason = "the macro imports traits for stores that are no trait objects"
)]

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::retry::RetryPolicy;
use crate::store::Store;

/// A store that is waited for while it is away, for as long as the claim is ours and the step has time: an outage of
/// the database is no failure of the deployment. What a step asks for may therefore be done twice, as it may when a
/// worker is lost in the middle of it.
#[derive(Debug)]
pub(crate) struct PatientStore {
    inner: Arc<dyn Store>,
    stop: CancellationToken,
}

impl PatientStore {
    /// Waits for this store until it is told to stop.
    pub(crate) fn new(inner: Arc<dyn Store>, stop: CancellationToken) -> Self {
        Self { inner, stop }
    }
}

macro_rules! patiently {
    ($self:ident, $method:ident, $($argument:ident),*) => {
        RetryPolicy::OWN.run(&$self.stop, || $self.inner.$method($($argument),*)).await
    };
}

crate::delegate_store!(PatientStore, patiently: ApplicationStore, DeploymentStore, ReleaseStore, CredentialStore);
