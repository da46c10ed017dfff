//! A sink of events: what it is told, and what its errors do.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dokploy_core::deployment::{Event, EventKind, Reason, Status, Step};
use dokploy_core::id::DeploymentId;
use dokploy_core::model::{DeploymentRequest, SupersedePolicy};
use dokploy_core::{DeployRequest, Deployer, Engine, Error, ErrorKind, EventSink, Result};
use futures::StreamExt;

use crate::world::{App, FOREVER, Script, World, end, texts};

/// Remembers every event, and refuses the first one of a kind.
#[derive(Debug, Default)]
struct Notes {
    events: Mutex<Vec<Event>>,
    refuses: Option<&'static str>,
    hangs: bool,
}

impl Notes {
    fn of(&self, id: DeploymentId) -> Vec<Event> {
        let events = self.events.lock().unwrap();
        let of = events.iter().filter(|event| event.deployment_id == id);
        of.cloned().collect()
    }
}

#[async_trait]
impl EventSink for Notes {
    async fn event(&self, event: &Event) -> Result<()> {
        self.events.lock().unwrap().push(event.clone());
        if self.refuses == Some(event.kind.name()) {
            if self.hangs {
                tokio::time::sleep(FOREVER).await;
            }
            // The saga has a meaning of its own for this kind, which a sink must not reach.
            let error = Error::new(ErrorKind::LeaseLost, "the pager is out of order");
            return Err(error.with_hint("mend it"));
        }
        Ok(())
    }
}

async fn engine(world: &World, notes: &Arc<Notes>) -> Engine {
    let builder = world.builder(&Script::new(), world.bus.clone(), |_| {});
    builder.event_sink(notes.clone()).start().await.unwrap()
}

async fn app<'a>(world: &'a World, notes: &Arc<Notes>) -> App<'a> {
    let engine = engine(world, notes).await;
    world.app(&engine, |_| {}).await
}

async fn written(app: &App<'_>, id: DeploymentId) -> Vec<Event> {
    let events = app.engine.watch(id, 0).map(Result::unwrap);
    events.collect().await
}

#[tokio::test(start_paused = true)]
async fn a_sink_is_told_every_event_once_and_in_order() {
    let world = World::new();
    let notes = Arc::<Notes>::default();
    let app = app(&world, &notes).await;
    app.commit("v1");
    let handle = app.deploy().await;
    end(&handle).await;
    app.engine.shutdown().await;
    assert_eq!(notes.of(handle.id()), written(&app, handle.id()).await);
}

#[tokio::test(start_paused = true)]
async fn a_sink_is_told_of_what_nobody_worked_on_and_of_what_a_rollback_marks() {
    let world = World::new();
    let notes = Arc::<Notes>::default();
    let app = app(&world, &notes).await;
    app.deploy_version("v1").await;
    let second = app.deploy_version("v2").await;
    app.commit("v3");
    let running = app.deploy().await;
    while running.get().await.unwrap().state.attempt == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let superseded = app.deploy().await;
    let waiting = app.deploy().await;
    waiting.cancel(None).await.unwrap();
    for id in [superseded.id(), waiting.id()] {
        assert_eq!(notes.of(id), written(&app, id).await);
    }
    end(&running).await;

    let back = dokploy_core::RollbackRequest {
        application: app.application.id,
        release: second.state.release_id,
        actor: None,
        idempotency_key: None,
    };
    let back = app.engine.roll_back(back).await.unwrap();
    end(&back).await;
    let marked = notes.of(running.id()).pop().unwrap();
    assert!(
        matches!(marked.kind, EventKind::RolledBack { by: Some(by), .. } if by == back.id()),
        "{marked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_fails_fails_the_deployment_with_its_message() {
    for refuses in ["accepted", "claimed", "step_started", "step_finished"] {
        let world = World::new();
        let notes = Arc::new(Notes {
            refuses: Some(refuses),
            ..Notes::default()
        });
        let app = app(&world, &notes).await;
        let deployment = app.deploy_version("v1").await;
        assert_eq!(deployment.state.status, Status::Failed, "{refuses}");
        assert_eq!(deployment.state.reason, Reason::StepFailed, "{refuses}");
        let failure = deployment.state.failure.unwrap();
        assert_eq!(failure.code, ErrorKind::Unexpected);
        assert_eq!(
            failure.message,
            "the event sink failed: the pager is out of order"
        );
        assert_eq!(failure.hint.as_deref(), Some("mend it"));
        assert!(app.service().await.is_none(), "{refuses}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_fails_in_mid_rollout_brings_the_release_before_back() {
    let world = World::new();
    let notes = Arc::<Notes>::default();
    let app = app(&world, &notes).await;
    app.deploy_version("v1").await;
    app.engine.shutdown().await;

    let notes = Arc::new(Notes {
        refuses: Some("step_progressed"),
        ..Notes::default()
    });
    let app = App {
        engine: engine(&world, &notes).await,
        ..app
    };
    app.commit("v2");
    let deployment = end(&app.deploy().await).await;
    assert_eq!(deployment.state.status, Status::RolledBack);
    let failure = deployment.state.failure.unwrap();
    assert_eq!(failure.step, Some(Step::AwaitHealthy));
    assert!(failure.message.contains("the pager is out of order"));
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_fails_at_the_end_changes_nothing() {
    let world = World::new();
    let notes = Arc::new(Notes {
        refuses: Some("succeeded"),
        ..Notes::default()
    });
    let app = app(&world, &notes).await;
    let deployment = app.deploy_version("v1").await;
    assert_eq!(deployment.state.status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn a_sink_that_hangs_is_not_waited_for_without_end() {
    let world = World::new();
    let notes = Arc::new(Notes {
        refuses: Some("step_started"),
        hangs: true,
        ..Notes::default()
    });
    let app = app(&world, &notes).await;
    let begun = tokio::time::Instant::now();
    app.commit("v1");
    let request = DeployRequest {
        request: DeploymentRequest {
            supersede: SupersedePolicy::Never,
            ..DeploymentRequest::default()
        },
        ..DeployRequest::of(app.application.id)
    };
    let handle = app.engine.deploy(request).await.unwrap();
    let deployment = end(&handle).await;
    assert!(
        begun.elapsed() < Duration::from_mins(1),
        "{:?}",
        begun.elapsed()
    );
    let failure = deployment.state.failure.unwrap();
    assert_eq!(
        failure.message,
        "the event sink failed: no answer within 10 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_successor_tells_what_it_writes_itself() {
    let world = World::new();
    let first = Arc::<Notes>::default();
    let app = app(&world, &first).await;
    app.commit("v1");
    let handle = app.deploy().await;
    while !handle
        .get()
        .await
        .unwrap()
        .state
        .is_finished(Step::FetchSource)
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    app.engine.shutdown().await;

    let second = Arc::<Notes>::default();
    let app = App {
        engine: engine(&world, &second).await,
        ..app
    };
    end(&app.engine_handle(handle.id())).await;
    app.engine.shutdown().await;
    let mut told = first.of(handle.id());
    told.extend(second.of(handle.id()));
    assert_eq!(told, written(&app, handle.id()).await);
}
