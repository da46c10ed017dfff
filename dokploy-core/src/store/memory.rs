//! A store in memory: for tests, for trying things out, and as the model that the databases are measured against.
//! It forgets everything when it is dropped.

mod application;
mod audit;
mod credential;
mod database;
mod deployment;
mod project;
mod queue;
mod release;
mod request;
mod session;
mod team;
mod user;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use uuid::Uuid;

use self::audit::Change;
use self::queue::Job;
use self::request::Request;
use self::session::Token;
use self::user::Account;
use super::page;
use crate::clock::Timestamp;
use crate::id::{
    ApplicationId, CredentialId, DatabaseId, DeploymentId, ProjectId, ReleaseId, SessionId, TeamId,
    TokenId, UserId, WorkerId,
};
use crate::model::{
    Application, AuditRecord, Credential, Database, Page, PageRequest, Project, Release, Session,
    Team,
};

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

    /// Begins what the audit log records as one change.
    fn change(&self) -> Change<'_> {
        Change::new(self.lock())
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
    users: BTreeMap<UserId, Kept<Account>>,
    /// By issuer and subject.
    identities: HashMap<(String, String), UserId>,
    teams: BTreeMap<TeamId, Kept<Team>>,
    members: BTreeSet<(TeamId, UserId)>,
    sessions: BTreeMap<SessionId, Session>,
    tokens: BTreeMap<TokenId, Kept<Token>>,
    databases: BTreeMap<DatabaseId, Kept<Database>>,
    audit: Vec<AuditRecord>,
    /// By actor and key.
    requests: HashMap<(String, String), Request>,
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

    /// Whether it was there to be deleted.
    fn delete(&mut self, at: Timestamp) -> bool {
        let was_live = self.deleted_at.is_none();
        self.deleted_at.get_or_insert(at);
        was_live
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
