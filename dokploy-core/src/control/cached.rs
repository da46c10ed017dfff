//! What may be a little old: lists for five minutes, single things for two, what runs for thirty seconds.
//!
//! A cached value never opens a door. What an actor reaches is asked of the store each time; the key of a list holds
//! the projects that it was made for, and a single thing is checked after it was read. Losing the cache, or being
//! served something old by it, changes what is shown for a while and not to whom.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::ControlPlane;
use crate::cache::names;
use crate::error::Result;
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, Deployment, Page, PageRequest, Reach};
use crate::store::ApplicationFilter;

/// How long a list is good enough to be shown.
const LIST_TTL: Duration = Duration::from_mins(5);
/// How long a single thing is.
const DETAIL_TTL: Duration = Duration::from_mins(2);

impl ControlPlane {
    /// The applications of a page.
    pub(super) async fn listed_applications(
        &self,
        reach: &Reach,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Page<Application>> {
        let filter = ApplicationFilter {
            reach: reach.clone(),
            project,
            with_databases: false,
        };
        let list = self.store().list_applications(&filter, page);
        let Some(reached) = self.reached(reach).await? else {
            return list.await;
        };
        let generation = self.generation(names::APPLICATIONS).await?;
        let key = format!("applications:{generation}:{reached}:{project:?}:{page:?}");
        self.cached(&key, LIST_TTL, list).await
    }

    /// One application, before anybody asked whether it may be seen.
    pub(super) async fn cached_application(&self, id: ApplicationId) -> Result<Option<Application>> {
        let find = self.store().find_application(id);
        self.cached(&names::application(id), DETAIL_TTL, find).await
    }

    /// The newest deployment of each of these applications. Never cached: it changes with every step.
    pub(super) async fn last_deployments(
        &self,
        ids: &[ApplicationId],
    ) -> Result<BTreeMap<ApplicationId, Deployment>> {
        let found = self.store().latest_deployments(ids).await?;
        Ok(found.into_iter().map(|one| (one.application_id, one)).collect())
    }

    /// A value from the cache, or from where it comes from. The cache is never a reason to fail.
    pub(super) async fn cached<T: Serialize + DeserializeOwned>(
        &self,
        key: &str,
        ttl: Duration,
        source: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let cache = self.inner.engine.cache();
        if let Ok(Some(kept)) = cache.get(key).await
            && let Ok(value) = serde_json::from_slice(&kept)
        {
            return Ok(value);
        }
        let value = source.await?;
        if let Ok(text) = serde_json::to_vec(&value)
            && let Err(error) = cache.put(key, Bytes::from(text), ttl).await
        {
            tracing::debug!(error = %error, "a value was not cached");
        }
        Ok(value)
    }

    /// A name for the projects that are reached now, by which a list is kept; `None` when there are too many to ask
    /// for at once.
    async fn reached(&self, reach: &Reach) -> Result<Option<String>> {
        if *reach == Reach::All {
            return Ok(Some("all".to_owned()));
        }
        let page = PageRequest {
            limit: PageRequest::LIMIT_MAX,
            before: None,
        };
        let projects = self.store().list_projects(reach, page).await?;
        if projects.next.is_some() {
            return Ok(None);
        }
        let mut hash = Sha256::new();
        for project in &projects.items {
            hash.update(project.id.as_uuid().as_bytes());
        }
        Ok(Some(hex::encode(hash.finalize())))
    }
}
