//! A store in memory: for tests, for trying things out, and as the model that the databases are measured against.
//! It forgets everything when it is dropped.

mod application;
mod deployment;
mod project;
mod queue;
mod release;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;
use uuid::Uuid;

use self::queue::Job;
use super::{CredentialStore, SettingStore, page, refusal};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{ApplicationId, CredentialId, DeploymentId, ProjectId, ReleaseId, WorkerId};
use crate::model::{Application, Credential, Page, PageRequest, Project, Release};

/// Keeps everything in memory, behind one lock that is never held across an await. Leases run on tokio's clock, so
/// that a test with paused time controls them.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

impl MemoryStore {
    /// Makes an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Tables> {
        // Every write below checks first and changes afterwards, so that a panic leaves no half-made change.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
struct Tables {
    projects: BTreeMap<ProjectId, Kept<Project>>,
    applications: BTreeMap<ApplicationId, Kept<Application>>,
    deployments: BTreeMap<DeploymentId, Job>,
    /// Those that are not terminal, in the order of their acceptance.
    open: BTreeMap<u64, DeploymentId>,
    accepted_count: u64,
    idempotency_keys: HashMap<(ApplicationId, String), DeploymentId>,
    releases: BTreeMap<ReleaseId, Release>,
    credentials: BTreeMap<CredentialId, Kept<Credential>>,
    settings: BTreeMap<String, String>,
    rights: HashMap<String, (WorkerId, Instant)>,
    /// Which claim served a project last.
    served: HashMap<ProjectId, u64>,
    claim_count: u64,
}

/// A value that is deleted softly.
#[derive(Debug)]
struct Kept<T> {
    value: T,
    deleted_at: Option<Timestamp>,
}

impl<T> Kept<T> {
    const fn new(value: T) -> Self {
        Self {
            value,
            deleted_at: None,
        }
    }

    fn live(&self) -> Option<&T> {
        self.deleted_at.is_none().then_some(&self.value)
    }

    fn live_mut(&mut self) -> Option<&mut T> {
        self.deleted_at.is_none().then_some(&mut self.value)
    }

    fn delete(&mut self, at: Timestamp) {
        self.deleted_at.get_or_insert(at);
    }
}

/// A page of what an iterator gives from the newest to the oldest.
fn page_of<'a, T: Clone + 'a>(
    newest_first: impl Iterator<Item = &'a T>,
    request: PageRequest,
    id: impl Fn(&T) -> Uuid,
) -> Page<T> {
    let items = newest_first
        .filter(|item| request.before.is_none_or(|before| id(item) < before))
        .take(request.bounded_limit() as usize + 1)
        .cloned()
        .collect();
    page::cut(items, request, id)
}

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn create_credential(&self, credential: &Credential) -> Result<()> {
        let credentials = &mut self.lock().credentials;
        let name_taken = credentials
            .values()
            .filter_map(Kept::live)
            .any(|other| other.name == credential.name);
        if name_taken || credentials.contains_key(&credential.id) {
            return Err(refusal::taken("credential", &credential.name));
        }
        credentials.insert(credential.id, Kept::new(credential.clone()));
        Ok(())
    }

    async fn find_credential(&self, id: CredentialId) -> Result<Option<Credential>> {
        Ok(self
            .lock()
            .credentials
            .get(&id)
            .and_then(Kept::live)
            .cloned())
    }

    async fn list_credentials(&self, page: PageRequest) -> Result<Page<Credential>> {
        let tables = self.lock();
        let live = tables.credentials.values().rev().filter_map(Kept::live);
        Ok(page_of(live, page, |credential| credential.id.as_uuid()))
    }

    async fn delete_credential(&self, id: CredentialId, at: Timestamp) -> Result<()> {
        if let Some(credential) = self.lock().credentials.get_mut(&id) {
            credential.delete(at);
        }
        Ok(())
    }
}

#[async_trait]
impl SettingStore for MemoryStore {
    async fn setting_or_insert(&self, name: &str, value: &str) -> Result<String> {
        let settings = &mut self.lock().settings;
        let stored = settings
            .entry(name.to_owned())
            .or_insert_with(|| value.to_owned());
        Ok(stored.clone())
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}
