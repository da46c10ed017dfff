//! Deployments of every kind, each in a world of its own.

use std::sync::{Arc, Mutex};

use dokploy_core::deployment::{Reason, Status, replay};
use dokploy_core::model::{Application, CommandLine, Deployment};
use dokploy_core::runtime::{FakeBehavior, FakeEffect, OwnedKind};
use dokploy_core::{Deployer, DeploymentHandle, Engine, RollbackRequest, Store};
use futures::StreamExt;

use crate::world::{Action, App, SECOND, Script, World, end, texts};

/// What is deployed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scenario {
    /// The first version, which is good.
    FirstGood,
    /// The first version, which is bad.
    FirstBad,
    /// A good version after a good one.
    SecondGood,
    /// A bad version after a good one.
    SecondBad,
    /// The same version again.
    Unchanged,
    /// A good version that is cancelled during its rollout.
    Cancelled,
    /// Back to a version that is good.
    Rollback,
    /// Back to a version that is bad by now.
    RollbackBad,
}

impl Scenario {
    pub(super) const ALL: [Self; 8] = [
        Self::FirstGood,
        Self::FirstBad,
        Self::SecondGood,
        Self::SecondBad,
        Self::Unchanged,
        Self::Cancelled,
        Self::Rollback,
        Self::RollbackBad,
    ];

    /// How it ends when nothing disturbs it.
    pub(super) const fn outcome(self) -> (Status, Reason) {
        match self {
            Self::FirstGood | Self::SecondGood | Self::Rollback => {
                (Status::Success, Reason::Healthy)
            }
            Self::FirstBad => (Status::Failed, Reason::NothingToRestore),
            Self::SecondBad => (Status::RolledBack, Reason::Unhealthy),
            Self::Unchanged => (Status::Success, Reason::Unchanged),
            Self::Cancelled => (Status::Cancelled, Reason::Requested),
            Self::RollbackBad => (Status::Failed, Reason::RollbackFailed),
        }
    }

    const fn is_first(self) -> bool {
        matches!(self, Self::FirstGood | Self::FirstBad)
    }

    const fn is_rollback(self) -> bool {
        matches!(self, Self::Rollback | Self::RollbackBad)
    }
}

/// One scenario, prepared up to the deployment that matters.
pub(super) struct Scene {
    pub(super) scenario: Scenario,
    pub(super) world: World,
    pub(super) script: Arc<Script>,
    pub(super) application: Application,
    url: String,
    engine: Mutex<Engine>,
    done_before: usize,
}

impl Scene {
    pub(super) async fn new(scenario: Scenario, script: Arc<Script>) -> Self {
        let world = World::new();
        let engine = world.scripted_engine(&script, |_| {}).await;
        let app = world
            .app(&engine, |spec| {
                spec.registry = Some("registry.example/team".to_owned());
                spec.release_command = Some(CommandLine::Shell("migrate".to_owned()));
            })
            .await;
        let (application, url) = (app.application.clone(), app.url.clone());
        if !scenario.is_first() {
            assert_eq!(app.deploy_version("v1").await.state.status, Status::Success);
        }
        if scenario.is_rollback() {
            assert_eq!(app.deploy_version("v2").await.state.status, Status::Success);
        }
        drop(app);
        let done_before = world.runtime.journal().len();
        let engine = Mutex::new(engine);
        Self {
            scenario,
            world,
            script,
            application,
            url,
            engine,
            done_before,
        }
    }

    pub(super) fn app(&self) -> App<'_> {
        App {
            world: &self.world,
            engine: self.engine.lock().unwrap().clone(),
            application: self.application.clone(),
            url: self.url.clone(),
        }
    }

    /// Ends the engine, gracefully.
    pub(super) async fn shut_down(&self) {
        let engine = self.engine.lock().unwrap().clone();
        engine.shutdown().await;
    }

    /// Goes on with the same swarm and another store.
    pub(super) async fn on_store(self, store: Arc<dyn Store>) -> Self {
        // Counted from here on: what the finished run took away for good is done again.
        let done_before = self.world.runtime.journal().len();
        let scene = Self {
            world: self.world.with_store(store),
            done_before,
            ..self
        };
        scene.take_over(Script::new()).await;
        scene
    }

    /// Asks for the deployment that matters.
    pub(super) async fn begin(&self) -> DeploymentHandle {
        let app = self.app();
        let crash = FakeBehavior::crashes_after(2 * SECOND);
        match self.scenario {
            Scenario::FirstGood => drop(app.commit("v1")),
            Scenario::FirstBad => drop(app.commit_that("v1", crash)),
            Scenario::SecondGood | Scenario::Cancelled => drop(app.commit("v2")),
            Scenario::SecondBad => drop(app.commit_that("v2", crash)),
            Scenario::Unchanged | Scenario::Rollback => {}
            Scenario::RollbackBad => self.world.runtime.choose_behavior(move |launch| {
                let is_back = launch.labels["dokploy.rollout"].ends_with("/apply_service");
                is_back.then(|| crash.clone())
            }),
        }
        if !self.scenario.is_rollback() {
            return app.deploy().await;
        }
        let request = RollbackRequest {
            application: self.application.id,
            release: None,
            actor: None,
            idempotency_key: None,
        };
        app.engine.roll_back(request).await.unwrap()
    }

    /// Runs it to its end. A worker that ends by an injected error is followed by another one of the same engine.
    pub(super) async fn run(&self) -> Deployment {
        let handle = self.begin().await;
        self.cancel_in_time(&handle).await;
        end(&handle).await
    }

    /// Runs it while engine after engine crashes, at the same point each.
    pub(super) async fn run_through_crashes(&self, most: u32) -> Deployment {
        let point_of_crash = self.script.first_planned().expect("a crash is planned");
        let handle = self.begin().await;
        for crashes in 1..=most {
            let current = self.script_now();
            let has_ended = tokio::select! {
                () = current.reached() => false,
                _ = self.cancel_and_wait(&handle) => true,
            };
            if has_ended {
                break;
            }
            let script = Script::new();
            if crashes < most {
                script.add(point_of_crash, Action::Crash);
            }
            self.take_over(script).await;
        }
        let ended = self.cancel_and_wait(&handle).await;
        // Whatever did not happen is not to happen in what follows.
        self.script_now().forget();
        self.take_over(Script::new()).await;
        ended
    }

    /// What happened at points of the engine that runs now.
    fn script_now(&self) -> Arc<Script> {
        let scripts = self.world.scripts();
        scripts.last().cloned().unwrap()
    }

    async fn take_over(&self, script: Arc<Script>) {
        let engine = self.world.scripted_engine(&script, |_| {}).await;
        *self.engine.lock().unwrap() = engine;
    }

    async fn cancel_and_wait(&self, handle: &DeploymentHandle) -> Deployment {
        self.cancel_in_time(handle).await;
        end(handle).await
    }

    /// Cancels in the middle of the rollout, where the scenario wants it.
    async fn cancel_in_time(&self, handle: &DeploymentHandle) {
        if self.scenario != Scenario::Cancelled {
            return;
        }
        loop {
            let state = handle.get().await.unwrap().state;
            if state.status.is_terminal() || state.cancel_requested {
                return;
            }
            if state.progress > 70 {
                handle.cancel(None).await.unwrap();
                return;
            }
            tokio::time::sleep(SECOND / 20).await;
        }
    }

    /// Checks what has to hold at every end.
    pub(super) async fn check(&self, ended: &Deployment, (status, reason): (Status, Reason)) {
        let what = format!("{:?} {status} {reason:?}", self.scenario);
        let app = self.app();
        // The state is what the log says, and the log is legal.
        let handle = app.engine_handle(ended.id);
        let log: Vec<_> = handle.events(0).map(Result::unwrap).collect().await;
        assert_eq!(
            replay(&log).unwrap(),
            handle.get().await.unwrap().state,
            "{what}"
        );

        let serving = app.serving().await;
        let expected = match (self.scenario, status) {
            (Scenario::SecondGood, Status::Success) => texts(["v2"]),
            (_, Status::Success) => texts(["v1"]),
            (Scenario::FirstGood | Scenario::FirstBad, _) => texts([]),
            // Held for a person to look at.
            (_, Status::Failed) if reason == Reason::RollbackFailed => serving.clone(),
            (Scenario::Rollback | Scenario::RollbackBad, _) => texts(["v2"]),
            _ => texts(["v1"]),
        };
        assert_eq!(serving, expected, "{what}");

        // Nothing is left but the one service, and nothing was done twice.
        assert_eq!(self.world.one_offs().1, 0, "{what}: a task was left");
        assert!(
            self.world.owned(OwnedKind::Service).await.len() <= 1,
            "{what}"
        );
        let done = &self.world.runtime.journal()[self.done_before..];
        let count =
            |which: fn(&FakeEffect) -> bool| done.iter().filter(|effect| which(effect)).count();
        assert!(
            count(|effect| matches!(effect, FakeEffect::ImageBuilt { .. })) <= 1,
            "{what}"
        );
        assert!(
            count(|effect| matches!(effect, FakeEffect::ImagePushed { .. })) <= 1,
            "{what}"
        );
        assert!(
            count(|effect| matches!(effect, FakeEffect::TaskStarted { .. })) <= 1,
            "{what}: ran twice"
        );
        let writes = count(|effect| {
            matches!(
                effect,
                FakeEffect::ServiceCreated { .. } | FakeEffect::ServiceUpdated { .. }
            )
        });
        // While no worker looks, Swarm goes back from a bad version by itself, and nothing tells that it was there.
        let writes_max = if self.scenario == Scenario::SecondBad {
            4
        } else {
            2
        };
        assert!(writes <= writes_max, "{what}: {done:?}");

        // The application is free, and the next good version is deployed.
        let current = app.stored().await.current_release_id;
        if status == Status::Success {
            assert_eq!(current, ended.state.release_id, "{what}");
        }
        if self.scenario != Scenario::RollbackBad {
            let next = app.deploy_version("v-next").await;
            assert_eq!(
                next.state.status,
                Status::Success,
                "{what}: {:#?}",
                next.state
            );
            assert_eq!(app.serving().await, texts(["v-next"]), "{what}");
        }
    }
}
