//! Databases.

use std::sync::Arc;

use super::scene::{Scene, application, now, refused, unique};
use crate::error::ErrorKind;
use crate::id::{DatabaseId, ProjectId};
use crate::model::{Application, Database, DatabaseEngine, PageRequest, Reach};
use crate::secret::SealedSecret;
use crate::store::{ApplicationFilter, Store};

/// A database, and the application that runs it.
pub(super) fn database(project: ProjectId) -> (Database, Application) {
    let id = DatabaseId::new();
    let application = Application {
        database_id: Some(id),
        ..application(project)
    };
    let database = Database {
        id,
        version: 1,
        project_id: project,
        name: application.spec.name.clone(),
        engine: DatabaseEngine::Postgres,
        image: "postgres:17".to_owned(),
        application_id: application.id,
        password: SealedSecret {
            key_id: "first".to_owned(),
            sealed: "bm90IHJlYWxseQ==".to_owned(),
        },
        created_at: now(),
        updated_at: now(),
    };
    (database, application)
}

async fn stored(store: &Arc<dyn Store>, project: ProjectId) -> Database {
    let (database, application) = database(project);
    store
        .create_database(&database, &application)
        .await
        .unwrap();
    database
}

pub async fn a_database_and_its_application_are_made_together_or_not_at_all(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let (first, of_first) = database(scene.project.id);
    store.create_database(&first, &of_first).await.unwrap();
    let found = store.find_database(&Reach::All, first.id).await.unwrap();
    assert_eq!(found, Some(first.clone()));
    let found = store.find_application(of_first.id).await.unwrap();
    assert_eq!(found, Some(of_first));

    let (second, of_second) = database(scene.project.id);
    let same_id = Database {
        id: first.id,
        ..second.clone()
    };
    let created = store.create_database(&same_id, &of_second).await;
    refused(created, ErrorKind::AlreadyExists);
    assert_eq!(store.find_application(of_second.id).await.unwrap(), None);
    let mut named_alike = of_second.clone();
    named_alike
        .spec
        .name
        .clone_from(&scene.application.spec.name);
    let created = store.create_database(&second, &named_alike).await;
    refused(created, ErrorKind::AlreadyExists);
    let (nowhere, of_nowhere) = database(ProjectId::new());
    let created = store.create_database(&nowhere, &of_nowhere).await;
    refused(created, ErrorKind::NotFound);
    for absent in [second.id, nowhere.id] {
        let found = store.find_database(&Reach::All, absent).await.unwrap();
        assert_eq!(found, None);
    }
    store.create_database(&second, &of_second).await.unwrap();
}

pub async fn applications_that_run_databases_are_listed_on_request(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let database = stored(&store, scene.project.id).await;
    let own = scene.application.id;
    let cases = [
        (false, vec![own]),
        (true, vec![database.application_id, own]),
    ];
    for project in [None, Some(scene.project.id)] {
        for (with_databases, expected) in &cases {
            let filter = ApplicationFilter {
                project,
                with_databases: *with_databases,
                ..ApplicationFilter::default()
            };
            let page = store.list_applications(&filter, PageRequest::first());
            let listed = page.await.unwrap().items;
            let ids: Vec<_> = listed.iter().map(|application| application.id).collect();
            assert_eq!(ids, *expected);
        }
    }
}

pub async fn update_database_stores_the_next_version_or_says_why_not(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let first = stored(&store, scene.project.id).await;
    let changed = Database {
        image: "postgres:18".to_owned(),
        password: SealedSecret {
            key_id: "second".to_owned(),
            sealed: "b3RoZXI=".to_owned(),
        },
        updated_at: now(),
        ..first.clone()
    };
    let updated = store.update_database(&changed).await.unwrap();
    let expected = Database {
        version: first.version + 1,
        ..changed
    };
    assert_eq!(updated, expected);
    let found = store.find_database(&Reach::All, first.id).await.unwrap();
    assert_eq!(found, Some(expected));
    refused(store.update_database(&first).await, ErrorKind::Conflict);
    let (absent, _) = database(scene.project.id);
    refused(store.update_database(&absent).await, ErrorKind::NotFound);
}

pub async fn delete_database_is_refused_while_its_application_is_there(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let database = stored(&store, scene.project.id).await;
    let deleted = store.delete_database(database.id, now()).await;
    refused(deleted, ErrorKind::Conflict);
    let application = database.application_id;
    store.delete_application(application, now()).await.unwrap();
    store.delete_database(database.id, now()).await.unwrap();
    store.delete_database(database.id, now()).await.unwrap();
    let absent = DatabaseId::new();
    store.delete_database(absent, now()).await.unwrap();
    let found = store.find_database(&Reach::All, database.id).await.unwrap();
    assert_eq!(found, None);
    refused(store.update_database(&database).await, ErrorKind::NotFound);
}

pub async fn list_databases_gives_those_of_one_project_or_all_newest_first(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let other = scene.another_project().await;
    let all = [
        stored(&store, scene.project.id).await,
        stored(&store, other.id).await,
        stored(&store, scene.project.id).await,
    ];
    let [first, second, third] = all;
    let request = PageRequest {
        limit: 2,
        before: None,
    };
    let page = store.list_databases(&Reach::All, None, request);
    let page = page.await.unwrap();
    assert_eq!(page.items, [third.clone(), second]);
    let rest = PageRequest {
        before: page.next,
        ..request
    };
    let page = store.list_databases(&Reach::All, None, rest).await.unwrap();
    assert_eq!((page.items, page.next), (vec![first.clone()], None));
    let own = Some(scene.project.id);
    let page = store.list_databases(&Reach::All, own, request);
    assert_eq!(page.await.unwrap().items, [third, first]);
    let nowhere = Some(ProjectId::new());
    let page = store.list_databases(&Reach::All, nowhere, request);
    assert_eq!(page.await.unwrap().items, []);
}

pub async fn the_webhook_secret_of_an_application_is_kept_and_replaced(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let before = &scene.application;
    assert!(before.webhook_secret.is_some());
    let found = store.find_application(before.id).await.unwrap().unwrap();
    assert_eq!(found.webhook_secret, before.webhook_secret);
    let secret = SealedSecret {
        key_id: unique("key"),
        sealed: "b3RoZXI=".to_owned(),
    };
    let rotated = Application {
        webhook_secret: Some(secret),
        ..before.clone()
    };
    let updated = store.update_application(&rotated).await.unwrap();
    assert_eq!(updated.webhook_secret, rotated.webhook_secret);
    let found = store.find_application(before.id).await.unwrap();
    assert_eq!(found, Some(updated));
    let without = Application {
        webhook_secret: None,
        ..application(scene.project.id)
    };
    store.create_application(&without).await.unwrap();
    let found = store.find_application(without.id).await.unwrap();
    assert_eq!(found, Some(without));
}
