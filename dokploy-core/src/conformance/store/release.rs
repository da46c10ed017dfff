//! Releases.

use std::sync::Arc;

use super::scene::{LEASE, Scene, claimed, failed, new_deployment, now, refused, release};
use crate::deployment::DeploymentState;
use crate::error::ErrorKind;
use crate::id::{ApplicationId, ReleaseId};
use crate::model::{DeploymentKind, PageRequest, Release, Revision};
use crate::store::{Fence, Store};

pub async fn create_release_stores_one_for_each_deployment(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    let first = Release {
        revision: Some(Revision {
            id: "1a2b3c4d".repeat(5),
            reference: Some("refs/heads/main".to_owned()),
            message: None,
            author: Some("somebody".to_owned()),
            committed_at: Some(now()),
        }),
        ..release(&claim.deployment)
    };
    let made = store.create_release(&first, claim.fence).await.unwrap();
    assert_eq!(made, first);
    // The same step again, after a crash: it gets what it made before.
    let again = release(&claim.deployment);
    let made = store.create_release(&again, claim.fence).await.unwrap();
    assert_eq!(made, first);
    assert_eq!(store.find_release(again.id).await.unwrap(), None);
    assert_eq!(store.find_release(first.id).await.unwrap(), Some(first));
}

pub async fn create_release_needs_the_lease(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    let stale = Fence {
        epoch: claim.fence.epoch - 1,
        ..claim.fence
    };
    let another = release(&claim.deployment);
    refused(
        store.create_release(&another, stale).await,
        ErrorKind::LeaseLost,
    );
    // Also when the deployment has one already.
    scene.make_release(&claim).await;
    let another = release(&claim.deployment);
    refused(
        store.create_release(&another, stale).await,
        ErrorKind::LeaseLost,
    );
}

pub async fn releases_are_found_and_listed_newest_first(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let mut releases = Vec::new();
    for _ in 0..3 {
        releases.push(scene.released().await);
    }
    let application = scene.application.id;
    store.retire_releases(application, 1, now()).await.unwrap();
    let request = PageRequest {
        limit: 2,
        before: None,
    };
    let page = store.list_releases(application, request).await.unwrap();
    let ids: Vec<_> = page.items.iter().map(|release| release.id).collect();
    assert_eq!(ids, [releases[2].id, releases[1].id]);
    assert!(page.items[0].retired_at.is_none() && page.items[1].retired_at.is_some());
    let rest = PageRequest {
        before: page.next,
        ..request
    };
    let page = store.list_releases(application, rest).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.next, None);
    let elsewhere = store.list_releases(ApplicationId::new(), request);
    assert!(elsewhere.await.unwrap().items.is_empty());
}

pub async fn a_fingerprint_finds_the_newest_release_that_is_retained(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let application = scene.application.id;
    let find = async |fingerprint: &str| -> Option<ReleaseId> {
        let found = store.find_release_by_fingerprint(application, fingerprint);
        found.await.unwrap().map(|release| release.id)
    };
    assert_eq!(find("fingerprint").await, None);
    scene.released().await;
    let newest = scene.released().await;
    assert_eq!(find("fingerprint").await, Some(newest.id));
    assert_eq!(find("another").await, None);

    scene.deploy().await;
    let claim = scene.claim().await;
    let different = Release {
        build_fingerprint: Some("another".to_owned()),
        ..release(&claim.deployment)
    };
    let made = store.create_release(&different, claim.fence).await.unwrap();
    scene.succeed_with(&claim, made.id).await;
    store.retire_releases(application, 1, now()).await.unwrap();
    assert_eq!(find("fingerprint").await, None);
    assert_eq!(find("another").await, Some(made.id));
}

pub async fn retire_releases_keeps_the_newest_stable_ones(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let mut releases = Vec::new();
    for _ in 0..5 {
        releases.push(scene.released().await.id);
    }
    let application = scene.application.id;
    let at = now();
    let mut retired = store.retire_releases(application, 3, at).await.unwrap();
    retired.sort();
    assert_eq!(retired, releases[..2]);
    let first = store.find_release(releases[0]).await.unwrap().unwrap();
    assert_eq!(first.retired_at, Some(at));
    // Again there is nothing to do, and elsewhere there never was.
    let again = store.retire_releases(application, 3, now()).await.unwrap();
    assert_eq!(again, []);
    let other = scene.another_application().await.id;
    let elsewhere = store.retire_releases(other, 0, now()).await.unwrap();
    assert_eq!(elsewhere, []);
}

pub async fn retire_releases_drops_what_never_became_stable(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let broken = async || {
        scene.deploy().await;
        let claim = scene.claim().await;
        let release = scene.make_release(&claim).await;
        scene.work(&claim, [claimed(&claim), failed()]).await;
        release.id
    };
    let application = scene.application.id;
    let before = broken().await;
    // With nothing stable there is nothing that is older than it.
    let retired = store.retire_releases(application, 10, now()).await.unwrap();
    assert_eq!(retired, []);
    scene.released().await;
    let after = broken().await;
    let retired = store.retire_releases(application, 10, now()).await.unwrap();
    assert_eq!(retired, [before]);
    let newest = store.find_release(after).await.unwrap().unwrap();
    assert_eq!(newest.retired_at, None);
}

pub async fn retire_releases_keeps_the_current_one_and_what_an_open_deployment_needs(
    store: Arc<dyn Store>,
) {
    let scene = Scene::new(store.clone()).await;
    let target = scene.released().await;
    let surplus = scene.released().await;
    let current = scene.released().await;
    let mut rollback = new_deployment(&scene.application);
    rollback.deployment.kind = DeploymentKind::Rollback;
    rollback.deployment.state = DeploymentState::accepted(DeploymentKind::Rollback);
    rollback.deployment.target_release_id = Some(target.id);
    scene.accept(&rollback).await;
    let application = scene.application.id;
    let retire = async || store.retire_releases(application, 0, now()).await.unwrap();
    assert_eq!(retire().await, [surplus.id]);

    let claim = scene.claim().await;
    let in_progress = scene.make_release(&claim).await;
    assert_eq!(retire().await, []);
    scene.succeed_with(&claim, target.id).await;
    // Now the target is the current one, and the deployment that needed the others is over.
    let mut retired = retire().await;
    retired.sort();
    assert_eq!(retired, [current.id]);
    let kept = store.find_release(target.id).await.unwrap().unwrap();
    assert_eq!(kept.retired_at, None);
    // What never became stable goes once something newer did.
    let newer = scene.released().await;
    let mut retired = retire().await;
    retired.sort();
    assert_eq!(retired, [target.id, in_progress.id]);
    let kept = store.find_release(newer.id).await.unwrap().unwrap();
    assert_eq!(kept.retired_at, None);
}

pub async fn retained_releases_leave_out_deleted_applications(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.released().await;
    let kept = scene.released().await;
    let application = scene.application.id;
    store.retire_releases(application, 1, now()).await.unwrap();
    let other = scene.another_application().await;
    scene.deploy_of(&other).await;
    let claim = scene.try_claim(LEASE).await.unwrap();
    let of_other = scene.succeed(&claim).await;

    let ids = async || {
        let retained = store.retained_releases().await.unwrap();
        let mut ids: Vec<_> = retained.iter().map(|release| release.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids().await, [kept.id, of_other.id]);
    store.delete_application(other.id, now()).await.unwrap();
    assert_eq!(ids().await, [kept.id]);
}
