//! What is seen of tasks: where they run, how they are, and how they ended.

#![expect(missing_docs, reason = "the name of a case is its description")]

use std::time::Duration;

use super::{
    Fixture, Workload, all_run, eventually, health, kind_of, run, service_of,
    service_without_restart, wanted_tasks,
};
use crate::error::ErrorKind;
use crate::model::{RestartCondition, ServiceMode};
use crate::runtime::{ObservedTask, TaskHealth, TaskState};

pub async fn a_global_service_has_a_task_on_each_node(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("global"), Workload::Steady);
    spec.mode = ServiceMode::Global;
    let service = run(&*runtime, &spec).await;
    assert!(service.replicas >= 1);
    assert!(service.tasks.iter().all(|task| task.slot == 0));
    let scaled = runtime.scale_service(&spec.name, 2, service.version).await;
    assert_eq!(kind_of(scaled), ErrorKind::InvalidSpec);
}

pub async fn constraints_that_no_node_meets_change_nothing(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("nowhere"), Workload::Steady);
    let first = run(&*runtime, &spec).await;
    spec.constraints = vec!["node.labels.nowhere==yes".to_owned()];
    let update = runtime
        .apply_service(&spec, Some(first.version), None)
        .await;
    assert_eq!(kind_of(update), ErrorKind::InvalidSpec);
    let after = eventually(&*runtime, &spec.name, all_run).await;
    assert_eq!(after.spec_digest, first.spec_digest);
    assert_eq!(wanted_tasks(&after), wanted_tasks(&first));
}

pub async fn constraints_decide_where_a_global_service_runs(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("some"), Workload::Steady);
    spec.mode = ServiceMode::Global;
    spec.constraints = vec!["node.role==manager".to_owned()];
    let service = run(&*runtime, &spec).await;
    assert!(service.replicas >= 1);
}

pub async fn a_crash_shows_its_exit_code(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("crash"), Workload::Crashing);
    spec.restart.condition = RestartCondition::Any;
    spec.restart.max_attempts = None;
    spec.restart.delay = Duration::ZERO;
    runtime
        .apply_service(&spec, None, None)
        .await
        .expect("it can be created");
    let service = eventually(&*runtime, &spec.name, |service| {
        let failed = |task: &&ObservedTask| task.state.is_failure();
        service.tasks.iter().filter(failed).count() >= 2
    })
    .await;
    let failed = service
        .tasks
        .iter()
        .find(|task| task.state == TaskState::Failed);
    let failed = failed.expect("a task failed");
    assert_eq!(failed.exit_code, Some(3));
    assert!(failed.error.is_some());
    assert_eq!(
        service.update_state, None,
        "a crash loop of a first creation is no update"
    );
}

pub async fn a_missing_image_is_rejected(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_without_restart(fixture, &fixture.name("no-image"), Workload::NoImage);
    runtime
        .apply_service(&spec, None, None)
        .await
        .expect("it can be created");
    let service = eventually(&*runtime, &spec.name, |service| {
        service
            .tasks
            .iter()
            .any(|task| task.state == TaskState::Rejected)
    })
    .await;
    let task = &service.tasks[0];
    assert_eq!(task.exit_code, None);
    assert!(
        task.error
            .as_deref()
            .unwrap_or_default()
            .contains("No such image"),
        "{task:?}"
    );
}

pub async fn a_health_check_holds_a_task_in_starting(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("starting"), Workload::NeverHealthy);
    runtime
        .apply_service(&spec, None, None)
        .await
        .expect("it can be created");
    let service = eventually(&*runtime, &spec.name, |service| {
        service
            .tasks
            .first()
            .is_some_and(|task| task.health == TaskHealth::Starting)
    })
    .await;
    assert_eq!(service.tasks[0].state, TaskState::Starting);
}

pub async fn a_healthy_task_says_so(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("healthy"), Workload::Steady);
    spec.health = Some(health(&["true"]));
    let service = run(&*runtime, &spec).await;
    assert_eq!(service.tasks[0].health, TaskHealth::Healthy);
}
