//! Projects.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::ProjectId;
use crate::model::{Page, PageRequest, Project, Reach};

/// Projects.
#[async_trait]
pub trait ProjectStore: Send + Sync + Debug {
    /// Stores a new project.
    ///
    /// # Behavior
    ///
    /// - `already_exists` when a project that is not deleted has its name or its id.
    /// - `not_found` when its owner or its team is absent or deleted.
    async fn create_project(&self, project: &Project) -> Result<()>;

    /// The project, unless it is absent or deleted.
    async fn find_project(&self, id: ProjectId) -> Result<Option<Project>>;

    /// The project, unless it is absent, deleted or out of reach: one statement, one answer.
    async fn find_project_in_reach(&self, reach: &Reach, id: ProjectId) -> Result<Option<Project>>;

    /// The project with this name.
    async fn find_project_by_name(&self, name: &str) -> Result<Option<Project>>;

    /// Projects that are in reach, newest first.
    async fn list_projects(&self, reach: &Reach, page: PageRequest) -> Result<Page<Project>>;

    /// Replaces a project. `project.version` is the version that the caller read.
    ///
    /// # Behavior
    ///
    /// - Stores `version + 1` and returns what was stored.
    /// - `conflict` when the stored version differs; `not_found` when it is absent or deleted, and when its owner or
    ///   its team is.
    async fn update_project(&self, project: &Project) -> Result<Project>;

    /// Deletes a project softly.
    ///
    /// # Behavior
    ///
    /// - `conflict` while it has applications that are not deleted.
    /// - Deleting what is absent or deleted is Ok: the caller's aim is reached.
    async fn delete_project(&self, id: ProjectId, at: Timestamp) -> Result<()>;
}
