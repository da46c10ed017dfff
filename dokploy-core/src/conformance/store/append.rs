//! The log: the only way to change a deployment.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::scene::{
    LEASE, Scene, append, claimed, failed, now, refused, succeeded, verified, warned,
};
use crate::deployment::{EventKind, Reason, Status, Step, replay};
use crate::error::ErrorKind;
use crate::id::{DeploymentId, ReleaseId};
use crate::store::{Append, Store};

pub async fn append_events_returns_what_it_stored(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    let step = Step::BuildImage;
    let started = EventKind::StepStarted { step };
    let kinds = [claimed(&claim), warned("careful"), started];
    let id = claim.deployment.id;
    let asked = append(
        id,
        claim.deployment.state.clone(),
        kinds.clone(),
        Some(claim.fence),
    );
    let (events, state) = store.append_events(&asked).await.unwrap();
    assert_eq!(
        events.iter().map(|event| event.seq).collect::<Vec<_>>(),
        [2, 3, 4]
    );
    assert!(
        events
            .iter()
            .all(|event| event.deployment_id == id && event.at == asked.at)
    );
    assert_eq!(
        events.iter().map(|event| &event.kind).collect::<Vec<_>>(),
        kinds.each_ref()
    );
    assert_eq!(state.seq, 4);
    assert_eq!(state.status, Status::Building);

    let stored = scene.find(id).await;
    assert_eq!(stored.state, state);
    assert_eq!(stored.updated_at, asked.at);
    assert_eq!(scene.log(id).await[1..], events);
}

pub async fn append_events_rejects_a_stale_sequence(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let deployment = scene.deploy().await;
    let claim = scene.claim().await;
    scene.work(&claim, [claimed(&claim), warned("first")]).await;
    let stale = deployment.state;
    let fenced = append(
        deployment.id,
        stale.clone(),
        [warned("late")],
        Some(claim.fence),
    );
    refused(store.append_events(&fenced).await, ErrorKind::Conflict);
    let cancel = EventKind::CancelRequested { actor: None };
    let caller = append(deployment.id, stale, [cancel], None);
    refused(store.append_events(&caller).await, ErrorKind::Conflict);
    assert_eq!(scene.log(deployment.id).await.len(), 3);
}

pub async fn append_events_to_an_absent_deployment_is_not_found(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let state = scene.deploy().await.state;
    let cancel = EventKind::CancelRequested { actor: None };
    let absent = append(DeploymentId::new(), state, [cancel], None);
    refused(store.append_events(&absent).await, ErrorKind::NotFound);
    let absent = DeploymentId::new();
    assert!(store.find_deployment(absent).await.unwrap().is_none());
    assert!(store.events(absent, 0, 10).await.unwrap().is_empty());
}

pub async fn racing_appends_have_one_winner(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    let mut race = JoinSet::new();
    for number in 0..8 {
        let store = store.clone();
        let append = append(
            claim.deployment.id,
            claim.deployment.state.clone(),
            [claimed(&claim), warned(&number.to_string())],
            Some(claim.fence),
        );
        race.spawn(async move { store.append_events(&append).await });
    }
    let results = race.join_all().await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for error in lost {
        refused(error, ErrorKind::Conflict);
    }
    assert_eq!(scene.log(claim.deployment.id).await.len(), 3);
}

pub async fn events_are_read_from_a_number_and_up_to_a_limit(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    scene.work(&claim, [claimed(&claim)]).await;
    for number in 0..5 {
        scene.work(&claim, [warned(&number.to_string())]).await;
    }
    let seqs = async |after, limit| {
        let events = store
            .events(claim.deployment.id, after, limit)
            .await
            .unwrap();
        events.iter().map(|event| event.seq).collect::<Vec<_>>()
    };
    assert_eq!(seqs(0, 100).await, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(seqs(3, 2).await, [4, 5]);
    assert_eq!(seqs(7, 100).await, [0_u64; 0]);
}

pub async fn the_stored_state_is_the_replay_of_the_log(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.released().await;
    scene.deploy().await;
    let claim = scene.claim().await;
    scene.fail(&claim).await;
    let waiting = scene.deploy().await;
    let filter = crate::store::DeploymentFilter::default();
    let page = store.list_deployments(&filter, crate::model::PageRequest::first());
    let deployments = page.await.unwrap().items;
    assert_eq!(deployments[0].id, waiting.id);
    for deployment in deployments {
        let log = scene.log(deployment.id).await;
        assert_eq!(replay(&log).unwrap(), deployment.state);
    }
}

pub async fn an_illegal_event_is_refused_and_nothing_is_written(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let deployment = scene.deploy().await;
    let claim = scene.claim().await;
    let id = deployment.id;
    // A success that was not verified.
    let events = [claimed(&claim), succeeded(ReleaseId::new())];
    refused(
        scene.append(id, events, Some(claim.fence)).await,
        ErrorKind::Unexpected,
    );
    assert_eq!(scene.find(id).await, deployment);
    assert_eq!(scene.log(id).await.len(), 1);
}

pub async fn a_terminal_deployment_is_final(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    scene.fail(&claim).await;
    let id = claim.deployment.id;
    let before = scene.find(id).await;
    let cancel = EventKind::CancelRequested { actor: None };
    refused(
        scene.append(id, [cancel], None).await,
        ErrorKind::Unexpected,
    );
    // Also when the caller's state is older than the end.
    let late = append(
        id,
        claim.deployment.state.clone(),
        [claimed(&claim)],
        Some(claim.fence),
    );
    refused(store.append_events(&late).await, ErrorKind::LeaseLost);
    let late = append(
        id,
        claim.deployment.state,
        [EventKind::CancelRequested { actor: None }],
        None,
    );
    refused(store.append_events(&late).await, ErrorKind::Conflict);
    assert_eq!(scene.find(id).await, before);
}

pub async fn a_success_is_rolled_back_by_a_later_deployment(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let first = scene.released().await;
    let by = scene.deploy().await.id;
    let rolled_back = EventKind::RolledBack {
        reason: Reason::Requested,
        release_id: None,
        failure: None,
        by: Some(by),
    };
    let id = first.deployment_id;
    let state = scene.append(id, [rolled_back.clone()], None).await.unwrap();
    assert_eq!(state.status, Status::RolledBack);
    assert_eq!(scene.state(id).await, state);
    refused(
        scene.append(id, [rolled_back], None).await,
        ErrorKind::Unexpected,
    );
    // The one that waits is not disturbed.
    assert_eq!(scene.claim().await.deployment.id, by);
}

pub async fn a_success_is_observed_without_a_lease(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let id = scene.released().await.deployment_id;
    let degraded = EventKind::Degraded {
        message: "one of two replicas is healthy".to_owned(),
        tasks: Vec::new(),
    };
    let state = scene.append(id, [degraded], None).await.unwrap();
    assert!(state.degraded);
    let recovered = EventKind::Recovered;
    let state = scene.append(id, [recovered], None).await.unwrap();
    assert!(!state.degraded);
    assert_eq!(scene.state(id).await.status, Status::Success);
}

pub async fn a_caller_may_not_write_what_is_a_workers(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    let id = claim.deployment.id;
    let workers = [claimed(&claim), warned("careful"), failed()];
    for kind in workers {
        refused(scene.append(id, [kind], None).await, ErrorKind::Unexpected);
    }
    assert_eq!(scene.log(id).await.len(), 1);
}

pub async fn a_caller_cancels_a_waiting_deployment_and_it_leaves_the_queue(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let deployments = [
        scene.deploy().await,
        scene.deploy().await,
        scene.deploy().await,
    ];
    // The first is the next to start, the second waits behind it.
    for deployment in &deployments[..2] {
        let state = scene
            .append(deployment.id, cancelled(), None)
            .await
            .unwrap();
        assert_eq!(state.status, Status::Cancelled);
    }
    assert_eq!(store.queue_stats().await.unwrap().waiting, 1);
    let claim = scene.claim().await;
    assert_eq!(claim.deployment.id, deployments[2].id);
    scene.fail(&claim).await;
    assert!(scene.try_claim(LEASE).await.is_none());
}

pub async fn a_caller_cannot_end_what_a_worker_has_begun(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    scene.work(&claim, [claimed(&claim)]).await;
    let id = claim.deployment.id;
    refused(
        scene.append(id, cancelled(), None).await,
        ErrorKind::Unexpected,
    );
    let ask = EventKind::CancelRequested { actor: None };
    let state = scene.append(id, [ask], None).await.unwrap();
    assert!(state.cancel_requested && !state.status.is_terminal());
    // The worker ends it when the work has stopped.
    let stopped = EventKind::Cancelled {
        message: "stopped".to_owned(),
    };
    scene.work(&claim, [stopped]).await;
    assert_eq!(scene.state(id).await.status, Status::Cancelled);
}

pub async fn a_terminal_event_ends_the_claim(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    scene.fail(&claim).await;
    let renewed = store.renew_lease(claim.deployment.id, claim.fence, LEASE);
    refused(renewed.await, ErrorKind::LeaseLost);
    let stats = store.queue_stats().await.unwrap();
    assert_eq!((stats.waiting, stats.active), (0, 0));
}

pub async fn the_next_of_the_application_starts_after_a_terminal_event(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    scene.deploy().await;
    let next = scene.deploy().await;
    let claim = scene.claim().await;
    assert!(scene.try_claim(LEASE).await.is_none());
    scene.succeed(&claim).await;
    assert_eq!(scene.claim().await.deployment.id, next.id);
}

pub async fn promote_makes_a_release_stable_and_current_in_the_same_transaction(
    store: Arc<dyn Store>,
) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    let release = scene.make_release(&claim).await;
    let id = scene.application.id;
    let before = store.find_application(id).await.unwrap().unwrap();
    assert_eq!(before.current_release_id, None);
    scene.succeed_with(&claim, release.id).await;

    let application = store.find_application(id).await.unwrap().unwrap();
    assert_eq!(application.current_release_id, Some(release.id));
    let stable = store.find_release(release.id).await.unwrap().unwrap();
    assert_eq!(
        stable.stable_at,
        Some(scene.find(claim.deployment.id).await.updated_at)
    );

    // Going back to it later does not change when it proved itself.
    scene.deploy().await;
    let claim = scene.claim().await;
    scene.succeed_with(&claim, release.id).await;
    assert_eq!(store.find_release(release.id).await.unwrap(), Some(stable));
}

pub async fn promote_of_an_absent_release_writes_nothing(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let other = scene.released().await;
    let application = scene.another_application().await;
    let deployment = scene.deploy_of(&application).await;
    let claim = scene.claim().await;
    // Neither one that does not exist nor one of another application.
    for promote in [ReleaseId::new(), other.id] {
        let [started, finished] = verified();
        let events = vec![claimed(&claim), started, finished, succeeded(promote)];
        let append = Append {
            deployment: deployment.id,
            before: deployment.state.clone(),
            events,
            fence: Some(claim.fence),
            promote: Some(promote),
            at: now(),
        };
        refused(store.append_events(&append).await, ErrorKind::NotFound);
        assert_eq!(scene.find(deployment.id).await, deployment);
        assert_eq!(scene.log(deployment.id).await.len(), 1);
    }
}

fn cancelled() -> [EventKind; 2] {
    [
        EventKind::CancelRequested { actor: None },
        EventKind::Cancelled {
            message: "cancelled before it began".to_owned(),
        },
    ]
}
