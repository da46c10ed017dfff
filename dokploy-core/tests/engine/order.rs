//! Whatever happens meanwhile: what runs in the end is the last commit.

use dokploy_core::Deployer;
use dokploy_core::deployment::Status;
use dokploy_core::model::{DeploymentRequest, SupersedePolicy};
use dokploy_core::runtime::FakeBehavior;
use proptest::prelude::*;

use crate::world::{App, SECOND, World, end, texts};

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// Somebody pushes and deploys.
    Deploy {
        policy: SupersedePolicy,
        is_good: bool,
    },
    /// Somebody cancels what was asked for last but so many.
    Cancel { back: usize },
    /// Time passes, in tenths of a second.
    Wait(u32),
    /// The process ends and another one starts.
    Crash,
    /// The same, in order.
    Restart,
    /// The container engine is away for so many tenths of a second.
    Outage(u32),
    /// Another engine works, too.
    Help,
}

fn happening() -> impl Strategy<Value = Happening> {
    let policy = prop_oneof![
        Just(SupersedePolicy::Queued),
        Just(SupersedePolicy::Running),
        Just(SupersedePolicy::Never),
    ];
    prop_oneof![
        6 => (policy, prop::bool::weighted(0.7))
            .prop_map(|(policy, is_good)| Happening::Deploy { policy, is_good }),
        1 => (0_usize..3).prop_map(|back| Happening::Cancel { back }),
        6 => (0_u32..100).prop_map(Happening::Wait),
        2 => Just(Happening::Crash),
        2 => Just(Happening::Restart),
        1 => (1_u32..100).prop_map(Happening::Outage),
        1 => Just(Happening::Help),
    ]
}

async fn check(happenings: Vec<Happening>) {
    let world = World::new();
    let mut engine = world.deaf_engine(|_| {}).await;
    // Asked through an engine that works on nothing and outlives the others.
    let front = world.deaf_engine(|options| options.concurrency = 0).await;
    let app = world.app(&front, |_| {}).await;
    let mut asked = Vec::new();
    for happening in &happenings {
        match happening {
            Happening::Deploy { policy, is_good } => {
                let text = format!("v{}", asked.len());
                let crash = FakeBehavior::crashes_after(2 * SECOND);
                let behavior = if *is_good {
                    FakeBehavior::healthy()
                } else {
                    crash
                };
                let commit = app.commit_that(&text, behavior);
                let request = DeploymentRequest {
                    commit_sha: Some(commit),
                    supersede: *policy,
                    ..DeploymentRequest::default()
                };
                let handle = app.try_deploy(request).await.unwrap();
                asked.push((text, *is_good, handle, false));
            }
            Happening::Cancel { back } => {
                if let Some((_, _, handle, cancelled)) = asked.iter_mut().rev().nth(*back) {
                    front.cancel(handle.id(), None).await.unwrap();
                    *cancelled = true;
                }
            }
            Happening::Wait(tenths) => tokio::time::sleep(SECOND / 10 * *tenths).await,
            Happening::Crash => {
                engine.abort();
                engine = world.deaf_engine(|_| {}).await;
            }
            Happening::Restart => {
                engine.shutdown().await;
                engine = world.deaf_engine(|_| {}).await;
            }
            Happening::Outage(tenths) => {
                world.runtime.set_away(true);
                tokio::time::sleep(SECOND / 10 * *tenths).await;
                world.runtime.set_away(false);
            }
            Happening::Help => drop(world.deaf_engine(|_| {}).await),
        }
    }
    assert_last_good_runs(&app, asked).await;
}

async fn assert_last_good_runs(
    app: &App<'_>,
    asked: Vec<(String, bool, dokploy_core::DeploymentHandle, bool)>,
) {
    let mut serving = texts([]);
    let mut starts = Vec::new();
    let last = asked.len().saturating_sub(1);
    for (number, (text, is_good, handle, was_cancelled)) in asked.into_iter().enumerate() {
        let ended = end(&handle).await;
        let status = ended.state.status;
        if status == Status::Success {
            assert!(is_good, "{text} is bad and succeeded");
            serving = texts([&text]);
        }
        // Nothing ends one that is good but a crash too many, a newer one or a person.
        let three_workers = ended.state.attempt > 3;
        if is_good && number == last && !was_cancelled && !three_workers {
            assert_eq!(status, Status::Success, "{text}: {:#?}", ended.state);
        }
        starts.extend(ended.state.started_at);
    }
    assert!(
        starts.is_sorted(),
        "they did not start in the order of acceptance: {starts:?}"
    );
    assert_eq!(app.serving().await, serving);
    assert_eq!(app.engine.queue_stats().await.unwrap().active, 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_runs_in_the_end_is_the_last_good_commit(
        happenings in prop::collection::vec(happening(), 1..25)
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(check(happenings));
    }
}
