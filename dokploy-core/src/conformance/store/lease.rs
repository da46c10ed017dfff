//! Leases, fences and rights.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::scene::{LEASE, SHORT_LEASE, Scene, claimed, failed, refused, release, warned};
use crate::deployment::EventKind;
use crate::error::ErrorKind;
use crate::id::WorkerId;
use crate::store::{Fence, Store};

pub async fn an_expired_lease_is_claimed_again_before_anything_that_waits(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let lost = scene.deploy().await;
    let other = scene.another_application().await;
    scene.deploy_of(&other).await;
    let first = scene.try_claim(SHORT_LEASE).await.unwrap();
    assert_eq!(first.deployment.id, lost.id);
    scene.work(&first, [claimed(&first)]).await;
    scene.outlast(lost.id, first.fence).await;

    let second = scene.claim().await;
    assert_eq!(second.deployment.id, lost.id);
    assert_eq!((second.fence.epoch, second.attempt), (2, 2));
    // It comes with what the first worker had done.
    assert_eq!(second.deployment.state.seq, 2);
    scene.work(&second, [claimed(&second)]).await;
}

pub async fn a_worker_whose_lease_was_taken_over_can_do_nothing(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let stale = scene.try_claim(SHORT_LEASE).await.unwrap();
    let owner = scene.take_over().await;
    let id = stale.deployment.id;
    assert_eq!(owner.deployment.id, id);
    can_do_nothing(&scene, &stale).await;
    // The new owner is not disturbed.
    scene.fail(&owner).await;
}

pub async fn a_worker_whose_lease_has_expired_can_do_nothing(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let expired = scene.try_claim(SHORT_LEASE).await.unwrap();
    scene.outlast(expired.deployment.id, expired.fence).await;
    can_do_nothing(&scene, &expired).await;
}

async fn can_do_nothing(scene: &Scene, claim: &crate::store::Claim) {
    let id = claim.deployment.id;
    let before = scene.find(id).await;
    let late = scene.append(id, [claimed(claim), failed()], Some(claim.fence));
    refused(late.await, ErrorKind::LeaseLost);
    let renewed = scene.store.renew_lease(id, claim.fence, LEASE);
    refused(renewed.await, ErrorKind::LeaseLost);
    let release = release(&claim.deployment);
    let made = scene.store.create_release(&release, claim.fence);
    refused(made.await, ErrorKind::LeaseLost);
    assert_eq!(scene.find(id).await, before);
    let found = scene.store.find_release(release.id).await.unwrap();
    assert_eq!(found, None);
}

pub async fn a_fence_of_another_worker_or_epoch_is_refused(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let waiting = scene.deploy().await;
    let forged = Fence {
        worker: scene.worker,
        epoch: 0,
    };
    // Nobody owns what waits.
    let early = scene.append(waiting.id, [warned("early")], Some(forged));
    refused(early.await, ErrorKind::LeaseLost);

    let claim = scene.claim().await;
    let other_worker = Fence {
        worker: WorkerId::new(),
        ..claim.fence
    };
    let other_epoch = Fence {
        epoch: claim.fence.epoch + 1,
        ..claim.fence
    };
    for fence in [other_worker, other_epoch] {
        let events = [claimed(&claim)];
        let append = scene.append(waiting.id, events, Some(fence)).await;
        refused(append, ErrorKind::LeaseLost);
        let renewed = store.renew_lease(waiting.id, fence, LEASE).await;
        refused(renewed, ErrorKind::LeaseLost);
    }
    scene.work(&claim, [claimed(&claim)]).await;
}

pub async fn renew_lease_keeps_a_claim(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.try_claim(SHORT_LEASE).await.unwrap();
    let id = claim.deployment.id;
    // Over the end of the first lease, watched by a worker that would take it.
    let started = tokio::time::Instant::now();
    while started.elapsed() < SHORT_LEASE * 3 {
        let renewed = store.renew_lease(id, claim.fence, Duration::from_secs(30));
        assert!(!renewed.await.unwrap());
        let thief = store.claim_next(WorkerId::new(), LEASE, true);
        assert!(thief.await.unwrap().is_none());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    scene.fail(&claim).await;
}

pub async fn renew_lease_says_that_somebody_asked_to_cancel(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    let id = claim.deployment.id;
    scene.work(&claim, [claimed(&claim)]).await;
    assert!(!store.renew_lease(id, claim.fence, LEASE).await.unwrap());
    let ask = EventKind::CancelRequested { actor: None };
    scene.append(id, [ask], None).await.unwrap();
    assert!(store.renew_lease(id, claim.fence, LEASE).await.unwrap());
}

pub async fn release_lease_hands_back_at_once_and_does_not_count(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let first = scene.claim().await;
    let id = first.deployment.id;
    let worker = first.fence.worker;
    let events = [claimed(&first), EventKind::HandedBack { worker }];
    scene.work(&first, events).await;
    store.release_lease(id, first.fence).await.unwrap();
    // What was handed back is nobody's.
    let late = scene.append(id, [warned("late")], Some(first.fence));
    refused(late.await, ErrorKind::LeaseLost);

    let second = scene.claim().await;
    assert_eq!(second.deployment.id, id);
    assert_eq!((second.fence.epoch, second.attempt), (2, 1));
    scene.work(&second, [claimed(&second)]).await;
}

pub async fn release_lease_of_what_was_lost_is_ok(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let lost = scene.try_claim(SHORT_LEASE).await.unwrap();
    let owner = scene.take_over().await;
    let id = lost.deployment.id;
    store.release_lease(id, lost.fence).await.unwrap();
    assert!(!store.renew_lease(id, owner.fence, LEASE).await.unwrap());
    scene.fail(&owner).await;
    store.release_lease(id, owner.fence).await.unwrap();
    let absent = crate::id::DeploymentId::new();
    store.release_lease(absent, owner.fence).await.unwrap();
}

pub async fn a_right_belongs_to_one_worker_at_a_time(store: Arc<dyn Store>) {
    let (first, second) = (WorkerId::new(), WorkerId::new());
    assert!(store.acquire_right("watch", first, LEASE).await.unwrap());
    assert!(!store.acquire_right("watch", second, LEASE).await.unwrap());
    assert!(store.acquire_right("sweep", second, LEASE).await.unwrap());
    // Its holder renews it, here for a short time.
    let renewed = store.acquire_right("watch", first, SHORT_LEASE);
    assert!(renewed.await.unwrap());
    let passes_on = async {
        while !store.acquire_right("watch", second, LEASE).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LEASE, passes_on).await.unwrap();
    assert!(!store.acquire_right("watch", first, LEASE).await.unwrap());
}

pub async fn racing_workers_get_a_right_once(store: Arc<dyn Store>) {
    let mut race = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        race.spawn(async move { store.acquire_right("watch", WorkerId::new(), LEASE).await });
    }
    let answers = race.join_all().await;
    let holders = answers
        .into_iter()
        .filter(|answer| *answer.as_ref().unwrap());
    assert_eq!(holders.count(), 1);
}
