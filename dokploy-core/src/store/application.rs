//! Applications.

use std::fmt::Debug;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, Page, PageRequest, Reach, RepositoryKey};

/// Most applications of one repository that are looked at.
pub(super) const OF_REPOSITORY_MAX: u32 = 1000;

/// Which applications.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationFilter {
    /// In projects that are in reach.
    pub reach: Reach,
    /// Of one project.
    pub project: Option<ProjectId>,
    /// Those that run databases, too.
    pub with_databases: bool,
}

/// Applications.
#[async_trait]
pub trait ApplicationStore: Send + Sync + Debug {
    /// Stores a new application.
    ///
    /// # Behavior
    ///
    /// - `already_exists` when its id, its service name, or its name within the project is taken by one that is
    ///   not deleted.
    /// - `not_found` when the project is absent or deleted.
    async fn create_application(&self, application: &Application) -> Result<()>;

    /// The application, unless it is absent or deleted.
    async fn find_application(&self, id: ApplicationId) -> Result<Option<Application>>;

    /// The application, unless it is absent, deleted or in a project out of reach: one statement, one answer.
    async fn find_application_in_reach(
        &self,
        reach: &Reach,
        id: ApplicationId,
    ) -> Result<Option<Application>>;

    /// The application with this name in the project.
    async fn find_application_by_name(
        &self,
        project: ProjectId,
        name: &str,
    ) -> Result<Option<Application>>;

    /// The application with this service name.
    async fn find_application_by_service_name(
        &self,
        service_name: &str,
    ) -> Result<Option<Application>>;

    /// Applications that are built from a repository or run an image of it, at most a thousand of them.
    ///
    /// # Behavior
    ///
    /// - Takes as long for one among a million as for one among ten.
    async fn applications_of_repository(
        &self,
        repository: &RepositoryKey,
    ) -> Result<Vec<Application>>;

    /// Applications, newest first.
    async fn list_applications(
        &self,
        filter: &ApplicationFilter,
        page: PageRequest,
    ) -> Result<Page<Application>>;

    /// Replaces an application. `application.version` is the version that the caller read.
    ///
    /// # Behavior
    ///
    /// - Stores `version + 1` and returns what was stored; `current_release_id` is not changed by this call.
    /// - `conflict` when the stored version differs; `not_found` when it is absent or deleted.
    async fn update_application(&self, application: &Application) -> Result<Application>;

    /// Deletes an application softly. Deleting what is absent or deleted is Ok.
    ///
    /// # Behavior
    ///
    /// - `conflict` while it has a deployment that is not terminal.
    async fn delete_application(&self, id: ApplicationId, at: Timestamp) -> Result<()>;
}
