//! What only a fake can do: behaviour on demand, faults, outside changes.

use std::time::Duration;

use dokploy_core::model::{RestartPolicy, UpdateOrder};
use dokploy_core::runtime::{
    ContainerRuntime, FakeBehavior, FakeEffect, FakeMoment, FakeRuntime, FakeVerb, ObservedService,
    ServiceSpec, TaskHealth, TaskState,
};
use dokploy_core::{Error, ErrorKind};

fn spec(image: &str) -> ServiceSpec {
    ServiceSpec {
        monitor: Duration::from_secs(5),
        ..dokploy_core::conformance::runtime::service("shop", image)
    }
}

fn runtime() -> FakeRuntime {
    let runtime = FakeRuntime::new();
    for image in ["shop:1", "shop:2", "shop:bad"] {
        runtime.add_image(image);
    }
    runtime
}

async fn after(runtime: &FakeRuntime, seconds: f64) -> ObservedService {
    tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
    runtime.observe_service("shop").await.unwrap().unwrap()
}

fn running(service: &ObservedService, image: &str) -> usize {
    let tasks = service.tasks.iter();
    tasks
        .filter(|task| task.image == image && task.state == TaskState::Running && task.wanted)
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_rolling_update_replaces_one_task_after_the_other() {
    let runtime = runtime();
    let mut spec = spec("shop:1");
    spec.replicas = 3;
    spec.delay = Duration::from_secs(10);
    let first = runtime.apply_service(&spec, None, None).await.unwrap();
    assert_eq!(running(&after(&runtime, 1.0).await, "shop:1"), 3);
    spec.image = "shop:2".to_owned();
    runtime
        .apply_service(&spec, Some(first.version), None)
        .await
        .unwrap();
    assert_eq!(running(&after(&runtime, 1.0).await, "shop:2"), 1);
    assert_eq!(running(&after(&runtime, 10.0).await, "shop:2"), 2);
    let last = after(&runtime, 10.0).await;
    assert_eq!(running(&last, "shop:2"), 3);
    assert_eq!(running(&last, "shop:1"), 0);
    assert_eq!(last.update_state.as_deref(), Some("updating"));
    let done = after(&runtime, 20.0).await;
    assert_eq!(done.update_state.as_deref(), Some("completed"));
    assert!(done.version > last.version);
}

#[tokio::test(start_paused = true)]
async fn a_crash_within_the_monitor_period_rolls_back() {
    let runtime = runtime();
    let behavior = FakeBehavior::crashes_after(Duration::from_secs(3));
    runtime.set_behavior("shop:bad", behavior);
    let mut spec = spec("shop:1");
    let first = runtime.apply_service(&spec, None, None).await.unwrap();
    after(&runtime, 1.0).await;
    spec.image = "shop:bad".to_owned();
    runtime
        .apply_service(&spec, Some(first.version), None)
        .await
        .unwrap();
    let service = after(&runtime, 30.0).await;
    assert_eq!(service.update_state.as_deref(), Some("rollback_completed"));
    assert_eq!(service.image, "shop:1");
    assert_eq!(running(&service, "shop:1"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_monitor_period_counts_as_completed() {
    let runtime = runtime();
    let behavior = FakeBehavior::crashes_after(Duration::from_secs(9));
    runtime.set_behavior("shop:bad", behavior);
    let mut spec = spec("shop:1");
    let first = runtime.apply_service(&spec, None, None).await.unwrap();
    after(&runtime, 1.0).await;
    spec.image = "shop:bad".to_owned();
    runtime
        .apply_service(&spec, Some(first.version), None)
        .await
        .unwrap();
    let service = after(&runtime, 30.0).await;
    assert_eq!(service.update_state.as_deref(), Some("completed"));
    assert!(
        service
            .tasks
            .iter()
            .any(|task| task.state == TaskState::Failed)
    );
}

#[tokio::test(start_paused = true)]
async fn a_first_crash_loop_has_no_update_state_and_ends_with_the_attempts() {
    let runtime = runtime();
    let behavior = FakeBehavior::crashes_after(Duration::from_secs(1));
    runtime.set_behavior("shop:bad", behavior);
    let mut spec = spec("shop:bad");
    spec.restart = RestartPolicy {
        max_attempts: Some(2),
        ..RestartPolicy::default()
    };
    runtime.apply_service(&spec, None, None).await.unwrap();
    let service = after(&runtime, 60.0).await;
    assert_eq!(service.update_state, None);
    assert_eq!(service.tasks.len(), 3);
    assert!(service.tasks.iter().all(|task| task.exit_code == Some(1)));
}

#[tokio::test(start_paused = true)]
async fn a_host_port_and_start_first_wait_for_ever() {
    let runtime = runtime();
    let mut spec = spec("shop:1");
    spec.ports = vec![dokploy_core::model::Port {
        target: 80,
        published: Some(8080),
        mode: dokploy_core::model::PortMode::Host,
        protocol: dokploy_core::model::Protocol::Tcp,
    }];
    let first = runtime.apply_service(&spec, None, None).await.unwrap();
    after(&runtime, 1.0).await;
    spec.image = "shop:2".to_owned();
    let second = runtime
        .apply_service(&spec, Some(first.version), None)
        .await
        .unwrap();
    let service = after(&runtime, 600.0).await;
    assert_eq!(service.tasks[0].state, TaskState::Pending);
    assert!(
        service.tasks[0]
            .error
            .as_deref()
            .unwrap()
            .contains("host-mode port")
    );
    assert_eq!(running(&service, "shop:1"), 1);
    spec.order = UpdateOrder::StopFirst;
    runtime
        .apply_service(&spec, Some(second.version), None)
        .await
        .unwrap();
    assert_eq!(running(&after(&runtime, 5.0).await, "shop:2"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_ambiguous_error_strikes_after_the_effect() {
    let runtime = runtime();
    let lost = Error::new(ErrorKind::Unavailable, "connection reset");
    runtime.fail(FakeVerb::ApplyService, 1, FakeMoment::After, lost);
    let error = runtime
        .apply_service(&spec("shop:1"), None, None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let name = "shop".to_owned();
    assert_eq!(runtime.journal(), [FakeEffect::ServiceCreated { name }]);
    assert_eq!(runtime.calls(FakeVerb::ApplyService), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_hangs_until_it_is_told_to_go_on() {
    let runtime = runtime();
    let mut hang = runtime.hang(FakeVerb::ApplyService, 1, FakeMoment::Before);
    let spec = spec("shop:1");
    let mut call = std::pin::pin!(runtime.apply_service(&spec, None, None));
    tokio::select! {
        _ = &mut call => panic!("the call did not hang"),
        () = hang.entered() => {}
    }
    assert!(runtime.journal().is_empty());
    hang.release();
    call.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_away_answers_unavailable_and_its_containers_go_on() {
    let runtime = runtime();
    runtime
        .apply_service(&spec("shop:1"), None, None)
        .await
        .unwrap();
    runtime.set_away(true);
    let error = runtime.observe_service("shop").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());
    runtime.set_away(false);
    assert_eq!(running(&after(&runtime, 1.0).await, "shop:1"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_engine_killed_in_mid_update_says_completed_on_a_bad_image() {
    let runtime = runtime();
    let behavior = FakeBehavior::crashes_after(Duration::from_secs(3));
    runtime.set_behavior("shop:bad", behavior);
    let mut spec = spec("shop:1");
    let first = runtime.apply_service(&spec, None, None).await.unwrap();
    after(&runtime, 1.0).await;
    spec.image = "shop:bad".to_owned();
    runtime
        .apply_service(&spec, Some(first.version), None)
        .await
        .unwrap();
    after(&runtime, 0.5).await;
    runtime.restart_engine();
    let service = after(&runtime, 20.0).await;
    assert_eq!(service.update_state.as_deref(), Some("completed"));
    assert_eq!(service.image, "shop:bad");
    assert!(
        service
            .tasks
            .iter()
            .any(|task| task.state == TaskState::Failed)
    );
}

#[tokio::test(start_paused = true)]
async fn an_outside_change_moves_the_version_and_the_digest() {
    let runtime = runtime();
    let first = runtime
        .apply_service(&spec("shop:1"), None, None)
        .await
        .unwrap();
    runtime
        .update_outside("shop", |spec| spec.image = "shop:2".to_owned())
        .unwrap();
    let seen = after(&runtime, 1.0).await;
    assert_ne!(seen.version, first.version);
    assert_ne!(seen.spec_digest, first.spec_digest);
    let error = runtime
        .apply_service(&spec("shop:1"), Some(first.version), None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test(start_paused = true)]
async fn tasks_of_a_lost_node_start_elsewhere() {
    let runtime = runtime();
    runtime.set_nodes(["a", "b"]);
    let mut spec = spec("shop:1");
    spec.replicas = 2;
    runtime.apply_service(&spec, None, None).await.unwrap();
    after(&runtime, 1.0).await;
    runtime.lose_node("b");
    let service = after(&runtime, 10.0).await;
    assert_eq!(running(&service, "shop:1"), 2);
    assert!(
        service
            .tasks
            .iter()
            .any(|task| task.state == TaskState::Orphaned)
    );
}

#[tokio::test(start_paused = true)]
async fn an_update_of_the_order_alone_goes_on_with_the_task_that_waits() {
    let runtime = runtime();
    let mut spec = spec("shop:1");
    let first = runtime.apply_service(&spec, None, None).await.unwrap();
    after(&runtime, 1.0).await;
    let behavior = FakeBehavior::SlowPull {
        pull: Duration::from_secs(20),
        then: Box::new(FakeBehavior::healthy()),
    };
    runtime.set_behavior("shop:2", behavior);
    spec.image = "shop:2".to_owned();
    let second = runtime
        .apply_service(&spec, Some(first.version), None)
        .await
        .unwrap();
    let waiting = after(&runtime, 1.0).await;
    spec.order = UpdateOrder::StopFirst;
    runtime
        .apply_service(&spec, Some(second.version), None)
        .await
        .unwrap();
    let last = after(&runtime, 60.0).await;
    assert_eq!(last.update_state.as_deref(), Some("completed"));
    assert_eq!(last.tasks[0].id, waiting.tasks[0].id);
    assert_eq!(running(&last, "shop:2"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_turns_unhealthy_is_killed_and_started_again() {
    let runtime = runtime();
    let after_a_minute = Duration::from_mins(1);
    runtime.set_behavior(
        "shop:1",
        FakeBehavior::TurnsUnhealthy {
            after: after_a_minute,
        },
    );
    let mut spec = spec("shop:1");
    spec.health = Some(dokploy_core::conformance::runtime::health(&["true"]));
    runtime.apply_service(&spec, None, None).await.unwrap();
    let healthy = after(&runtime, 30.0).await;
    assert_eq!(healthy.tasks[0].health, TaskHealth::Healthy);
    let later = after(&runtime, 40.0).await;
    assert_eq!(later.tasks.len(), 2);
    assert_eq!(later.tasks[1].exit_code, Some(137));
    assert!(
        later.tasks[1]
            .error
            .as_deref()
            .unwrap()
            .contains("unhealthy container")
    );
    assert_eq!(running(&later, "shop:1"), 1);
}
