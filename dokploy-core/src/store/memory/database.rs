//! Databases in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, Tables, page_of};
use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{DatabaseId, ProjectId};
use crate::model::{Application, Database, Page, PageRequest, Reach};
use crate::store::{DatabaseStore, refusal};

impl Tables {
    fn database(&self, id: DatabaseId) -> Option<&Database> {
        self.databases.get(&id).and_then(Kept::live)
    }
}

#[async_trait]
impl DatabaseStore for MemoryStore {
    async fn create_database(&self, database: &Database, application: &Application) -> Result<()> {
        let mut tables = self.change();
        if tables.databases.contains_key(&database.id) {
            return Err(refusal::taken("database", &database.name));
        }
        tables.insert_application(application)?;
        tables
            .databases
            .insert(database.id, Kept::new(database.clone()));
        tables.commit();
        Ok(())
    }

    async fn find_database(&self, reach: &Reach, id: DatabaseId) -> Result<Option<Database>> {
        let tables = self.lock();
        let found = tables.database(id);
        let reached = found.filter(|found| tables.reaches(reach, found.project_id));
        Ok(reached.cloned())
    }

    async fn list_databases(
        &self,
        reach: &Reach,
        project: Option<ProjectId>,
        page: PageRequest,
    ) -> Result<Page<Database>> {
        let tables = self.lock();
        let live = tables.databases.values().rev().filter_map(Kept::live);
        let asked = live.filter(|database| {
            project.is_none_or(|id| database.project_id == id)
                && tables.reaches(reach, database.project_id)
        });
        Ok(page_of(asked, page, |database| database.id.as_uuid()))
    }

    async fn update_database(&self, database: &Database) -> Result<Database> {
        let mut tables = self.change();
        let stored = tables
            .database(database.id)
            .ok_or_else(|| Error::not_found("database", database.id))?;
        if stored.version != database.version {
            return Err(refusal::stale_version("database", database.id));
        }
        let changed = Database {
            version: stored.version + 1,
            image: database.image.clone(),
            password: database.password.clone(),
            updated_at: database.updated_at,
            ..stored.clone()
        };
        tables
            .databases
            .insert(database.id, Kept::new(changed.clone()));
        tables.commit();
        Ok(changed)
    }

    async fn delete_database(&self, id: DatabaseId, at: Timestamp) -> Result<()> {
        let mut tables = self.change();
        let Some(database) = tables.database(id) else {
            return Ok(());
        };
        if tables.application(database.application_id).is_some() {
            return Err(refusal::database_in_use(id));
        }
        if let Some(database) = tables.databases.get_mut(&id) {
            database.delete(at);
        }
        tables.commit();
        Ok(())
    }
}
