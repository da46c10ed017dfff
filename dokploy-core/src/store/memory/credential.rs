//! Credentials and settings in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, Tables, page_of};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::CredentialId;
use crate::model::{Credential, Page, PageRequest, Reach};
use crate::store::{CredentialStore, SettingStore, refusal};

impl Tables {
    fn reaches_credential(&self, reach: &Reach, credential: &Credential) -> bool {
        match credential.project_id {
            Some(project) => self.reaches(reach, project),
            None => *reach == Reach::All,
        }
    }
}

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn create_credential(&self, credential: &Credential) -> Result<()> {
        let mut change = self.change();
        let credentials = &mut change.credentials;
        let name_taken = credentials.values().filter_map(Kept::live).any(|other| {
            (other.project_id, &other.name) == (credential.project_id, &credential.name)
        });
        if name_taken || credentials.contains_key(&credential.id) {
            return Err(refusal::taken("credential", &credential.name));
        }
        credentials.insert(credential.id, Kept::new(credential.clone()));
        change.commit();
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

    async fn find_credential_in_reach(
        &self,
        reach: &Reach,
        id: CredentialId,
    ) -> Result<Option<Credential>> {
        let tables = self.lock();
        let found = tables.credentials.get(&id).and_then(Kept::live);
        let reached = found.filter(|found| tables.reaches_credential(reach, found));
        Ok(reached.cloned())
    }

    async fn list_credentials_in_reach(
        &self,
        reach: &Reach,
        page: PageRequest,
    ) -> Result<Page<Credential>> {
        let tables = self.lock();
        let live = tables.credentials.values().rev().filter_map(Kept::live);
        let reached = live.filter(|one| tables.reaches_credential(reach, one));
        Ok(page_of(reached, page, |credential| credential.id.as_uuid()))
    }

    async fn list_credentials(&self, page: PageRequest) -> Result<Page<Credential>> {
        let tables = self.lock();
        let live = tables.credentials.values().rev().filter_map(Kept::live);
        Ok(page_of(live, page, |credential| credential.id.as_uuid()))
    }

    async fn delete_credential(&self, id: CredentialId, at: Timestamp) -> Result<()> {
        let mut change = self.change();
        if change
            .credentials
            .get_mut(&id)
            .is_some_and(|credential| credential.delete(at))
        {
            change.commit();
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
