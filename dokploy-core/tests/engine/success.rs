//! Deployments that succeed.

use dokploy_core::deployment::{EventKind, Reason, Status, Step, StepOutput};
use dokploy_core::model::DeploymentRequest;
use dokploy_core::runtime::FakeVerb;
use dokploy_core::source::FakeCall;

use crate::world::{World, end, events, outcome, texts};

#[tokio::test(start_paused = true)]
async fn a_commit_becomes_a_healthy_service() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |spec| spec.replicas = 3).await;
    let commit = app.commit("v1");
    let handle = app.deploy().await;
    let deployment = end(&handle).await;
    assert_eq!(
        outcome(&deployment),
        (Status::Success, Reason::Healthy),
        "{:#?}",
        deployment.state
    );
    assert_eq!(deployment.state.progress, 100);
    assert_eq!(app.serving().await, texts(["v1"]));
    let service = app.service().await.unwrap();
    assert_eq!(service.tasks.iter().filter(|task| task.wanted).count(), 3);
    let release = world
        .store
        .find_release(deployment.state.release_id.unwrap())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(release.image, format!("web:{}", &commit[..7]));
    assert_eq!(app.stored().await.current_release_id, Some(release.id));
    assert!(release.stable_at.is_some());
    let finished = events(&handle)
        .await
        .into_iter()
        .filter_map(|event| match event {
            EventKind::StepFinished { step, .. } => Some(step),
            _ => None,
        });
    assert_eq!(
        finished.collect::<Vec<_>>(),
        [
            Step::ResolveSource,
            Step::FetchSource,
            Step::BuildImage,
            Step::ApplyService,
            Step::AwaitHealthy
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn the_same_commit_again_fetches_builds_and_restarts_nothing() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    let first = app.deploy_version("v1").await;
    let before = app.service().await.unwrap();
    let again = end(&app.deploy().await).await;
    assert_eq!(outcome(&again), (Status::Success, Reason::Unchanged));
    assert_eq!(again.state.release_id, first.state.release_id);
    assert_eq!(
        world.source.count(FakeCall::Fetch),
        2,
        "once to fetch and once to build, the first time"
    );
    assert_eq!(world.builds(), 1);
    assert_eq!(world.runtime.calls(FakeVerb::ApplyService), 1);
    assert_eq!(app.service().await.unwrap(), before);
    assert!(matches!(
        again.state.output(Step::FetchSource),
        Some(StepOutput::Skipped { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_forced_deployment_builds_and_restarts_although_nothing_changed() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    let before = app.service().await.unwrap();
    let request = DeploymentRequest {
        force: true,
        ..DeploymentRequest::default()
    };
    let forced = end(&app.try_deploy(request).await.unwrap()).await;
    assert_eq!(outcome(&forced), (Status::Success, Reason::Healthy));
    assert_eq!(world.builds(), 2);
    let after = app.service().await.unwrap();
    assert_ne!(after.tasks[0].id, before.tasks[0].id);
    assert_eq!(app.serving().await, texts(["v1"]));
    // And the deployment after it keeps what the forced one built.
    let again = end(&app.deploy().await).await;
    assert_eq!(outcome(&again), (Status::Success, Reason::Unchanged));
}
