//! Projects.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::scene::{Scene, now, project, refused, unique};
use crate::error::ErrorKind;
use crate::id::ProjectId;
use crate::model::{PageRequest, Project, Reach};
use crate::store::Store;

pub async fn create_project_refuses_a_name_or_id_that_is_taken(store: Arc<dyn Store>) {
    let first = project();
    store.create_project(&first).await.unwrap();
    let same_name = Project {
        name: first.name.clone(),
        ..project()
    };
    refused(
        store.create_project(&same_name).await,
        ErrorKind::AlreadyExists,
    );
    let same_id = Project {
        id: first.id,
        ..project()
    };
    refused(
        store.create_project(&same_id).await,
        ErrorKind::AlreadyExists,
    );
    assert_eq!(store.find_project(first.id).await.unwrap(), Some(first));
}

pub async fn a_deleted_project_is_gone_and_its_name_is_free(store: Arc<dyn Store>) {
    let first = project();
    store.create_project(&first).await.unwrap();
    store.delete_project(first.id, now()).await.unwrap();
    assert_eq!(store.find_project(first.id).await.unwrap(), None);
    assert_eq!(store.find_project_by_name(&first.name).await.unwrap(), None);
    let page = store
        .list_projects(&Reach::All, PageRequest::first())
        .await
        .unwrap();
    assert_eq!(page.items, []);

    let second = Project {
        name: first.name.clone(),
        ..project()
    };
    store.create_project(&second).await.unwrap();
    let found = store.find_project_by_name(&first.name).await.unwrap();
    assert_eq!(found, Some(second));
}

pub async fn update_project_stores_the_next_version(store: Arc<dyn Store>) {
    let first = project();
    store.create_project(&first).await.unwrap();
    let changed = Project {
        name: unique("renamed"),
        description: String::new(),
        updated_at: now(),
        ..first.clone()
    };
    let updated = store.update_project(&changed).await.unwrap();
    assert_eq!(updated.version, first.version + 1);
    assert_eq!(updated.name, changed.name);
    assert_eq!(updated.created_at, first.created_at);
    assert_eq!(store.find_project(first.id).await.unwrap(), Some(updated));
}

pub async fn update_project_rejects_a_stale_version(store: Arc<dyn Store>) {
    let first = project();
    store.create_project(&first).await.unwrap();
    let updated = store.update_project(&first).await.unwrap();
    refused(store.update_project(&first).await, ErrorKind::Conflict);
    assert_eq!(store.find_project(first.id).await.unwrap(), Some(updated));
}

pub async fn update_project_refuses_a_name_that_is_taken(store: Arc<dyn Store>) {
    let (first, second) = (project(), project());
    store.create_project(&first).await.unwrap();
    store.create_project(&second).await.unwrap();
    let renamed = Project {
        name: first.name.clone(),
        ..second
    };
    refused(
        store.update_project(&renamed).await,
        ErrorKind::AlreadyExists,
    );
}

pub async fn update_project_does_not_find_what_is_absent_or_deleted(store: Arc<dyn Store>) {
    refused(store.update_project(&project()).await, ErrorKind::NotFound);
    let deleted = project();
    store.create_project(&deleted).await.unwrap();
    store.delete_project(deleted.id, now()).await.unwrap();
    refused(store.update_project(&deleted).await, ErrorKind::NotFound);
}

pub async fn racing_updates_of_a_project_have_one_winner(store: Arc<dyn Store>) {
    let first = project();
    store.create_project(&first).await.unwrap();
    let mut updates = JoinSet::new();
    for _ in 0..8 {
        let (store, project) = (store.clone(), first.clone());
        updates.spawn(async move { store.update_project(&project).await });
    }
    let results = updates.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for error in lost {
        refused(error, ErrorKind::Conflict);
    }
}

pub async fn delete_project_is_refused_while_it_has_applications(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let id = scene.project.id;
    refused(store.delete_project(id, now()).await, ErrorKind::Conflict);
    let application = scene.application.id;
    store.delete_application(application, now()).await.unwrap();
    store.delete_project(id, now()).await.unwrap();
    assert_eq!(store.find_project(id).await.unwrap(), None);
}

pub async fn delete_project_of_what_is_absent_is_ok(store: Arc<dyn Store>) {
    store.delete_project(ProjectId::new(), now()).await.unwrap();
    let deleted = project();
    store.create_project(&deleted).await.unwrap();
    store.delete_project(deleted.id, now()).await.unwrap();
    store.delete_project(deleted.id, now()).await.unwrap();
}

pub async fn list_projects_gives_every_project_once_newest_first(store: Arc<dyn Store>) {
    let mut ids = Vec::new();
    for _ in 0..7 {
        let project = project();
        store.create_project(&project).await.unwrap();
        ids.push(project.id);
    }
    let mut listed = Vec::new();
    let mut request = PageRequest {
        limit: 3,
        before: None,
    };
    loop {
        let page = store.list_projects(&Reach::All, request).await.unwrap();
        assert!(page.items.len() <= 3);
        listed.extend(page.items.into_iter().map(|project| project.id));
        // What is added while somebody turns the pages shifts nothing.
        store.create_project(&project()).await.unwrap();
        match page.next {
            Some(next) => request.before = Some(next),
            None => break,
        }
    }
    ids.reverse();
    assert_eq!(listed, ids);
}
