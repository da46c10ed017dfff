//! Deployments that fail, and what serves then.

use std::time::Duration;

use dokploy_core::deployment::{Reason, Status, Step};
use dokploy_core::runtime::FakeBehavior;

use crate::world::{SECOND, World, outcome, texts};

#[tokio::test(start_paused = true)]
async fn a_version_that_crashes_is_rolled_back_with_evidence_and_a_hint() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |spec| spec.replicas = 2).await;
    let good = app.deploy_version("v1").await;
    let crash = FakeBehavior::Crashes { after: 3 * SECOND, exit_code: 42 };
    let bad = app.deploy_that("v2", crash).await;
    assert_eq!(outcome(&bad), (Status::RolledBack, Reason::Unhealthy));
    let failure = bad.state.failure.unwrap();
    assert_eq!(failure.step, Some(Step::AwaitHealthy));
    assert!(failure.message.contains("exit code 42"), "{}", failure.message);
    assert!(failure.evidence.iter().any(|line| line.contains("exit code 42")), "{failure:?}");
    assert!(failure.hint.is_some());
    assert_eq!(app.serving().await, texts(["v1"]));
    assert_eq!(app.stored().await.current_release_id, good.state.release_id);
}

#[tokio::test(start_paused = true)]
async fn smoke_first_deployment_that_crashes() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    let bad = app.deploy_that("v1", FakeBehavior::crashes_after(Duration::from_secs(1))).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::NothingToRestore));
    assert_eq!(app.service().await.unwrap().replicas, 0);
}
