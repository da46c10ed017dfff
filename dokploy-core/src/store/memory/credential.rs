//! Credentials and settings in memory.

use async_trait::async_trait;

use super::{Kept, MemoryStore, page_of};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::CredentialId;
use crate::model::{Credential, Page, PageRequest};
use crate::store::{CredentialStore, SettingStore, refusal};

#[async_trait]
impl CredentialStore for MemoryStore {
    async fn create_credential(&self, credential: &Credential) -> Result<()> {
        let mut change = self.change();
        let credentials = &mut change.credentials;
        let name_taken = credentials
            .values()
            .filter_map(Kept::live)
            .any(|other| other.name == credential.name);
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
