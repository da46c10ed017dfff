//! Releases in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use tokio::time::Instant;

use super::{MemoryStore, Tables, page_of};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ApplicationId, ReleaseId};
use crate::model::{Page, PageRequest, Release};
use crate::store::{Fence, ReleaseStore, refusal};

impl Tables {
    fn releases_of(&self, application: ApplicationId) -> impl DoubleEndedIterator<Item = &Release> {
        self.releases
            .values()
            .filter(move |release| release.application_id == application)
    }

    /// Makes a release stable and its application's current one.
    pub(super) fn promote(
        &mut self,
        application: ApplicationId,
        release: ReleaseId,
        at: Timestamp,
    ) -> Result<()> {
        let stored = self
            .releases
            .get_mut(&release)
            .filter(|stored| stored.application_id == application)
            .ok_or_else(|| Error::not_found("release", release))?;
        stored.stable_at.get_or_insert(at);
        if let Some(application) = self.applications.get_mut(&application) {
            application.value.current_release_id = Some(release);
        }
        Ok(())
    }

    fn surplus_releases(&self, application: ApplicationId, keep: u32) -> Vec<ReleaseId> {
        let mut protected = BTreeSet::new();
        if let Some(application) = self.applications.get(&application) {
            protected.extend(application.value.current_release_id);
        }
        let mut in_progress = BTreeSet::new();
        for job in self.open_of(application) {
            protected.extend(job.deployment.target_release_id);
            in_progress.insert(job.deployment.id);
        }
        let retained = || {
            self.releases_of(application)
                .rev()
                .filter(|release| release.retired_at.is_none())
        };
        let stable: Vec<_> = retained()
            .filter(|release| release.stable_at.is_some())
            .map(|release| release.id)
            .collect();
        let newest_stable = stable.first().copied();
        protected.extend(stable.into_iter().take(keep as usize));
        retained()
            .filter(|release| !protected.contains(&release.id))
            .filter(|release| !in_progress.contains(&release.deployment_id))
            .filter(|release| release.stable_at.is_some() || Some(release.id) < newest_stable)
            .map(|release| release.id)
            .collect()
    }
}

#[async_trait]
impl ReleaseStore for MemoryStore {
    async fn create_release(&self, release: &Release, fence: Fence) -> Result<Release> {
        let mut tables = self.lock();
        tables
            .job(release.deployment_id)
            .map_err(|_| refusal::lease_lost(release.deployment_id))?
            .require_lease(fence, Instant::now())?;
        let earlier = tables
            .releases
            .values()
            .find(|other| other.deployment_id == release.deployment_id);
        if let Some(earlier) = earlier {
            return Ok(earlier.clone());
        }
        if tables.releases.contains_key(&release.id) {
            return Err(refusal::taken("release", release.id));
        }
        tables.releases.insert(release.id, release.clone());
        Ok(release.clone())
    }

    async fn find_release(&self, id: ReleaseId) -> Result<Option<Release>> {
        Ok(self.lock().releases.get(&id).cloned())
    }

    async fn list_releases(
        &self,
        application: ApplicationId,
        page: PageRequest,
    ) -> Result<Page<Release>> {
        let tables = self.lock();
        let asked = tables.releases_of(application).rev();
        Ok(page_of(asked, page, |release| release.id.as_uuid()))
    }

    async fn find_release_by_fingerprint(
        &self,
        application: ApplicationId,
        fingerprint: &str,
    ) -> Result<Option<Release>> {
        let tables = self.lock();
        Ok(tables
            .releases_of(application)
            .rev()
            .filter(|release| release.retired_at.is_none())
            .find(|release| release.build_fingerprint.as_deref() == Some(fingerprint))
            .cloned())
    }

    async fn retire_releases(
        &self,
        application: ApplicationId,
        keep: u32,
        at: Timestamp,
    ) -> Result<Vec<ReleaseId>> {
        let mut tables = self.lock();
        let surplus = tables.surplus_releases(application, keep);
        for id in &surplus {
            if let Some(release) = tables.releases.get_mut(id) {
                release.retired_at = Some(at);
            }
        }
        Ok(surplus)
    }

    async fn retained_releases(&self) -> Result<Vec<Release>> {
        let tables = self.lock();
        Ok(tables
            .releases
            .values()
            .filter(|release| release.retired_at.is_none())
            .filter(|release| tables.application(release.application_id).is_some())
            .cloned()
            .collect())
    }
}
