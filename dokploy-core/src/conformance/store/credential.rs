//! Credentials and settings.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::scene::{now, refused, unique};
use crate::error::ErrorKind;
use crate::id::CredentialId;
use crate::model::{Credential, CredentialKind, PageRequest};
use crate::secret::SealedSecret;
use crate::store::Store;

pub(super) fn credential() -> Credential {
    Credential {
        id: CredentialId::new(),
        project_id: None,
        kind: CredentialKind::Registry,
        name: unique("credential"),
        host: "registry.example.com:5000".to_owned(),
        sealed: SealedSecret {
            key_id: "first".to_owned(),
            sealed: "bm90IHJlYWxseQ==".to_owned(),
        },
        created_at: now(),
    }
}

pub async fn create_credential_refuses_a_name_that_is_taken(store: Arc<dyn Store>) {
    let first = credential();
    store.create_credential(&first).await.unwrap();
    let second = Credential {
        name: first.name.clone(),
        ..credential()
    };
    refused(
        store.create_credential(&second).await,
        ErrorKind::AlreadyExists,
    );
    store.delete_credential(first.id, now()).await.unwrap();
    store.create_credential(&second).await.unwrap();
}

pub async fn credentials_are_found_listed_and_deleted(store: Arc<dyn Store>) {
    let all = [credential(), credential(), credential()];
    for credential in &all {
        store.create_credential(credential).await.unwrap();
    }
    let [first, second, third] = all;
    let found = store.find_credential(second.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&second));

    let request = PageRequest {
        limit: 2,
        before: None,
    };
    let page = store.list_credentials(request).await.unwrap();
    assert_eq!(page.items, [third, second.clone()]);
    assert_eq!(page.next, Some(second.id.as_uuid()));
    let rest = PageRequest {
        before: page.next,
        ..request
    };
    let page = store.list_credentials(rest).await.unwrap();
    assert_eq!(page.items, [first]);
    assert_eq!(page.next, None);

    store.delete_credential(second.id, now()).await.unwrap();
    store.delete_credential(second.id, now()).await.unwrap();
    assert_eq!(store.find_credential(second.id).await.unwrap(), None);
    let absent = CredentialId::new();
    store.delete_credential(absent, now()).await.unwrap();
}

pub async fn a_setting_is_stored_once(store: Arc<dyn Store>) {
    let mut race = JoinSet::new();
    for number in 0..8 {
        let store = store.clone();
        race.spawn(async move {
            let value = number.to_string();
            store.setting_or_insert("canary", &value).await.unwrap()
        });
    }
    let mut answers = race.join_all().await;
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    let later = store.setting_or_insert("canary", "later").await.unwrap();
    assert_eq!(later, answers[0]);
    let other = store.setting_or_insert("other", "value").await.unwrap();
    assert_eq!(other, "value");
}

pub async fn a_store_answers_a_ping(store: Arc<dyn Store>) {
    store.ping().await.unwrap();
}
