//! How an update goes, and how Swarm takes it back.

use std::time::Duration;

use dokploy_core::ContainerRuntime;
use dokploy_core::conformance::runtime::{all_run, eventually, health, wanted_tasks};
use dokploy_core::model::RestartCondition;
use dokploy_core::runtime::TaskState;
use serde_json::json;

use super::{STEADY, for_a_while, is_done, running, shell, start, state, update, words};
use crate::engine::Engine;

#[tokio::test]
async fn a_parallelism_that_is_left_out_is_unlimited() {
    let Some(engine) = Engine::find() else { return };
    let hour = 3_600_000_000_000_i64;
    let name = engine.name("unlimited");
    engine.create_foreign(&name);
    engine.change(&name, |spec| {
        spec["Mode"] = json!({"Replicated": {"Replicas": 3}});
        spec["UpdateConfig"] = json!({"Delay": hour, "Order": "start-first"});
    });
    let first = eventually(&engine.runtime, &name, |service| running(service) == 3).await;
    engine.change(&name, |spec| {
        spec["TaskTemplate"]["ContainerSpec"]["Command"] = json!(["sleep", "3601"]);
    });
    eventually(&engine.runtime, &name, |service| {
        let old = wanted_tasks(&first);
        let new = wanted_tasks(service);
        new.len() == 3 && new.iter().all(|task| !old.contains(task))
    })
    .await;
    // Ours says one at a time, even where nothing was asked for.
    let mut spec = shell(&engine, "one", STEADY);
    spec.replicas = 3;
    spec.parallelism = 0;
    spec.delay = Duration::from_hours(1);
    start(&engine, &spec).await;
    assert_eq!(
        engine.service(&spec.name)["Spec"]["UpdateConfig"]["Parallelism"],
        1
    );
}

#[tokio::test]
async fn no_update_state_where_no_task_has_to_change() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "clean", STEADY);
    let first = start(&engine, &spec).await;
    assert_eq!(first.update_state, None, "created");
    spec.labels.insert("team".to_owned(), "red".to_owned());
    assert_eq!(update(&engine, &spec).await.update_state, None, "labels");
    spec.replicas = 2;
    update(&engine, &spec).await;
    let scaled = eventually(&engine.runtime, &spec.name, all_run).await;
    assert_eq!(scaled.update_state, None, "scaled");
    spec.command = Some(words("exec sleep 3601"));
    update(&engine, &spec).await;
    eventually(&engine.runtime, &spec.name, is_done).await;
    spec.replicas = 1;
    update(&engine, &spec).await;
    let scaled = eventually(&engine.runtime, &spec.name, all_run).await;
    assert_eq!(
        scaled.update_state, None,
        "a state of an update before is forgotten"
    );
}

#[tokio::test]
async fn an_automatic_rollback_leaves_no_previous_specification() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "back", STEADY);
    let first = start(&engine, &spec).await;
    spec.command = Some(words("sleep 1; exit 1"));
    update(&engine, &spec).await;
    assert!(engine.service(&spec.name)["PreviousSpec"].is_object());
    let service = state(&engine, &spec.name, "rollback_completed").await;
    assert_eq!(service.spec_digest, first.spec_digest);
    let raw = engine.service(&spec.name);
    assert!(raw["PreviousSpec"].is_null(), "{raw}");
    let path = format!(
        "/services/{}/update?version={}&rollback=previous",
        spec.name, service.version
    );
    let (status, answer) = engine.ask("POST", &path, Some(&raw["Spec"]));
    assert!(status >= 400, "there is nothing to go back to: {answer}");
}

#[tokio::test]
async fn an_exit_without_an_error_within_the_monitor_period_is_a_failure() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "zero", STEADY);
    start(&engine, &spec).await;
    spec.command = Some(words("sleep 1; exit 0"));
    update(&engine, &spec).await;
    let service = state(&engine, &spec.name, "rollback_completed").await;
    assert!(
        service
            .tasks
            .iter()
            .any(|task| task.state == TaskState::Complete)
    );
}

#[tokio::test]
async fn a_task_runs_only_after_its_first_healthy_probe() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(
        &engine,
        "probe",
        "sleep 3; touch /tmp/well; exec sleep 3600",
    );
    spec.health = Some(health(&["test", "-e", "/tmp/well"]));
    engine
        .runtime
        .apply_service(&spec, None, None)
        .await
        .unwrap();
    eventually(&engine.runtime, &spec.name, |service| {
        service
            .tasks
            .first()
            .is_some_and(|task| task.state == TaskState::Starting)
    })
    .await;
    for_a_while(&engine, &spec.name, Duration::from_secs(1), |service| {
        running(service) == 0
    })
    .await;
    eventually(&engine.runtime, &spec.name, all_run).await;
}

#[tokio::test]
async fn a_new_update_cancels_the_running_one() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "cancel", STEADY);
    spec.replicas = 2;
    spec.delay = Duration::from_hours(1);
    start(&engine, &spec).await;
    spec.command = Some(words("exec sleep 3601"));
    update(&engine, &spec).await;
    eventually(&engine.runtime, &spec.name, |service| {
        service.tasks.len() > 2 && running(service) == 2
    })
    .await;
    // Without it this would be an hour late.
    spec.command = Some(words("exec sleep 3602"));
    spec.delay = Duration::ZERO;
    spec.container_labels
        .insert("round".to_owned(), "3".to_owned());
    update(&engine, &spec).await;
    let service = eventually(&engine.runtime, &spec.name, is_done).await;
    let wanted = service.tasks.iter().filter(|task| task.wanted);
    assert!(wanted.clone().count() == 2 && wanted.clone().all(|task| task.labels["round"] == "3"));
}

#[tokio::test]
async fn start_first_keeps_the_old_task_when_the_new_one_dies_before_it_is_healthy() {
    let Some(engine) = Engine::find() else { return };
    let mut spec = shell(&engine, "keep", STEADY);
    spec.health = Some(health(&["true"]));
    let first = start(&engine, &spec).await;
    spec.command = Some(words("sleep 1; exit 1"));
    spec.health = Some(health(&["false"]));
    spec.restart.condition = RestartCondition::Any;
    update(&engine, &spec).await;
    let service = state(&engine, &spec.name, "rollback_completed").await;
    let old = service
        .tasks
        .iter()
        .find(|task| task.id == first.tasks[0].id)
        .unwrap();
    assert!(
        old.wanted && old.state == TaskState::Running,
        "{service:#?}"
    );
    let last = eventually(&engine.runtime, &spec.name, all_run).await;
    assert_eq!(wanted_tasks(&last), wanted_tasks(&first));
}
