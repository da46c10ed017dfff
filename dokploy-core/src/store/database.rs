//! Databases.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{DatabaseId, ProjectId};
use crate::model::{Application, Database, Page, PageRequest, Reach};

/// Databases. Each one is run by an application of its own.
#[async_trait]
pub trait DatabaseStore: Send + Sync + Debug {
    /// Stores a new database together with the application that runs it, in one transaction.
    ///
    /// # Behavior
    ///
    /// - `already_exists` and `not_found` as for
    ///   [`ApplicationStore::create_application`](super::ApplicationStore::create_application).
    async fn create_database(&self, database: &Database, application: &Application) -> Result<()>;

    /// The database, unless it is absent, deleted or in a project out of reach.
    async fn find_database(&self, reach: &Reach, id: DatabaseId) -> Result<Option<Database>>;

    /// Databases in projects that are in reach, of one project or of all, newest first.
    async fn list_databases(
        &self,
        reach: &Reach,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Page<Database>>;

    /// Replaces image and password of a database. `database.version` is the version that the caller read.
    ///
    /// # Behavior
    ///
    /// - Stores `version + 1` and returns what was stored.
    /// - `conflict` when the stored version differs; `not_found` when it is absent or deleted.
    async fn update_database(&self, database: &Database) -> Result<Database>;

    /// Deletes a database softly. Deleting what is absent or deleted is Ok.
    ///
    /// # Behavior
    ///
    /// - `conflict` while its application is not deleted.
    async fn delete_database(&self, id: DatabaseId, at: Timestamp) -> Result<()>;
}
