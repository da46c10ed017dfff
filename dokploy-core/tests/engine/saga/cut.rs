//! The log cut after every event. The swarm is as the finished run left it: everything happened, and only the
//! first events of it were written down.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::Store;
use dokploy_core::deployment::{DeploymentState, Event, EventKind, Step, StepOutput};
use dokploy_core::id::WorkerId;
use dokploy_core::model::{Deployment, PageRequest, Reach, SupersedePolicy};
use dokploy_core::store::{
    Append, ApplicationFilter, DeploymentFilter, Fence, MemoryStore, NewDeployment,
};
use futures::StreamExt;

use super::scene::{Scenario, Scene};
use crate::world::{Script, outcome};

/// A lease that nobody renews.
const LEASE: Duration = Duration::from_secs(10);

/// Writes what one store holds into another one, the log of the last deployment only up to a number of events.
struct Copy<'a> {
    from: &'a dyn Store,
    to: &'a dyn Store,
    worker: WorkerId,
}

impl Copy<'_> {
    async fn everything(&self, last_events: usize) {
        for project in self
            .from
            .list_projects(&Reach::All, PageRequest::first())
            .await
            .unwrap()
            .items
        {
            self.to.create_project(&project).await.unwrap();
        }
        let page = self
            .from
            .list_applications(&ApplicationFilter::default(), PageRequest::first())
            .await
            .unwrap();
        for mut application in page.items {
            application.current_release_id = None;
            self.to.create_application(&application).await.unwrap();
        }
        let filter = DeploymentFilter::default();
        let mut deployments = self
            .from
            .list_deployments(&filter, PageRequest::first())
            .await
            .unwrap();
        let newest = deployments.items.remove(0);
        for deployment in deployments.items.into_iter().rev() {
            self.deployment(&deployment, usize::MAX).await;
        }
        self.deployment(&newest, last_events).await;
    }

    async fn deployment(&self, deployment: &Deployment, events_max: usize) {
        let events = self.from.events(deployment.id, 0, 10_000).await.unwrap();
        let new = NewDeployment {
            deployment: Deployment {
                state: DeploymentState::accepted(deployment.kind),
                ..deployment.clone()
            },
            accepted: events[0].kind.clone(),
            supersede: SupersedePolicy::Never,
            idempotency_key: None,
            queue_max: 1000,
        };
        let created = self.to.create_deployment(&new).await.unwrap();
        let mut state = created.deployment.state;
        let mut fence = None;
        for event in events.iter().take(events_max).skip(1) {
            if matches!(event.kind, EventKind::Claimed { .. }) {
                let claim = self
                    .to
                    .claim_next(self.worker, LEASE, false)
                    .await
                    .unwrap()
                    .unwrap();
                assert_eq!(claim.deployment.id, deployment.id);
                fence = Some(claim.fence);
            }
            self.release_of(event, fence).await;
            state = self.event(event, state, fence).await;
        }
    }

    /// A release is written before the event that names it.
    async fn release_of(&self, event: &Event, fence: Option<Fence>) {
        let EventKind::StepFinished {
            output: StepOutput::Applied { release_id, .. },
            ..
        } = &event.kind
        else {
            return;
        };
        let release = self.from.find_release(*release_id).await.unwrap().unwrap();
        if release.deployment_id == event.deployment_id {
            let release = dokploy_core::model::Release {
                stable_at: None,
                ..release
            };
            self.to
                .create_release(&release, fence.unwrap())
                .await
                .unwrap();
        }
    }

    async fn event(
        &self,
        event: &Event,
        before: DeploymentState,
        fence: Option<Fence>,
    ) -> DeploymentState {
        let (promote, fence) = match &event.kind {
            EventKind::Succeeded { release_id, .. } => (Some(*release_id), fence),
            EventKind::CancelRequested { .. } | EventKind::RolledBack { by: Some(_), .. } => {
                (None, None)
            }
            _ => (None, fence),
        };
        let append = Append {
            deployment: event.deployment_id,
            before,
            events: vec![event.kind.clone()],
            fence,
            promote,
            at: event.at,
        };
        self.to.append_events(&append).await.unwrap().1
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_cut_after_any_event_is_resumed_to_the_same_end() {
    for scenario in Scenario::ALL {
        let mut cut = 1;
        loop {
            let scene = Scene::new(scenario, Script::new()).await;
            let ended = scene.run().await;
            let handle = scene.app().engine_handle(ended.id);
            let events: Vec<_> = handle.events(0).map(Result::unwrap).collect().await;
            if cut >= events.len() {
                break;
            }
            let written = |which: fn(&EventKind) -> bool| {
                events[..cut].iter().any(|event| which(&event.kind))
            };
            let is_told = match scenario {
                // What a person asked for is only resumed where it was written down.
                Scenario::Cancelled => {
                    written(|event| matches!(event, EventKind::CancelRequested { .. }))
                }
                // A broken first version is stopped only after its failure is written down; before, a service
                // without tasks is somebody else's doing.
                Scenario::FirstBad => {
                    written(|event| matches!(event, EventKind::StepFailed { .. }))
                }
                _ => true,
            };
            if is_told {
                Box::pin(resume(scene, &ended, cut)).await;
            }
            cut += 1;
        }
    }
}

async fn resume(scene: Scene, ended: &Deployment, cut: usize) {
    let what = format!("{:?} cut after event {cut}", scene.scenario);
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let copy = Copy {
        from: scene.world.store.as_ref(),
        to: store.as_ref(),
        worker: WorkerId::new(),
    };
    copy.everything(cut).await;
    scene.shut_down().await;
    let scene = scene.on_store(store).await;
    let resumed = crate::world::end(&scene.app().engine_handle(ended.id)).await;
    assert_eq!(outcome(&resumed), outcome(ended), "{what}");
    scene.check(&resumed, outcome(ended)).await;
    let made = |deployment: &Deployment| {
        matches!(
            deployment.state.output(Step::ApplyService),
            Some(StepOutput::Applied { .. })
        )
    };
    assert_eq!(made(&resumed), made(ended), "{what}");
}
