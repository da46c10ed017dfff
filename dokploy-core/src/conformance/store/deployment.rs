//! Acceptance and lists of deployments.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::scene::{Scene, application, claimed, failed, new_deployment, now, refused};
use crate::deployment::{DeploymentState, EventKind, Status};
use crate::error::ErrorKind;
use crate::id::{ApplicationId, DeploymentId, ProjectId, ReleaseId};
use crate::model::{Deployment, DeploymentKind, PageRequest, Reach, SupersedePolicy};
use crate::store::{DeploymentFilter, NewDeployment, Store};

pub async fn create_deployment_stores_the_row_and_its_first_event(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let new = new_deployment(&scene.application);
    let created = store.create_deployment(&new).await.unwrap();
    assert!(!created.existed);
    assert!(created.superseded.is_empty());
    assert_eq!(created.deployment, new.deployment);
    assert_eq!(scene.find(new.deployment.id).await, new.deployment);
    let log = scene.log(new.deployment.id).await;
    assert_eq!(log, [new.accepted_event()]);
    refused(
        store.create_deployment(&new).await,
        ErrorKind::AlreadyExists,
    );
}

pub async fn create_deployment_supersedes_those_that_wait(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let other = scene.another_application().await;
    let bystander = scene.deploy_of(&other).await;
    let policies = [SupersedePolicy::Queued, SupersedePolicy::Running];
    for supersede in policies {
        let older = [scene.deploy().await, scene.deploy().await];
        let newer = NewDeployment {
            supersede,
            ..new_deployment(&scene.application)
        };
        let created = store.create_deployment(&newer).await.unwrap();
        let by = newer.deployment.id;
        let superseded: Vec<_> = created
            .superseded
            .iter()
            .filter(|event| event.kind == EventKind::Superseded { by })
            .map(|event| event.deployment_id)
            .collect();
        for deployment in &older {
            assert!(superseded.contains(&deployment.id));
            let state = scene.state(deployment.id).await;
            assert_eq!(state.status, Status::Superseded);
            assert_eq!(state.superseded_by, Some(by));
            assert_eq!(scene.log(deployment.id).await.len(), 2);
        }
    }
    assert_eq!(scene.state(bystander.id).await.status, Status::Pending);
    let stats = store.queue_stats().await.unwrap();
    assert_eq!(stats.waiting, 2);
}

pub async fn create_deployment_does_not_touch_a_running_one(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    scene.work(&claim, [claimed(&claim)]).await;
    let newer = NewDeployment {
        supersede: SupersedePolicy::Running,
        ..new_deployment(&scene.application)
    };
    let created = store.create_deployment(&newer).await.unwrap();
    assert!(created.superseded.is_empty());
    let state = scene.state(claim.deployment.id).await;
    assert!(!state.status.is_terminal() && !state.cancel_requested);
    // Its worker goes on.
    scene.work(&claim, [failed()]).await;
}

pub async fn create_deployment_does_not_touch_one_that_was_just_claimed(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    let newer = NewDeployment {
        supersede: SupersedePolicy::Queued,
        ..new_deployment(&scene.application)
    };
    let created = store.create_deployment(&newer).await.unwrap();
    assert!(created.superseded.is_empty());
    scene.fail(&claim).await;
    assert_eq!(scene.claim().await.deployment.id, newer.deployment.id);
}

pub async fn create_deployment_lets_all_wait_when_none_is_superseded(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    for _ in 0..3 {
        scene.deploy().await;
    }
    assert_eq!(store.queue_stats().await.unwrap().waiting, 3);
}

pub async fn an_idempotency_key_gives_the_same_deployment_for_ever(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let keyed = |application| NewDeployment {
        idempotency_key: Some("delivery-1".to_owned()),
        supersede: SupersedePolicy::Queued,
        ..new_deployment(application)
    };
    let first = scene.accept(&keyed(&scene.application)).await;
    let delivery = keyed(&scene.application);
    let again = store.create_deployment(&delivery).await.unwrap();
    assert!(again.existed && again.superseded.is_empty());
    assert_eq!(again.deployment, first);
    let claim = scene.claim().await;
    scene.fail(&claim).await;
    let delivery = keyed(&scene.application);
    let later = store.create_deployment(&delivery).await.unwrap();
    assert!(later.existed);
    assert_eq!(later.deployment.id, first.id);
    assert_eq!(later.deployment.state.status, Status::Failed);
    assert_eq!(store.queue_stats().await.unwrap().waiting, 0);
    let found = store
        .find_deployment_by_key(scene.application.id, "delivery-1")
        .await
        .unwrap();
    assert_eq!(found.map(|found| found.id), Some(first.id));

    // Another application has keys of its own.
    let other = scene.another_application().await;
    assert!(
        store
            .find_deployment_by_key(other.id, "delivery-1")
            .await
            .unwrap()
            .is_none()
    );
    assert_ne!(scene.accept(&keyed(&other)).await.id, first.id);
}

pub async fn racing_deliveries_with_one_key_make_one_deployment(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let mut race = JoinSet::new();
    for _ in 0..100 {
        let store = store.clone();
        let new = NewDeployment {
            idempotency_key: Some("delivery-1".to_owned()),
            ..new_deployment(&scene.application)
        };
        race.spawn(async move { store.create_deployment(&new).await.unwrap() });
    }
    let answers = race.join_all().await;
    let made: Vec<_> = answers.iter().filter(|created| !created.existed).collect();
    assert_eq!(made.len(), 1);
    let id = made[0].deployment.id;
    assert!(answers.iter().all(|created| created.deployment.id == id));
    assert_eq!(all(&store).await.len(), 1);
}

pub async fn a_full_queue_refuses_and_changes_nothing(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let waiting = [scene.deploy().await, scene.deploy().await];
    let one_too_many = NewDeployment {
        queue_max: 2,
        ..new_deployment(&scene.another_application().await)
    };
    refused(
        store.create_deployment(&one_too_many).await,
        ErrorKind::RateLimited,
    );
    let refused_id = one_too_many.deployment.id;
    assert_eq!(store.find_deployment(refused_id).await.unwrap(), None);
    assert!(scene.log(refused_id).await.is_empty());

    // What would have been superseded is not when there is no room at all.
    let no_room = NewDeployment {
        queue_max: 0,
        supersede: SupersedePolicy::Queued,
        ..new_deployment(&scene.application)
    };
    refused(
        store.create_deployment(&no_room).await,
        ErrorKind::RateLimited,
    );
    for deployment in &waiting {
        assert_eq!(scene.find(deployment.id).await, *deployment);
    }
    // What a worker has does not wait any more.
    scene.claim().await;
    store.create_deployment(&one_too_many).await.unwrap();
}

pub async fn superseding_makes_room_in_a_full_queue(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let newer = NewDeployment {
        queue_max: 1,
        supersede: SupersedePolicy::Queued,
        ..new_deployment(&scene.application)
    };
    let created = store.create_deployment(&newer).await.unwrap();
    assert_eq!(created.superseded.len(), 1);
    assert_eq!(store.queue_stats().await.unwrap().waiting, 1);
}

pub async fn create_deployment_needs_an_application(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let mut absent = application(scene.project.id);
    absent.id = ApplicationId::new();
    refused(
        store.create_deployment(&new_deployment(&absent)).await,
        ErrorKind::NotFound,
    );
    let id = scene.application.id;
    store.delete_application(id, now()).await.unwrap();
    let of_deleted = new_deployment(&scene.application);
    refused(
        store.create_deployment(&of_deleted).await,
        ErrorKind::NotFound,
    );
}

pub async fn create_deployment_needs_a_target_release_that_is_retained(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let old = scene.released().await;
    let new = scene.released().await;
    let rollback = |target| {
        let mut rollback = new_deployment(&scene.application);
        rollback.deployment.kind = DeploymentKind::Rollback;
        rollback.deployment.state = DeploymentState::accepted(DeploymentKind::Rollback);
        rollback.deployment.target_release_id = Some(target);
        rollback
    };
    let absent = rollback(ReleaseId::new());
    refused(store.create_deployment(&absent).await, ErrorKind::NotFound);
    let retire = store.retire_releases(scene.application.id, 1, now());
    assert_eq!(retire.await.unwrap(), [old.id]);
    refused(
        store.create_deployment(&rollback(old.id)).await,
        ErrorKind::Conflict,
    );
    let accepted = scene.accept(&rollback(new.id)).await;
    assert_eq!(scene.find(accepted.id).await, accepted);
}

pub async fn a_deployment_is_never_accepted_by_an_application_that_is_deleted_meanwhile(
    store: Arc<dyn Store>,
) {
    let scene = Scene::new(store.clone()).await;
    for _ in 0..10 {
        let application = scene.another_application().await;
        let new = new_deployment(&application);
        let mut race = JoinSet::new();
        let acceptor = store.clone();
        race.spawn(async move { acceptor.create_deployment(&new).await.is_ok() });
        let deleter = store.clone();
        race.spawn(async move {
            let gone = deleter.delete_application(application.id, now()).await;
            gone.is_ok()
        });
        let succeeded = race.join_all().await;
        assert_eq!(succeeded.iter().filter(|done| **done).count(), 1);
    }
}

pub async fn newest_progress_changes_with_every_event(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let id = scene.deploy().await.id;
    let progress = async || {
        let asked = [scene.application.id];
        store.newest_progress(&asked).await.unwrap()
    };
    assert_eq!(progress().await, [(id, 1)]);
    let claim = scene.claim().await;
    scene.work(&claim, [claimed(&claim)]).await;
    assert_eq!(progress().await, [(id, 2)]);
}

pub async fn newest_deployments_gives_the_last_one_of_each_application(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let other = scene.another_application().await;
    let idle = scene.another_application().await;
    let mut last = Vec::new();
    for application in [&scene.application, &other] {
        scene.accept(&new_deployment(application)).await;
        last.push(scene.accept(&new_deployment(application)).await.id);
    }
    let ids = [
        scene.application.id,
        other.id,
        idle.id,
        ApplicationId::new(),
    ];
    let mut found: Vec<_> = store
        .newest_deployments(&ids)
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.id)
        .collect();
    found.sort_unstable();
    assert_eq!(found, last);
    let progress = store.newest_progress(&ids).await.unwrap();
    assert_eq!(progress, [(last[0], 1), (last[1], 1)]);
    let one = store.newest_deployments(&ids[1..2]).await.unwrap();
    assert_eq!(one.first().map(|one| one.id), Some(last[1]));
    assert!(store.newest_deployments(&[]).await.unwrap().is_empty());
    assert_eq!(store.newest_progress(&[]).await.unwrap(), []);
}

pub async fn list_deployments_filters_and_gives_each_once_newest_first(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let second = scene.another_application().await;
    let elsewhere = scene.another_project().await;
    let third = scene.application_in(elsewhere.id).await;
    for _ in 0..3 {
        for application in [&scene.application, &second, &third] {
            scene.deploy_of(application).await;
        }
        let claim = scene.claim().await;
        scene.fail(&claim).await;
    }
    let deployments = all(&store).await;
    assert_eq!(deployments.len(), 9);

    let applications = [None, Some(scene.application.id), Some(third.id)];
    let projects = [None, Some(scene.project.id), Some(ProjectId::new())];
    let statuses = [None, Some(Status::Failed), Some(Status::Pending)];
    for application in applications {
        for project in projects {
            for status in statuses {
                let filter = DeploymentFilter {
                    reach: Reach::All,
                    application,
                    project,
                    status,
                };
                let expected: Vec<DeploymentId> = deployments
                    .iter()
                    .filter(|one| application.is_none_or(|id| one.application_id == id))
                    .filter(|one| project.is_none_or(|id| one.project_id == id))
                    .filter(|one| status.is_none_or(|status| one.state.status == status))
                    .map(|one| one.id)
                    .collect();
                assert!(expected.is_sorted_by(|newer, older| newer > older));
                assert_eq!(listed(&store, &filter, 2).await, expected, "{filter:?}");
            }
        }
    }
}

pub async fn racing_acceptances_leave_one_waiting(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let mut race = JoinSet::new();
    for _ in 0..30 {
        let store = store.clone();
        let new = NewDeployment {
            supersede: SupersedePolicy::Queued,
            ..new_deployment(&scene.application)
        };
        race.spawn(async move { store.create_deployment(&new).await.unwrap() });
    }
    let superseded: usize = race
        .join_all()
        .await
        .iter()
        .map(|created| created.superseded.len())
        .sum();
    assert_eq!(superseded, 29);
    let claim = scene.claim().await;
    scene.fail(&claim).await;
    assert!(scene.try_claim(super::scene::LEASE).await.is_none());
}

async fn all(store: &Arc<dyn Store>) -> Vec<Deployment> {
    let request = PageRequest {
        limit: 200,
        before: None,
    };
    let filter = DeploymentFilter::default();
    let page = store.list_deployments(&filter, request).await.unwrap();
    page.items
}

async fn listed(
    store: &Arc<dyn Store>,
    filter: &DeploymentFilter,
    limit: u32,
) -> Vec<DeploymentId> {
    let mut ids = Vec::new();
    let mut before = None;
    loop {
        let request = PageRequest { limit, before };
        let page = store.list_deployments(filter, request).await.unwrap();
        assert!(page.items.len() <= limit as usize);
        ids.extend(page.items.iter().map(|deployment| deployment.id));
        before = page.next;
        if before.is_none() {
            return ids;
        }
    }
}
