//! Who gets which deployment.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;

use super::scene::{LEASE, Scene, append, claimed, failed, new_deployment};
use crate::id::{ApplicationId, DeploymentId, WorkerId};
use crate::model::SupersedePolicy;
use crate::store::{Claim, NewDeployment, Store};

pub async fn claim_next_answers_none_when_nothing_waits(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    assert!(scene.try_claim(LEASE).await.is_none());
    scene.deploy().await;
    scene.claim().await;
    assert!(scene.try_claim(LEASE).await.is_none());
}

pub async fn claim_next_takes_the_oldest_of_an_application_and_one_at_a_time(
    store: Arc<dyn Store>,
) {
    let scene = Scene::new(store).await;
    let other = scene.another_application().await;
    let first = scene.deploy().await;
    scene.deploy().await;
    let of_other = scene.deploy_of(&other).await;
    let claim = scene.claim().await;
    assert_eq!(claim.deployment, first);
    // The second of the application has to wait, another application does not.
    assert_eq!(scene.claim().await.deployment.id, of_other.id);
    assert!(scene.try_claim(LEASE).await.is_none());
}

pub async fn claim_next_raises_epoch_and_attempt(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let claim = scene.claim().await;
    assert_eq!(claim.fence.worker, scene.worker);
    assert_eq!((claim.fence.epoch, claim.attempt), (1, 1));
    // The log does not hold it yet: the worker writes it down.
    assert_eq!(claim.deployment.state.seq, 1);
    scene.work(&claim, [claimed(&claim)]).await;
    assert_eq!(scene.state(claim.deployment.id).await.attempt, 1);
}

pub async fn projects_take_turns(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let mut applications = vec![scene.application.clone()];
    for _ in 0..2 {
        let project = scene.another_project().await;
        applications.push(scene.application_in(project.id).await);
    }
    for application in &applications {
        for _ in 0..3 {
            scene.deploy_of(application).await;
        }
    }
    let mut served = Vec::new();
    for _ in 0..9 {
        let claim = scene.claim().await;
        served.push(claim.deployment.project_id);
        scene.fail(&claim).await;
    }
    let round: HashSet<_> = served[..3].iter().collect();
    assert_eq!(round.len(), 3, "{served:?}");
    assert_eq!(served[..3], served[3..6]);
    assert_eq!(served[..3], served[6..]);
}

pub async fn the_project_with_the_fewest_active_deployments_is_next(store: Arc<dyn Store>) {
    let scene = Scene::new(store).await;
    let busy = scene.another_project().await;
    for _ in 0..3 {
        let application = scene.application_in(busy.id).await;
        scene.deploy_of(&application).await;
    }
    let running = scene.claim().await;
    assert_eq!(running.deployment.project_id, busy.id);
    // Served more often and later than the other one, but nothing of it runs.
    for _ in 0..2 {
        scene.deploy().await;
        let claim = scene.claim().await;
        assert_eq!(claim.deployment.project_id, scene.project.id);
        scene.fail(&claim).await;
    }
    scene.deploy().await;
    let projects = [
        scene.claim().await.deployment.project_id,
        scene.claim().await.deployment.project_id,
    ];
    assert_eq!(projects, [scene.project.id, busy.id]);
}

pub async fn a_long_queue_of_one_project_does_not_delay_another(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let crowd = scene.another_project().await;
    for _ in 0..30 {
        let application = scene.application_in(crowd.id).await;
        scene.deploy_of(&application).await;
    }
    let slots = [
        scene.claim().await,
        scene.claim().await,
        scene.claim().await,
    ];
    let urgent = scene.deploy().await;
    // The first slot that becomes free is its.
    scene.fail(&slots[1]).await;
    assert_eq!(scene.claim().await.deployment.id, urgent.id);
}

pub async fn racing_workers_never_get_the_same_claim(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let mut expected = HashSet::new();
    for _ in 0..4 {
        let project = scene.another_project().await;
        for _ in 0..6 {
            let application = scene.application_in(project.id).await;
            expected.insert(scene.deploy_of(&application).await.id);
        }
    }
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        workers.spawn(async move { drain(&store, WorkerId::new()).await });
    }
    let claims: Vec<Claim> = workers.join_all().await.into_iter().flatten().collect();
    let ids: HashSet<_> = claims.iter().map(|claim| claim.deployment.id).collect();
    assert_eq!(claims.len(), ids.len(), "one deployment was claimed twice");
    assert_eq!(ids, expected);
}

pub async fn racing_workers_leave_nothing_behind(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    // As many projects as workers: each finds one, although all look at the same first.
    for _ in 0..8 {
        let project = scene.another_project().await;
        let application = scene.application_in(project.id).await;
        scene.deploy_of(&application).await;
    }
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        workers.spawn(async move { store.claim_next(WorkerId::new(), LEASE, false).await });
    }
    for claim in workers.join_all().await {
        assert!(claim.unwrap().is_some());
    }
}

pub async fn an_application_never_has_two_active_deployments(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let mut applications = vec![scene.application.clone()];
    applications.push(scene.another_application().await);
    for application in &applications {
        for _ in 0..10 {
            scene.deploy_of(application).await;
        }
    }
    let ledger = Arc::new(Ledger::default());
    work_off(&store, 8, 20, &ledger).await;
    assert_eq!(ledger.finished().len(), 20);
}

pub async fn deployments_of_an_application_run_in_the_order_of_acceptance(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let other = scene.another_application().await;
    // Ids come from the clocks of the callers, which may be wrong: here they fall while time goes on.
    let mut ids: Vec<_> = (0..20).map(|_| DeploymentId::new()).collect();
    let mut accepted: HashMap<ApplicationId, Vec<DeploymentId>> = HashMap::new();
    for _ in 0..10 {
        for application in [&scene.application, &other] {
            let mut new = new_deployment(application);
            new.deployment.id = ids.pop().unwrap();
            let deployment = scene.accept(&new).await;
            let of_application = accepted.entry(application.id).or_default();
            of_application.push(deployment.id);
        }
    }
    let ledger = Arc::new(Ledger::default());
    work_off(&store, 6, 20, &ledger).await;
    for (application, ids) in accepted {
        let ran: Vec<_> = ledger
            .finished()
            .into_iter()
            .filter(|(owner, _)| *owner == application)
            .map(|(_, id)| id)
            .collect();
        assert_eq!(ran, ids);
    }
}

pub async fn what_runs_last_is_the_newest_while_deliveries_race(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let ledger = Arc::new(Ledger::default());
    let mut workers = JoinSet::new();
    for _ in 0..4 {
        let (store, ledger) = (store.clone(), ledger.clone());
        workers.spawn(async move { work(&store, WorkerId::new(), &ledger, || false).await });
    }
    let mut last = None;
    for _ in 0..40 {
        let new = NewDeployment {
            supersede: SupersedePolicy::Queued,
            ..new_deployment(&scene.application)
        };
        let created = store.create_deployment(&new).await.unwrap();
        last = Some((scene.application.id, created.deployment.id));
    }
    let done = async {
        while ledger.finished().last().copied() != last {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LEASE, done).await.unwrap();
    workers.shutdown().await;
}

pub async fn resume_only_takes_no_waiting_one(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    scene.deploy().await;
    let other = scene.another_application().await;
    scene.deploy_of(&other).await;
    let claim = scene.claim().await;
    let resumed = store.claim_next(WorkerId::new(), LEASE, true);
    assert!(resumed.await.unwrap().is_none());
    let id = claim.deployment.id;
    store.release_lease(id, claim.fence).await.unwrap();
    let resumed = store.claim_next(WorkerId::new(), LEASE, true);
    assert_eq!(resumed.await.unwrap().unwrap().deployment.id, id);
}

pub async fn queue_stats_count_what_waits_and_what_runs(store: Arc<dyn Store>) {
    let scene = Scene::new(store.clone()).await;
    let empty = store.queue_stats().await.unwrap();
    assert_eq!(empty, crate::store::QueueStats::default());
    for _ in 0..3 {
        scene.deploy().await;
    }
    let claim = scene.claim().await;
    let stats = store.queue_stats().await.unwrap();
    assert_eq!((stats.waiting, stats.active), (2, 1));
    let grows = async {
        while store.queue_stats().await.unwrap().oldest_wait < Duration::from_millis(50) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(LEASE, grows).await.unwrap();
    // One that was handed back is still under way.
    let id = claim.deployment.id;
    store.release_lease(id, claim.fence).await.unwrap();
    let stats = store.queue_stats().await.unwrap();
    assert_eq!((stats.waiting, stats.active), (2, 1));
}

/// Claims until nothing is left, and keeps what it has.
async fn drain(store: &Arc<dyn Store>, worker: WorkerId) -> Vec<Claim> {
    let mut claims = Vec::new();
    while let Some(claim) = store.claim_next(worker, LEASE, false).await.unwrap() {
        claims.push(claim);
    }
    claims
}

/// What runs at this moment, and what ran, in the order in which it began.
#[derive(Default)]
struct Ledger {
    active: Mutex<HashSet<ApplicationId>>,
    finished: Mutex<Vec<(ApplicationId, DeploymentId)>>,
}

impl Ledger {
    fn begin(&self, claim: &Claim) {
        let application = claim.deployment.application_id;
        let alone = self.active.lock().unwrap().insert(application);
        assert!(alone, "two deployments of one application are active");
        let entry = (application, claim.deployment.id);
        self.finished.lock().unwrap().push(entry);
    }

    fn end(&self, application: ApplicationId) {
        self.active.lock().unwrap().remove(&application);
    }

    fn finished(&self) -> Vec<(ApplicationId, DeploymentId)> {
        self.finished.lock().unwrap().clone()
    }
}

/// Claims and ends deployments until told to stop.
async fn work(store: &Arc<dyn Store>, worker: WorkerId, ledger: &Ledger, stop: impl Fn() -> bool) {
    while !stop() {
        let claim = store.claim_next(worker, LEASE, false).await.unwrap();
        let Some(claim) = claim else {
            tokio::task::yield_now().await;
            continue;
        };
        ledger.begin(&claim);
        let append = append(
            claim.deployment.id,
            claim.deployment.state.clone(),
            [claimed(&claim), failed()],
            Some(claim.fence),
        );
        // Before the append: afterwards another worker may begin at once.
        ledger.end(claim.deployment.application_id);
        store.append_events(&append).await.unwrap();
    }
}

async fn work_off(store: &Arc<dyn Store>, workers: usize, count: usize, ledger: &Arc<Ledger>) {
    let mut set = JoinSet::new();
    for _ in 0..workers {
        let (store, ledger) = (store.clone(), ledger.clone());
        set.spawn(async move {
            let stop = || ledger.finished().len() >= count;
            work(&store, WorkerId::new(), &ledger, stop).await;
        });
    }
    let done = set.join_all();
    tokio::time::timeout(LEASE, done).await.unwrap();
}
