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
use super::reach::{reach_of, require};
use crate::access::{Action, Actor};
use crate::cache::names;
use crate::error::{Error, Result};
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, Deployment, Page, PageRequest, Reach};
use crate::secret::random;
use crate::store::ApplicationFilter;

/// How long a list is good enough to be shown.
pub(super) const LIST_TTL: Duration = Duration::from_mins(5);
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
        let Some(part) = self.list_part(reach, project, page).await? else {
            return list.await;
        };
        self.cached_part(names::APPLICATIONS, &part, LIST_TTL, list)
            .await
    }

    /// What a list of applications is known by, as long as none of them was changed; `None` where it cannot be
    /// cached.
    pub(super) async fn list_name(
        &self,
        reach: &Reach,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Option<String>> {
        let Some(part) = self.list_part(reach, project, page).await? else {
            return Ok(None);
        };
        let generation = self.generation(names::APPLICATIONS).await?;
        Ok(Some(format!("{generation}:{part}")))
    }

    async fn list_part(
        &self,
        reach: &Reach,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Option<String>> {
        let reached = self.reached(reach).await?;
        Ok(reached.map(|reached| format!("{reached}:{project:?}:{page:?}")))
    }

    /// One application. The cached one is shown to who reaches its project now; a project is for ever that of its
    /// applications.
    pub(super) async fn shown_application(
        &self,
        actor: &Actor,
        id: ApplicationId,
    ) -> Result<Application> {
        require(actor, Action::ApplicationRead)?;
        let reach = reach_of(actor)?;
        let find = self.store().find_application(id);
        let found = self
            .cached(&names::application(id), DETAIL_TTL, find)
            .await?;
        let absent = || Error::not_found("application", id);
        let application = found.ok_or_else(absent)?;
        if reach != Reach::All {
            let project = application.project_id;
            let reached = self.store().find_project_in_reach(&reach, project).await?;
            reached.ok_or_else(absent)?;
        }
        Ok(application)
    }

    /// The newest deployment of each of these applications. Never cached: it changes with every step.
    pub(super) async fn last_deployments(
        &self,
        ids: &[ApplicationId],
    ) -> Result<BTreeMap<ApplicationId, Deployment>> {
        let found = self.store().newest_deployments(ids).await?;
        Ok(found
            .into_iter()
            .map(|one| (one.application_id, one))
            .collect())
    }

    /// A value from the cache, or from where it comes from. The cache is never a reason to fail.
    pub(super) async fn cached<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        ttl: Duration,
        source: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        self.cached_part(name, "", ttl, source).await
    }

    /// One of several values that are forgotten together, by their name.
    ///
    /// Each is kept under the generation that the name had before its source was asked. What was read before a change
    /// and is kept after it has the name of a generation that nobody asks for any more.
    async fn cached_part<T: Serialize + DeserializeOwned>(
        &self,
        name: &str,
        part: &str,
        ttl: Duration,
        source: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let cache = self.inner.engine.cache();
        let generation = self.generation(name).await?;
        let key = format!("{name}:{generation}:{part}");
        if let Ok(Some(kept)) = cache.get(&key).await
            && let Ok(value) = serde_json::from_slice(&kept)
        {
            return Ok(value);
        }
        let value = source.await?;
        // That there is nothing is asked again each time.
        if let Ok(text) = serde_json::to_vec(&value)
            && text != b"null"
            && let Err(error) = cache.put(&key, Bytes::from(text), ttl).await
        {
            tracing::debug!(error = %error, "a value was not cached");
        }
        Ok(value)
    }

    /// The random text that a name stands for; a new one where it was forgotten.
    async fn generation(&self, name: &str) -> Result<String> {
        let cache = self.inner.engine.cache();
        if let Ok(Some(kept)) = cache.get(name).await
            && let Ok(generation) = String::from_utf8(kept.to_vec())
        {
            return Ok(generation);
        }
        let mut bytes = [0; 16];
        random(&mut bytes)?;
        let generation = hex::encode(bytes);
        let value = Bytes::from(generation.clone());
        if let Err(error) = cache.put(name, value, 2 * LIST_TTL).await {
            tracing::debug!(error = %error, "nothing is cached under this name");
        }
        Ok(generation)
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
