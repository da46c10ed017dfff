//! A worker that was stopped past its lease and goes on when another one has taken over: nothing changes.
//!
//! Real time: a process that is frozen in a call has a thread of its own, and its clock goes on meanwhile.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::deployment::{Event, Reason, Status};
use dokploy_core::model::{CommandLine, ServiceMode};
use dokploy_core::runtime::{FakeBehavior, FakeMoment, FakeVerb, ObservedService};
use dokploy_core::{Engine, EngineOptions};
use tokio_util::sync::CancellationToken;

use crate::world::{App, FreezingRuntime, Ice, Script, World, end, outcome, texts};

const TENTH: Duration = Duration::from_millis(100);

fn impatient(options: &mut EngineOptions) {
    options.lease = 10 * TENTH;
    options.lease_renewal = TENTH;
    options.poll_interval = TENTH / 5;
}

/// An engine in a thread of its own, as if it were a process.
struct Process {
    ice: Arc<Ice>,
    stop: CancellationToken,
    thread: std::thread::JoinHandle<()>,
    engine: Engine,
}

impl Process {
    fn start(world: &World) -> Self {
        let ice = Arc::new(Ice::default());
        let stop = CancellationToken::new();
        let runtime = Arc::new(FreezingRuntime {
            inner: world.runtime.clone(),
            ice: Arc::clone(&ice),
        });
        let builder = world
            .builder(&Script::new(), Arc::default(), impatient)
            .runtime(runtime);
        let (started, engine) = std::sync::mpsc::channel();
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut threads = tokio::runtime::Builder::new_current_thread();
            let threads = threads.enable_all().build().unwrap();
            threads.block_on(async {
                let engine = builder.start().await.unwrap();
                started.send(engine.clone()).unwrap();
                stopped.cancelled().await;
                engine.shutdown().await;
            });
        });
        let engine = engine.recv().unwrap();
        Self {
            ice,
            stop,
            thread,
            engine,
        }
    }

    /// Waits until it is frozen.
    async fn frozen(&self) {
        let ice = Arc::clone(&self.ice);
        tokio::task::spawn_blocking(move || ice.frozen())
            .await
            .unwrap();
    }

    /// Lets it go on, and waits until it has nothing more to do.
    async fn thaw_and_join(self) {
        self.ice.thaw();
        // What it still tries, it tries before it can stop.
        self.stop.cancel();
        tokio::task::spawn_blocking(move || self.thread.join().unwrap())
            .await
            .unwrap();
    }
}

async fn snapshot(
    app: &App<'_>,
    id: dokploy_core::id::DeploymentId,
) -> (Vec<Event>, Option<ObservedService>, usize) {
    let events = app.world.store.events(id, 0, 10_000).await.unwrap();
    (events, app.service().await, app.world.one_offs().1)
}

/// What is deployed when the first worker freezes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Case {
    Good,
    Bad,
    FirstBad,
    Replace,
}

async fn check(case: Case, verb: FakeVerb, moment: FakeMoment) {
    let what = format!("{case:?} {verb:?} {moment:?}");
    let world = World::new();
    let first = Process::start(&world);
    let app = world
        .app(&first.engine, |spec| {
            spec.registry = Some("registry.example/team".to_owned());
            spec.update.monitor = 3 * TENTH;
            spec.restart.delay = TENTH;
            spec.release_command = Some(CommandLine::Shell("migrate".to_owned()));
        })
        .await;
    if case != Case::FirstBad {
        assert_eq!(
            app.deploy_version("v1").await.state.status,
            Status::Success,
            "{what}"
        );
    }
    let (behavior, expected, serving) = match case {
        Case::Good | Case::Replace => (
            FakeBehavior::healthy(),
            (Status::Success, Reason::Healthy),
            texts(["v2"]),
        ),
        Case::Bad => {
            let crash = FakeBehavior::crashes_after(TENTH);
            (
                crash,
                (Status::RolledBack, Reason::Unhealthy),
                texts(["v1"]),
            )
        }
        Case::FirstBad => {
            let crash = FakeBehavior::crashes_after(TENTH);
            (crash, (Status::Failed, Reason::NothingToRestore), texts([]))
        }
    };
    if case == Case::Replace {
        app.update(|spec| spec.mode = ServiceMode::Global).await;
    }
    app.commit_that("v2", behavior);
    first.ice.arm(verb, moment);
    let handle = app.deploy().await;
    first.frozen().await;
    let second = world.deaf_engine(impatient).await;
    let handle = dokploy_core::DeploymentHandle::new(second.deployer(), handle.id());
    let ended = end(&handle).await;
    assert_eq!(outcome(&ended), expected, "{what}");
    // Whatever Swarm still does by itself is over.
    tokio::time::sleep(5 * TENTH).await;
    let before = snapshot(&app, ended.id).await;
    first.thaw_and_join().await;
    tokio::time::sleep(2 * TENTH).await;
    assert_eq!(snapshot(&app, ended.id).await, before, "{what}");
    assert_eq!(app.serving().await, serving, "{what}");
    second.shutdown().await;
}

/// Each in a world of its own, side by side: most of the time they wait.
async fn all(cases: &[(Case, FakeVerb, FakeMoment)]) {
    let checks = cases
        .iter()
        .map(|&(case, verb, moment)| check(case, verb, moment));
    futures::future::join_all(checks).await;
}

#[tokio::test]
async fn a_worker_that_freezes_before_it_builds_or_pushes_changes_nothing_later() {
    all(&[
        (Case::Good, FakeVerb::FindImage, FakeMoment::Before),
        (Case::Good, FakeVerb::BuildImage, FakeMoment::Before),
        (Case::Good, FakeVerb::BuildImage, FakeMoment::After),
        (Case::Good, FakeVerb::PushImage, FakeMoment::Before),
        (Case::Good, FakeVerb::PushImage, FakeMoment::After),
    ])
    .await;
}

#[tokio::test]
async fn a_worker_that_freezes_around_the_release_command_changes_nothing_later() {
    all(&[
        (Case::Good, FakeVerb::EnsureNetwork, FakeMoment::Before),
        (Case::Good, FakeVerb::RunTask, FakeMoment::After),
        (Case::Good, FakeVerb::RemoveTask, FakeMoment::Before),
    ])
    .await;
}

#[tokio::test]
async fn a_worker_that_freezes_around_the_switch_changes_nothing_later() {
    all(&[
        (Case::Good, FakeVerb::ObserveService, FakeMoment::After),
        (Case::Good, FakeVerb::ApplyService, FakeMoment::Before),
        (Case::Good, FakeVerb::ApplyService, FakeMoment::After),
        (Case::Good, FakeVerb::ListOwned, FakeMoment::After),
    ])
    .await;
}

#[tokio::test]
async fn a_worker_that_freezes_when_it_makes_the_first_service_changes_nothing_later() {
    all(&[
        (Case::FirstBad, FakeVerb::ApplyService, FakeMoment::Before),
        (Case::FirstBad, FakeVerb::ScaleService, FakeMoment::Before),
        (Case::FirstBad, FakeVerb::ScaleService, FakeMoment::After),
    ])
    .await;
}

#[tokio::test]
async fn a_worker_that_freezes_while_it_restores_changes_nothing_later() {
    all(&[
        (Case::Bad, FakeVerb::TaskTail, FakeMoment::Before),
        (Case::Bad, FakeVerb::TaskTail, FakeMoment::After),
    ])
    .await;
}

#[tokio::test]
async fn a_worker_that_freezes_before_it_removes_a_service_does_not_remove_its_successor() {
    all(&[
        (Case::Replace, FakeVerb::RemoveService, FakeMoment::Before),
        (Case::Replace, FakeVerb::RemoveService, FakeMoment::After),
    ])
    .await;
}
