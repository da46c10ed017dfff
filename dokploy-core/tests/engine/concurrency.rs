//! How many deployments run at once, and which of them next.

use std::collections::BTreeMap;
use std::time::Duration;

use dokploy_core::Deployer;
use dokploy_core::clock::Timestamp;
use dokploy_core::deployment::Status;
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{DeploymentRequest, PageRequest, SupersedePolicy};
use dokploy_core::store::DeploymentFilter;

use crate::world::{SECOND, World, end};

/// When each deployment was worked on, by application.
async fn spans(world: &World) -> BTreeMap<ApplicationId, Vec<(Timestamp, Timestamp)>> {
    let mut spans: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut page = PageRequest {
        limit: PageRequest::LIMIT_MAX,
        before: None,
    };
    loop {
        let found = world
            .store
            .list_deployments(&DeploymentFilter::default(), page)
            .await
            .unwrap();
        for deployment in found.items {
            if let (Some(from), Some(to)) =
                (deployment.state.started_at, deployment.state.finished_at)
            {
                spans
                    .entry(deployment.application_id)
                    .or_default()
                    .push((from, to));
            }
        }
        match found.next {
            Some(next) => page.before = Some(next),
            None => return spans,
        }
    }
}

/// Most spans that share a moment.
fn most_at_once(spans: impl IntoIterator<Item = (Timestamp, Timestamp)>) -> i32 {
    let mut edges: Vec<_> = spans
        .into_iter()
        // An end comes before a beginning at the same moment.
        .flat_map(|(from, to)| [(from, 1), (to, -1)])
        .collect();
    edges.sort_unstable();
    let (mut now, mut most) = (0, 0);
    for (_, step) in edges {
        now += step;
        most = most.max(now);
    }
    most
}

#[tokio::test(start_paused = true)]
async fn three_run_at_once_and_the_others_wait() {
    let world = World::new();
    let engine = world.engine().await;
    let project = world.project(&engine, "shop").await;
    let mut handles = Vec::new();
    for number in 0..10 {
        let app = world
            .app_in(&engine, &project, &format!("app-{number}"), |_| {})
            .await;
        app.commit(&format!("v-{number}"));
        handles.push(app.deploy().await);
    }
    for handle in &handles {
        assert_eq!(end(handle).await.state.status, Status::Success);
    }
    assert_eq!(most_at_once(spans(&world).await.into_values().flatten()), 3);
}

#[tokio::test(start_paused = true)]
async fn at_most_ten_start_within_any_minute_but_what_is_resumed_does_not_count() {
    let world = World::new();
    let engine = world
        .engine_with(|options| {
            options.starts_per_minute = 10;
            options.concurrency = 100;
        })
        .await;
    let project = world.project(&engine, "shop").await;
    let mut handles = Vec::new();
    for number in 0..25 {
        let app = world
            .app_in(&engine, &project, &format!("app-{number}"), |_| {})
            .await;
        app.commit(&format!("v-{number}"));
        handles.push(app.deploy().await);
    }
    let mut starts = Vec::new();
    for handle in &handles {
        starts.push(end(handle).await.state.started_at.unwrap());
    }
    starts.sort_unstable();
    for window in starts.windows(11) {
        assert!(
            window[10].since(window[0]) >= Duration::from_mins(1),
            "{window:?}"
        );
    }
    assert!(
        starts[24].since(starts[0]) < Duration::from_secs(130),
        "and no slower than that"
    );
}

#[tokio::test(start_paused = true)]
async fn an_application_has_one_active_deployment_whatever_the_number_of_engines() {
    let world = World::new();
    let mut engines = Vec::new();
    for _ in 0..8 {
        engines.push(
            world
                .deaf_engine(|options| options.lease = 12 * SECOND)
                .await,
        );
    }
    let project = world.project(&engines[0], "shop").await;
    let mut apps = Vec::new();
    for (number, engine) in engines.iter().enumerate().take(4) {
        apps.push(
            world
                .app_in(engine, &project, &format!("app-{number}"), |_| {})
                .await,
        );
    }
    let mut handles = Vec::new();
    for (round, doomed) in engines.iter().enumerate().take(6) {
        for (number, app) in apps.iter().enumerate() {
            app.commit(&format!("v-{number}-{round}"));
            let request = DeploymentRequest {
                supersede: SupersedePolicy::Never,
                ..Default::default()
            };
            handles.push(app.try_deploy(request).await.unwrap());
        }
        // Engines come and go meanwhile.
        doomed.abort();
        tokio::time::sleep(SECOND).await;
    }
    let survivor = engines.last().unwrap();
    for handle in &handles {
        let ended = end(handle).await;
        assert_eq!(ended.state.status, Status::Success);
    }
    for (application, spans) in spans(&world).await {
        assert_eq!(spans.len(), 6);
        assert_eq!(most_at_once(spans), 1, "{application}");
    }
    assert_eq!(survivor.queue_stats().await.unwrap().active, 0);
}

#[tokio::test(start_paused = true)]
async fn the_long_queue_of_one_project_delays_another_by_no_more_than_a_slot() {
    let world = World::new();
    let engine = world.engine().await;
    let (greedy, modest) = (
        world.project(&engine, "greedy").await,
        world.project(&engine, "modest").await,
    );
    let mut handles = Vec::new();
    for number in 0..60 {
        let app = world
            .app_in(&engine, &greedy, &format!("app-{number}"), |_| {})
            .await;
        app.commit(&format!("g-{number}"));
        handles.push(app.deploy().await);
    }
    let app = world.app_in(&engine, &modest, "web", |_| {}).await;
    app.commit("m-1");
    tokio::time::sleep(20 * SECOND).await;
    let handle = app.deploy().await;
    let accepted = handle.get().await.unwrap().created_at;
    let started = end(&handle).await.state.started_at.unwrap();
    let mut overtaking = 0;
    for handle in &handles {
        let other = end(handle).await.state.started_at.unwrap();
        overtaking += usize::from(other > accepted && other < started);
    }
    assert!(
        overtaking <= 1,
        "{overtaking} of the long queue started before it"
    );
    assert!(started.since(accepted) < 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_engine_keeps_no_slot_for_what_waits() {
    let world = World::new();
    let engine = world.engine_with(|options| options.concurrency = 1).await;
    let app = world.app(&engine, |_| {}).await;
    for version in 0..5 {
        app.commit(&format!("v{version}"));
        let handle = app.deploy().await;
        tokio::time::sleep(SECOND / 2).await;
        engine.cancel(handle.id(), None).await.unwrap();
    }
    assert_eq!(
        app.deploy_version("last").await.state.status,
        Status::Success
    );
}
