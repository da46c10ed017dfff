//! Releases.

use std::fmt::Debug;

use async_trait::async_trait;

use super::Fence;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{ApplicationId, ReleaseId};
use crate::model::{Page, PageRequest, Release};

/// Releases.
#[async_trait]
pub trait ReleaseStore: Send + Sync + Debug {
    /// Stores a release, or returns the one that this deployment made before.
    ///
    /// # Behavior
    ///
    /// - `lease_lost` as for [`append_events`](crate::store::DeploymentStore::append_events).
    async fn create_release(&self, release: &Release, fence: Fence) -> Result<Release>;

    /// The release.
    async fn find_release(&self, id: ReleaseId) -> Result<Option<Release>>;

    /// Releases of an application, newest first, retired ones included.
    async fn list_releases(
        &self,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<Release>>;

    /// The newest release of an application that was built from these inputs and is not retired.
    async fn find_release_by_fingerprint(
        &self,
        application: ApplicationId,
        fingerprint: &str,
    ) -> Result<Option<Release>>;

    /// Retires the stable releases of an application beyond the newest `keep`, and every release that never became
    /// stable and is older than the newest stable one. The current release and those that an open deployment made or
    /// goes back to are never retired. Returns those that it retired.
    async fn retire_releases(
        &self,
        application: ApplicationId,
        keep: u32,
        at: Timestamp,
    ) -> Result<Vec<ReleaseId>>;

    /// All releases that are not retired and whose application is not deleted: what clean-up has to keep.
    async fn retained_releases(&self) -> Result<Vec<Release>>;
}
