//! What is accepted, in which order it runs, and what is refused.

use dokploy_core::deployment::{EventKind, Reason, Status};
use dokploy_core::engine::Point;
use dokploy_core::model::{DeploymentRequest, SupersedePolicy};
use dokploy_core::store::DeploymentFilter;
use dokploy_core::{DeployRequest, Deployer, ErrorKind};

use crate::world::{Action, SECOND, Script, World, end, events, outcome, texts};

fn with(supersede: SupersedePolicy) -> DeploymentRequest {
    DeploymentRequest {
        supersede,
        ..DeploymentRequest::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_deployment_is_superseded_and_the_running_one_ends_first() {
    let world = World::new();
    let script = Script::at_point(Point::Claimed, Action::Hold);
    let engine = world.scripted_engine(&script, |_| {}).await;
    let app = world.app(&engine, |_| {}).await;
    app.commit("v1");
    let first = app.deploy().await;
    script.reached().await;
    // The claim is there, although its event is not: it counts as running.
    let second = app.deploy().await;
    app.commit("v2");
    let third = app.deploy().await;
    script.release();
    assert_eq!(
        outcome(&end(&first).await),
        (Status::Success, Reason::Healthy)
    );
    let superseded = end(&second).await;
    assert_eq!(
        outcome(&superseded),
        (Status::Superseded, Reason::Superseded)
    );
    assert_eq!(superseded.state.superseded_by, Some(third.id()));
    assert_eq!(end(&third).await.state.status, Status::Success);
    assert_eq!(app.serving().await, texts(["v2"]));
}

#[tokio::test(start_paused = true)]
async fn a_running_deployment_is_cancelled_when_the_newer_one_asks_for_it() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.update.monitor = 600 * SECOND)
        .await;
    app.commit("v1");
    let first = app.deploy().await;
    tokio::time::sleep(30 * SECOND).await;
    app.commit("v2");
    app.update(|spec| spec.update.monitor = SECOND).await;
    let second = app
        .try_deploy(with(SupersedePolicy::Running))
        .await
        .unwrap();
    assert_eq!(
        outcome(&end(&first).await),
        (Status::Cancelled, Reason::Requested)
    );
    assert_eq!(
        outcome(&end(&second).await),
        (Status::Success, Reason::Healthy)
    );
    assert_eq!(app.serving().await, texts(["v2"]));
}

#[tokio::test(start_paused = true)]
async fn all_run_in_order_when_none_is_to_be_superseded() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    let mut handles = Vec::new();
    for version in 1..=4 {
        let commit = app.commit(&format!("v{version}"));
        let request = DeploymentRequest {
            commit_sha: Some(commit),
            ..with(SupersedePolicy::Never)
        };
        handles.push(app.try_deploy(request).await.unwrap());
    }
    let mut ends = Vec::new();
    for handle in &handles {
        let deployment = end(handle).await;
        assert_eq!(outcome(&deployment), (Status::Success, Reason::Healthy));
        ends.push((deployment.state.started_at, deployment.state.finished_at));
    }
    assert!(
        ends.windows(2).all(|pair| pair[0].1 <= pair[1].0),
        "{ends:?}"
    );
    assert_eq!(app.serving().await, texts(["v4"]));
}

#[tokio::test(start_paused = true)]
async fn the_same_key_gives_the_same_deployment_also_with_a_plan_that_is_out_of_date() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.commit("v1");
    let plan = engine
        .plan(DeployRequest::of(app.application.id))
        .await
        .unwrap();
    let request = || DeployRequest {
        idempotency_key: Some("delivery-1".to_owned()),
        plan_digest: Some(plan.digest.clone()),
        ..DeployRequest::of(app.application.id)
    };
    let first = engine.deploy(request()).await.unwrap();
    end(&first).await;
    let again = engine.deploy(request()).await.unwrap();
    assert_eq!(again.id(), first.id());
    let other_key = DeployRequest {
        idempotency_key: Some("delivery-2".to_owned()),
        ..request()
    };
    assert_eq!(
        engine.deploy(other_key).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
}

#[tokio::test(start_paused = true)]
async fn a_hundred_equal_deliveries_make_one_deployment() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.commit("v1");
    let deliveries = (0..100).map(|_| {
        engine.deploy(DeployRequest {
            idempotency_key: Some("delivery-1".to_owned()),
            ..DeployRequest::of(app.application.id)
        })
    });
    let handles = futures::future::try_join_all(deliveries).await.unwrap();
    assert!(handles.iter().all(|handle| handle.id() == handles[0].id()));
    let page = engine
        .deployments(
            &DeploymentFilter::default(),
            dokploy_core::model::PageRequest::first(),
        )
        .await
        .unwrap();
    assert_eq!(page.items.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_out_of_date_is_refused_and_one_that_is_not_is_taken() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.commit("v1");
    let plan = async || {
        engine
            .plan(DeployRequest::of(app.application.id))
            .await
            .unwrap()
            .digest
    };
    let deploy = async |digest: String| {
        let request = DeployRequest {
            plan_digest: Some(digest),
            ..DeployRequest::of(app.application.id)
        };
        engine.deploy(request).await
    };
    let before = plan().await;
    app.commit("v2");
    let refused = deploy(before).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert!(refused.hint().is_some());
    let before = plan().await;
    app.update(|spec| spec.replicas = 2).await;
    assert_eq!(
        deploy(before).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    let handle = deploy(plan().await).await.unwrap();
    assert_eq!(end(&handle).await.state.status, Status::Success);
    let before = plan().await;
    world
        .runtime
        .update_outside(&app.application.service_name, |spec| spec.init = true)
        .unwrap();
    assert_eq!(
        deploy(before).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_and_says_when_to_come_again() {
    let world = World::new();
    let engine = world
        .engine_with(|options| {
            options.concurrency = 0;
            options.queue_max = 2;
        })
        .await;
    let project = world.project(&engine, "shop").await;
    let first = world.app_in(&engine, &project, "a", |_| {}).await;
    let second = world.app_in(&engine, &project, "b", |_| {}).await;
    let third = world.app_in(&engine, &project, "c", |_| {}).await;
    first.deploy().await;
    second.deploy().await;
    let refused = third
        .try_deploy(DeploymentRequest::default())
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::RateLimited);
    assert!(refused.is_retryable() && refused.hint().is_some());
    // One that takes the place of a waiting one needs no room.
    first.deploy().await;
    assert_eq!(engine.queue_stats().await.unwrap().waiting, 2);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_exist_cannot_be_deployed_cancelled_or_watched() {
    let world = World::new();
    let engine = world.engine().await;
    let application = dokploy_core::id::ApplicationId::new();
    let refused = engine
        .deploy(DeployRequest::of(application))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    let deployment = dokploy_core::id::DeploymentId::new();
    assert_eq!(
        engine.cancel(deployment, None).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert!(engine.find(deployment).await.unwrap().is_none());
    let mut watch = engine.watch(deployment, 0);
    let answer = futures::StreamExt::next(&mut watch).await.unwrap();
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_an_idle_engine_accepts_is_run_by_another() {
    let world = World::new();
    let idle = world.deaf_engine(|options| options.concurrency = 0).await;
    let app = world.app(&idle, |_| {}).await;
    app.commit("v1");
    let handle = app.deploy().await;
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(handle.get().await.unwrap().state.status, Status::Pending);
    let busy = world.deaf_engine(|_| {}).await;
    let asked = tokio::time::Instant::now();
    assert_eq!(
        outcome(&end(&handle).await),
        (Status::Success, Reason::Healthy)
    );
    assert!(asked.elapsed() < 15 * SECOND);
    let claims = events(&handle).await;
    let by_busy = |event: &EventKind| matches!(event, EventKind::Claimed { worker, .. } if *worker == busy.worker());
    assert!(claims.iter().any(by_busy));
}

#[tokio::test(start_paused = true)]
async fn an_application_that_is_deleted_while_it_deploys_leaves_nothing() {
    use dokploy_core::runtime::OwnedKind;
    for wait in [0, 1, 20] {
        let world = World::new();
        let engine = world.engine().await;
        let app = world
            .app(&engine, |spec| spec.update.monitor = 600 * SECOND)
            .await;
        app.commit("v1");
        let handle = app.deploy().await;
        tokio::time::sleep(wait * SECOND / 10).await;
        engine.delete_application(app.application.id).await.unwrap();
        assert!(end(&handle).await.state.status.is_terminal());
        for kind in [OwnedKind::Service, OwnedKind::Image, OwnedKind::Secret] {
            assert_eq!(
                world.owned(kind).await,
                Vec::<String>::new(),
                "{kind:?} after {wait}"
            );
        }
        let gone = app
            .try_deploy(DeploymentRequest::default())
            .await
            .unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::NotFound);
    }
}
