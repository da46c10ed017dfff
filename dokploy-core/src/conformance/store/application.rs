//! Applications.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::scene::{Scene, application, now, project, refused, unique};
use crate::error::ErrorKind;
use crate::id::{ApplicationId, ProjectId};
use crate::model::{Application, GitSource, PageRequest, RepositoryKey};
use crate::store::{ApplicationFilter, Store};

pub async fn create_application_refuses_what_is_taken(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let first = &scene.application;
    let mut same_name = application(scene.project.id);
    same_name.spec.name.clone_from(&first.spec.name);
    let mut same_service = application(scene.project.id);
    same_service.service_name.clone_from(&first.service_name);
    let same_id = Application {
        id: first.id,
        ..application(scene.project.id)
    };
    for taken in [same_name.clone(), same_service, same_id] {
        refused(
            store.create_application(&taken).await,
            ErrorKind::AlreadyExists,
        );
    }
    // A name is unique within its project only.
    same_name.project_id = scene.another_project().await.id;
    store.create_application(&same_name).await.unwrap();
}

pub async fn an_application_is_found_by_its_repository_however_that_is_written(
    store: Arc<dyn Store>,
) {
    let scene = Scene::new(store.clone()).await;
    let built_from = |url: &str| {
        let mut made = application(scene.project.id);
        (made.spec.image, made.spec.directory, made.spec.archive) = (None, None, None);
        made.spec.git_source = Some(GitSource::branch(url, "main"));
        made
    };
    let mut made = Vec::new();
    for url in [
        "https://Git.example/Team/web.git",
        "git@git.example:team/web",
        "https://git.example/team/web2",
    ] {
        let one = built_from(url);
        store.create_application(&one).await.unwrap();
        made.push(one);
    }
    let key = RepositoryKey::of_git("ssh://git@git.example/team/web.git").unwrap();
    let found = async || {
        let found = store.applications_of_repository(&key).await.unwrap();
        found.into_iter().map(|found| found.id).collect::<Vec<_>>()
    };
    assert_eq!(found().await, [made[0].id, made[1].id]);
    // It moves with the application's source, and a deleted one is gone.
    let mut moved = made[2].clone();
    moved.spec.git_source.clone_from(&made[0].spec.git_source);
    store.update_application(&moved).await.unwrap();
    store.delete_application(made[0].id, now()).await.unwrap();
    assert_eq!(found().await, [made[1].id, made[2].id]);
}

pub async fn create_application_needs_a_project(store: Arc<dyn Store>) {
    let absent = application(ProjectId::new());
    refused(store.create_application(&absent).await, ErrorKind::NotFound);
    let project = project();
    store.create_project(&project).await.unwrap();
    store.delete_project(project.id, now()).await.unwrap();
    let deleted = application(project.id);
    refused(
        store.create_application(&deleted).await,
        ErrorKind::NotFound,
    );
}

pub async fn an_application_is_found_by_id_name_and_service_name(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let first = Some(scene.application.clone());
    let Application {
        id,
        project_id,
        service_name,
        spec,
        ..
    } = scene.application;
    let by_name = store.find_application_by_name(project_id, &spec.name);
    assert_eq!(store.find_application(id).await.unwrap(), first);
    assert_eq!(by_name.await.unwrap(), first);
    let by_service_name = store.find_application_by_service_name(&service_name);
    assert_eq!(by_service_name.await.unwrap(), first);

    let elsewhere = store.find_application_by_name(ProjectId::new(), &spec.name);
    assert_eq!(elsewhere.await.unwrap(), None);
    let absent = store.find_application(ApplicationId::new()).await.unwrap();
    assert_eq!(absent, None);
}

pub async fn update_application_stores_the_next_version_and_keeps_the_current_release(
    store: Arc<dyn Store>,
) {
    let scene = Scene::new(store.clone()).await;
    let release = scene.released().await;
    // A success is no change of the application: whoever read it before can still write it.
    let mut changed = scene.application.clone();
    changed.spec.name = unique("renamed");
    changed.spec.replicas = 3;
    changed.stopped = true;
    changed.updated_at = now();
    let updated = store.update_application(&changed).await.unwrap();
    assert_eq!(updated.version, scene.application.version + 1);
    assert_eq!(updated.spec, changed.spec);
    assert!(updated.stopped);
    assert_eq!(updated.current_release_id, Some(release.id));
    assert_eq!(updated.service_name, scene.application.service_name);

    let found = store.find_application_by_name(scene.project.id, &changed.spec.name);
    assert_eq!(found.await.unwrap(), Some(updated));
    let old_name = &scene.application.spec.name;
    let found = store.find_application_by_name(scene.project.id, old_name);
    assert_eq!(found.await.unwrap(), None);
}

pub async fn update_application_rejects_a_stale_version(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let first = scene.application.clone();
    store.update_application(&first).await.unwrap();
    refused(store.update_application(&first).await, ErrorKind::Conflict);

    let other = scene.another_application().await;
    let mut renamed = other.clone();
    renamed.spec.name.clone_from(&first.spec.name);
    refused(
        store.update_application(&renamed).await,
        ErrorKind::AlreadyExists,
    );
    assert_eq!(store.find_application(other.id).await.unwrap(), Some(other));
}

pub async fn update_application_does_not_find_what_is_absent_or_deleted(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let absent = application(scene.project.id);
    refused(store.update_application(&absent).await, ErrorKind::NotFound);
    let id = scene.application.id;
    store.delete_application(id, now()).await.unwrap();
    refused(
        store.update_application(&scene.application).await,
        ErrorKind::NotFound,
    );
}

pub async fn delete_application_is_refused_while_a_deployment_is_open(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let id = scene.application.id;
    scene.deploy().await;
    refused(
        store.delete_application(id, now()).await,
        ErrorKind::Conflict,
    );
    let claim = scene.claim().await;
    refused(
        store.delete_application(id, now()).await,
        ErrorKind::Conflict,
    );
    scene.fail(&claim).await;
    store.delete_application(id, now()).await.unwrap();
    assert_eq!(store.find_application(id).await.unwrap(), None);
    // Its deployments stay for the record.
    scene.find(claim.deployment.id).await;
}

pub async fn delete_application_of_what_is_absent_is_ok(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let absent = ApplicationId::new();
    store.delete_application(absent, now()).await.unwrap();
    let first = &scene.application;
    store.delete_application(first.id, now()).await.unwrap();
    store.delete_application(first.id, now()).await.unwrap();

    // Its names are free again.
    let second = Application {
        id: ApplicationId::new(),
        ..first.clone()
    };
    store.create_application(&second).await.unwrap();
    let found = store.find_application_by_service_name(&first.service_name);
    assert_eq!(found.await.unwrap(), Some(second));
}

pub async fn list_applications_gives_those_of_one_project_or_all(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let other_project = scene.another_project().await;
    let mut own = vec![scene.application.id];
    let mut all = own.clone();
    for _ in 0..3 {
        own.push(scene.another_application().await.id);
        all.push(own[own.len() - 1]);
        all.push(scene.application_in(other_project.id).await.id);
    }
    let deleted = scene.another_application().await;
    store.delete_application(deleted.id, now()).await.unwrap();
    own.reverse();
    all.reverse();

    for (project, expected) in [(Some(scene.project.id), own), (None, all)] {
        let mut listed = Vec::new();
        let mut before = None;
        loop {
            let request = PageRequest { limit: 2, before };
            let filter = ApplicationFilter {
                project,
                ..ApplicationFilter::default()
            };
            let page = store.list_applications(&filter, request).await.unwrap();
            listed.extend(page.items.iter().map(|application| application.id));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(listed, expected);
    }
}

pub async fn an_application_is_never_created_in_a_project_that_is_deleted_meanwhile(
    store: Arc<dyn Store>,
) {
    for _ in 0..10 {
        let project = project();
        store.create_project(&project).await.unwrap();
        let mut race = JoinSet::new();
        let creator = store.clone();
        race.spawn(async move {
            let created = creator.create_application(&application(project.id)).await;
            created.is_ok()
        });
        let deleter = store.clone();
        race.spawn(async move { deleter.delete_project(project.id, now()).await.is_ok() });
        let succeeded = race.join_all().await;
        assert_eq!(succeeded.iter().filter(|done| **done).count(), 1);

        let left = store.find_project(project.id).await.unwrap();
        let filter = ApplicationFilter {
            project: Some(project.id),
            ..ApplicationFilter::default()
        };
        let page = store.list_applications(&filter, PageRequest::first());
        assert_eq!(left.is_some(), !page.await.unwrap().items.is_empty());
    }
}
