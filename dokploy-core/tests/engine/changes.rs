//! What a change of the specification does to running tasks.

use std::collections::BTreeSet;

use dokploy_core::deployment::{EventKind, Reason, Status};
use dokploy_core::model::{ApplicationSpec, EnvValue, EnvVar, HealthCheck, ServiceMode, Volume};
use dokploy_core::runtime::{FakeBehavior, FakeEffect, TaskState};

use crate::world::{App, SECOND, World, end, events, outcome, texts};

async fn running(app: &App<'_>) -> BTreeSet<String> {
    let tasks = app.service().await.unwrap().tasks;
    let up = tasks
        .into_iter()
        .filter(|task| task.wanted && task.state == TaskState::Running);
    up.map(|task| task.id).collect()
}

#[tokio::test(start_paused = true)]
async fn labels_replicas_and_update_policy_change_without_a_restart() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |spec| spec.replicas = 2).await;
    app.deploy_version("v1").await;
    let mut before = running(&app).await;
    let alterations: [fn(&mut ApplicationSpec); 3] = [
        |spec| drop(spec.labels.insert("team".to_owned(), "a".to_owned())),
        |spec| spec.update.monitor = 7 * SECOND,
        |spec| spec.replicas = 4,
    ];
    for alter in alterations {
        app.update(alter).await;
        let changed = end(&app.deploy().await).await;
        assert_eq!(outcome(&changed), (Status::Success, Reason::Healthy));
        assert_eq!(
            app.stored().await.current_release_id,
            changed.state.release_id
        );
        let after = running(&app).await;
        assert!(after.is_superset(&before), "{before:?} {after:?}");
        before = after;
    }
    let service = app.service().await.unwrap();
    assert_eq!(service.labels["team"], "a");
    assert_eq!(before.len(), 4);
    app.update(|spec| spec.replicas = 1).await;
    assert_eq!(end(&app.deploy().await).await.state.status, Status::Success);
    assert_eq!(running(&app).await.len(), 1);
    // The last one is what a deployment that changes nothing compares with.
    assert_eq!(
        outcome(&end(&app.deploy().await).await),
        (Status::Success, Reason::Unchanged)
    );
}

#[tokio::test(start_paused = true)]
async fn an_old_failure_of_a_task_says_nothing_about_a_deployment_that_keeps_the_tasks() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    let task = running(&app).await.pop_first().unwrap();
    world.runtime.kill_task(&task).unwrap();
    tokio::time::sleep(60 * SECOND).await;
    assert_eq!(
        outcome(&end(&app.deploy().await).await),
        (Status::Success, Reason::Unchanged)
    );
    app.update(|spec| spec.replicas = 2).await;
    assert_eq!(
        outcome(&end(&app.deploy().await).await),
        (Status::Success, Reason::Healthy)
    );
}

#[tokio::test(start_paused = true)]
async fn tasks_that_are_added_and_fail_are_a_failed_rollout() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    world
        .runtime
        .choose_behavior(|launch| (launch.slot == 2).then(|| FakeBehavior::crashes_after(SECOND)));
    app.update(|spec| spec.replicas = 2).await;
    let bad = end(&app.deploy().await).await;
    assert_eq!(outcome(&bad), (Status::RolledBack, Reason::Unhealthy));
    assert_eq!(app.service().await.unwrap().replicas, 1);
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn a_service_whose_tasks_are_down_is_started_again_although_nothing_changed() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.restart.max_attempts = Some(1))
        .await;
    app.deploy_version("v1").await;
    for _ in 0..2 {
        if let Some(task) = running(&app).await.pop_first() {
            world.runtime.kill_task(&task).unwrap();
        }
        tokio::time::sleep(5 * SECOND).await;
    }
    assert!(running(&app).await.is_empty());
    assert_eq!(
        outcome(&end(&app.deploy().await).await),
        (Status::Success, Reason::Healthy)
    );
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn a_changed_environment_builds_nothing_and_restarts_the_tasks() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    let before = running(&app).await;
    app.update(|spec| {
        spec.env_vars.push(EnvVar {
            key: "COLOUR".to_owned(),
            value: EnvValue::Plain("blue".to_owned()),
            delivery: dokploy_core::model::EnvDelivery::Env,
        });
    })
    .await;
    assert_eq!(
        outcome(&end(&app.deploy().await).await),
        (Status::Success, Reason::Healthy)
    );
    assert_eq!(world.builds(), 1);
    assert!(running(&app).await.is_disjoint(&before));
}

#[tokio::test(start_paused = true)]
async fn a_writable_volume_means_that_the_old_task_stops_first() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| {
            spec.volumes.push(Volume {
                source: "data".to_owned(),
                target: "/data".to_owned(),
                read_only: false,
            });
        })
        .await;
    app.deploy_version("v1").await;
    app.commit_that("v2", FakeBehavior::Healthy { after: 2 * SECOND });
    let handle = app.deploy().await;
    let most = most_at_once(&app, end(&handle)).await;
    assert_eq!(most, 1, "two writers at once");
    assert_eq!(app.serving().await, texts(["v2"]));
}

#[tokio::test(start_paused = true)]
async fn start_first_never_has_fewer_healthy_tasks_than_replicas() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |spec| spec.replicas = 3).await;
    app.deploy_version("v1").await;
    for (text, behavior) in [
        ("v2", FakeBehavior::Healthy { after: 2 * SECOND }),
        ("v3", FakeBehavior::CannotBePlaced),
    ] {
        app.commit_that(text, behavior);
        let handle = app.deploy().await;
        let fewest = fewest_at_once(&app, end(&handle)).await;
        assert_eq!(fewest, 3, "{text}");
    }
    assert_eq!(app.serving().await, texts(["v2"]));
}

async fn most_at_once<T>(app: &App<'_>, until: impl Future<Output = T>) -> usize {
    sampled(app, until).await.into_iter().max().unwrap()
}

async fn fewest_at_once<T>(app: &App<'_>, until: impl Future<Output = T>) -> usize {
    sampled(app, until).await.into_iter().min().unwrap()
}

/// Numbers of tasks with a container that runs, looked at all the time.
async fn sampled<T>(app: &App<'_>, until: impl Future<Output = T>) -> Vec<usize> {
    let mut counts = Vec::new();
    tokio::pin!(until);
    loop {
        tokio::select! {
            _ = &mut until => return counts,
            () = tokio::time::sleep(SECOND / 20) => {
                let tasks = app.service().await.unwrap().tasks;
                counts.push(tasks.iter().filter(|task| task.state == TaskState::Running).count());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn another_mode_replaces_the_service_and_a_failure_brings_the_old_mode_back() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |spec| spec.replicas = 2).await;
    app.deploy_version("v1").await;
    app.update(|spec| spec.mode = ServiceMode::Global).await;
    assert_eq!(
        outcome(&end(&app.deploy().await).await),
        (Status::Success, Reason::Healthy)
    );
    assert!(app.service().await.unwrap().global);
    let removed = |effect: &FakeEffect| matches!(effect, FakeEffect::ServiceRemoved { .. });
    assert_eq!(world.effects(removed), 1);
    app.update(|spec| spec.mode = ServiceMode::Replicated).await;
    let bad = app
        .deploy_that("v2", FakeBehavior::crashes_after(SECOND))
        .await;
    assert_eq!(outcome(&bad), (Status::RolledBack, Reason::Unhealthy));
    assert!(app.service().await.unwrap().global);
    assert_eq!(app.serving().await, texts(["v1"]));
}

#[tokio::test(start_paused = true)]
async fn a_global_service_without_a_node_is_no_success() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.mode = ServiceMode::Global)
        .await;
    world.runtime.set_nodes(Vec::<String>::new());
    let bad = app.deploy_version("v1").await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::NothingToRestore));
    assert!(
        app.service().await.is_none(),
        "a global service cannot be scaled to none"
    );
}

#[tokio::test(start_paused = true)]
async fn progress_never_falls_and_the_monitor_period_is_shown() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| {
            spec.replicas = 3;
            spec.health_check = Some(HealthCheck::curl_preset());
        })
        .await;
    app.commit("v1");
    let handle = app.deploy().await;
    end(&handle).await;
    let mut last = 0;
    let mut state = dokploy_core::deployment::DeploymentState::accepted(
        dokploy_core::model::DeploymentKind::Deploy,
    );
    let mut monitored = false;
    for event in events(&handle).await.iter().skip(1) {
        state = state
            .advance(event, dokploy_core::clock::Clock::now(&*world.clock))
            .unwrap();
        assert!(state.progress >= last);
        last = state.progress;
        monitored |= matches!(
            event,
            EventKind::StepProgressed {
                monitoring: Some(_),
                ..
            }
        );
    }
    assert!(monitored);
    assert_eq!(last, 100);
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_brings_back_as_many_tasks_as_there_were() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    engine.scale(app.application.id, 4).await.unwrap();
    tokio::time::sleep(SECOND).await;
    let bad = app
        .deploy_that("v2", FakeBehavior::crashes_after(SECOND))
        .await;
    assert_eq!(outcome(&bad), (Status::RolledBack, Reason::Unhealthy));
    assert_eq!(app.service().await.unwrap().replicas, 4);
    assert_eq!(running(&app).await.len(), 4);
    assert_eq!(app.serving().await, texts(["v1"]));

    engine.stop(app.application.id).await.unwrap();
    tokio::time::sleep(SECOND).await;
    let bad = app
        .deploy_that("v3", FakeBehavior::crashes_after(SECOND))
        .await;
    assert_eq!(outcome(&bad), (Status::RolledBack, Reason::Unhealthy));
    assert_eq!(
        app.service().await.unwrap().replicas,
        0,
        "it was stopped before"
    );
    // A good version starts it, and with as many as the application asks for.
    let good = app.deploy_version("v4").await;
    assert_eq!(outcome(&good), (Status::Success, Reason::Healthy));
    assert_eq!(running(&app).await.len(), 4);
    assert!(!app.stored().await.stopped);
}
