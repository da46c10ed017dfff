//! Swarm's own status is not the authority.

use std::time::Duration;

use dokploy_core::ContainerRuntime;
use dokploy_core::conformance::runtime::{eventually, health};
use dokploy_core::model::UpdateOrder;
use dokploy_core::runtime::{TaskHealth, TaskState};
use serde_json::json;

use super::{STEADY, for_a_while, is_done, running, shell, start, state, update, words};
use crate::engine::Engine;

#[tokio::test]
async fn a_task_that_cannot_be_placed_is_updating_for_ever() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "place", STEADY);
    start(&engine, &spec).await;
    spec.memory_reservation = Some(1 << 50);
    update(&engine, &spec).await;
    let service = eventually(&engine.runtime, &spec.name, |service| {
        service.tasks[0].error.is_some()
    })
    .await;
    assert_eq!(service.tasks[0].state, TaskState::Pending);
    let error = service.tasks[0].error.as_deref().unwrap();
    assert!(error.contains("no suitable node"), "{error}");
    for_a_while(&engine, &spec.name, Duration::from_secs(8), |service| {
        service.update_state.as_deref() == Some("updating") && running(service) == 1
    })
    .await;
}

#[tokio::test]
async fn a_constraint_that_no_node_meets_kills_the_old_task_too() {
    let Some(engine) = Engine::find() else { return };
    let spec = shell(&engine, "enforced", STEADY);
    let first = start(&engine, &spec).await;
    engine.change(&spec.name, |spec| {
        spec["TaskTemplate"]["Placement"] = json!({"Constraints": ["node.labels.nowhere==yes"]});
    });
    // Any change of a node lets Swarm judge the running tasks anew, by constraints that are not theirs.
    let node = first.tasks[0].node.clone().unwrap();
    engine.label_node(&node, Some("x"));
    let service = eventually(&engine.runtime, &spec.name, |service| running(service) == 0).await;
    engine.label_node(&node, None);
    let old = service
        .tasks
        .iter()
        .find(|task| task.id == first.tasks[0].id)
        .unwrap();
    let error = old.error.as_deref().unwrap_or_default();
    assert!(
        error.contains("no longer meets constraints"),
        "{service:#?}"
    );
}

#[tokio::test]
async fn a_crash_after_the_monitor_period_is_completed() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "late", STEADY);
    start(&engine, &spec).await;
    spec.command = Some(words("sleep 9; exit 1"));
    update(&engine, &spec).await;
    state(&engine, &spec.name, "completed").await;
    let service = eventually(&engine.runtime, &spec.name, |service| {
        let failed = |task: &&_| is_failed(task);
        service.tasks.iter().filter(failed).count() >= 2
    })
    .await;
    assert_eq!(
        service.update_state.as_deref(),
        Some("completed"),
        "a crash loop"
    );
}

fn is_failed(task: &dokploy_core::runtime::ObservedTask) -> bool {
    task.state == TaskState::Failed
}

#[tokio::test]
async fn a_first_creation_that_crashes_has_no_update_state() {
    let Some(engine) = Engine::find() else { return };
    let spec = shell(&engine, "first", "exit 1");
    engine
        .runtime
        .apply_service(&spec, None, None)
        .await
        .unwrap();
    let service = eventually(&engine.runtime, &spec.name, |service| {
        service.tasks.iter().filter(|task| is_failed(task)).count() >= 2
    })
    .await;
    assert_eq!(service.update_state, None);
}

#[tokio::test]
async fn a_rollback_to_a_pruned_image_ends_with_nothing_running() {
    let Some(engine) = Engine::find() else { return };
    let image = format!("{}:good", engine.prefix);
    let tag = format!(
        "/images/{}/tag?repo={}&tag=good",
        engine.base, engine.prefix
    );
    assert_eq!(engine.ask("POST", &tag, None).0, 201);
    let mut spec = shell(&engine, "pruned", STEADY);
    spec.image.clone_from(&image);
    spec.order = UpdateOrder::StopFirst;
    spec.restart.max_attempts = Some(1);
    start(&engine, &spec).await;
    let (status, answer) = engine.ask("DELETE", &format!("/images/{image}?force=1"), None);
    assert_eq!(status, 200, "{answer}");
    spec.image.clone_from(&engine.base);
    spec.command = Some(words("exit 1"));
    update(&engine, &spec).await;
    // `rollback_completed` or `rollback_paused`: which of the two is a race within Swarm.
    let service = eventually(&engine.runtime, &spec.name, |service| {
        let state = service.update_state.as_deref().unwrap_or_default();
        matches!(state, "rollback_completed" | "rollback_paused")
    })
    .await;
    assert_eq!(service.image, image);
    let service = eventually(&engine.runtime, &spec.name, |service| {
        service
            .tasks
            .iter()
            .any(|task| task.state == TaskState::Rejected)
    })
    .await;
    assert_eq!(running(&service), 0);
    let rejected = service
        .tasks
        .iter()
        .find(|task| task.state == TaskState::Rejected);
    let error = rejected.unwrap().error.as_deref().unwrap();
    assert!(error.contains("No such image"), "{error}");
}

#[tokio::test]
async fn a_health_check_that_never_passes_is_updating_for_ever() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "never", STEADY);
    start(&engine, &spec).await;
    spec.health = Some(health(&["false"]));
    update(&engine, &spec).await;
    let service = eventually(&engine.runtime, &spec.name, |service| {
        service.tasks[0].health == TaskHealth::Starting
    })
    .await;
    assert_eq!(service.tasks[0].state, TaskState::Starting);
    for_a_while(&engine, &spec.name, Duration::from_secs(8), |service| {
        service.update_state.as_deref() == Some("updating")
            && service.tasks[0].state == TaskState::Starting
            && running(service) == 1
    })
    .await;
}

#[tokio::test]
async fn a_stale_version_is_an_error_of_the_server() {
    let Some(engine) = Engine::find() else { return };
    let spec = shell(&engine, "stale", STEADY);
    let first = start(&engine, &spec).await;
    engine.change(&spec.name, |spec| {
        spec["Labels"]["by"] = json!("somebody else");
    });
    let raw = engine.service(&spec.name)["Spec"].clone();
    let path = format!("/services/{}/update?version={}", spec.name, first.version);
    let (status, answer) = engine.ask("POST", &path, Some(&raw));
    assert_eq!(status, 500);
    assert!(
        answer["message"]
            .as_str()
            .unwrap()
            .contains("update out of sequence")
    );
    let error = engine
        .runtime
        .apply_service(&spec, Some(first.version), None)
        .await;
    assert_eq!(error.unwrap_err().code(), "conflict");
}

#[tokio::test]
async fn an_update_ends_with_a_further_write_of_the_engine() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "write", STEADY);
    start(&engine, &spec).await;
    spec.command = Some(words("sleep 3601"));
    let begun = update(&engine, &spec).await;
    let done = eventually(&engine.runtime, &spec.name, is_done).await;
    assert!(
        done.version > begun.version,
        "a version grows without anybody's change"
    );
    assert_eq!(done.spec_digest, begun.spec_digest, "the digest does not");
}
