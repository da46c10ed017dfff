//! One-off tasks.

#![expect(missing_docs, reason = "the name of a case is its description")]

use std::sync::Arc;
use std::time::Duration;

use super::{DEADLINE, Fixture, Job, Remembered, never, task_of};
use crate::error::ErrorKind;
use crate::runtime::{OwnedKind, TaskOutcome, TaskSpec};

async fn run(fixture: &dyn Fixture, spec: &TaskSpec) -> (TaskOutcome, Vec<String>) {
    let log = Arc::new(Remembered::default());
    let ran = fixture
        .runtime()
        .run_task(spec, DEADLINE, log.clone(), &never())
        .await;
    (ran.expect("it runs to its end"), log.lines())
}

pub async fn a_task_returns_its_outcome_and_output(fixture: &dyn Fixture) {
    let spec = task_of(fixture, &fixture.name("succeed"), Job::Succeeding);
    let (outcome, lines) = run(fixture, &spec).await;
    assert_eq!(outcome.exit_code, Some(0));
    assert_eq!(outcome.message, None);
    assert_eq!(lines.first().map(String::as_str), Some("ran"));
    assert_eq!(outcome.tail, lines);
}

pub async fn a_failing_task_returns_its_exit_code(fixture: &dyn Fixture) {
    let spec = task_of(fixture, &fixture.name("fail"), Job::Failing);
    let (outcome, lines) = run(fixture, &spec).await;
    assert_eq!(outcome.exit_code, Some(3));
    assert!(outcome.message.is_some());
    assert_eq!(lines, ["about to fail"]);
}

pub async fn a_task_that_has_ended_is_not_started_again(fixture: &dyn Fixture) {
    let spec = task_of(fixture, &fixture.name("once"), Job::Succeeding);
    let (first, _) = run(fixture, &spec).await;
    let (second, _) = run(fixture, &spec).await;
    assert_eq!(second, first, "the same run, hence the same output");
    let owned = fixture
        .runtime()
        .list_owned(OwnedKind::Service, &spec.labels)
        .await;
    let owned = owned.expect("services can be listed");
    assert_eq!(
        owned
            .iter()
            .filter(|object| object.name == spec.name)
            .count(),
        1
    );
}

pub async fn a_task_that_runs_is_taken_up(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = task_of(fixture, &fixture.name("take-up"), Job::Short);
    let log = Arc::new(Remembered::default());
    {
        let never = never();
        let abandoned = runtime.run_task(&spec, DEADLINE, log.clone(), &never);
        // The caller is killed in the middle.
        tokio::select! {
            _ = abandoned => panic!("it takes longer"),
            () = log.wait_for("begun") => {}
        }
    }
    let (outcome, lines) = run(fixture, &spec).await;
    assert_eq!(outcome.exit_code, Some(0));
    assert_eq!(lines, ["begun"]);
}

pub async fn two_calls_at_the_same_time_run_one_task(fixture: &dyn Fixture) {
    let spec = task_of(fixture, &fixture.name("both"), Job::Succeeding);
    let ((one, _), (other, _)) = tokio::join!(run(fixture, &spec), run(fixture, &spec));
    assert_eq!(one, other, "the same run, hence the same output");
}

pub async fn a_deadline_stops_a_task(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = task_of(fixture, &fixture.name("deadline"), Job::Endless);
    let log = Arc::new(Remembered::default());
    let late = runtime
        .run_task(&spec, Duration::from_secs(4), log.clone(), &never())
        .await;
    assert_eq!(late.expect_err("it is endless").kind(), ErrorKind::TimedOut);
    let again = runtime
        .run_task(&spec, DEADLINE, log.clone(), &never())
        .await;
    let again = again.expect_err("a task that was stopped is not started again");
    assert_eq!(again.kind(), ErrorKind::TimedOut);
    runtime
        .remove_task(&spec.name)
        .await
        .expect("it can be removed");
    let fresh = task_of(fixture, &spec.name, Job::Succeeding);
    assert_eq!(run(fixture, &fresh).await.0.exit_code, Some(0));
}

pub async fn a_cancelled_call_stops_its_task(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = task_of(fixture, &fixture.name("cancel"), Job::Endless);
    let log = Arc::new(Remembered::default());
    let cancel = never();
    let call = runtime.run_task(&spec, DEADLINE, log.clone(), &cancel);
    let cancelling = async {
        log.wait_for("begun").await;
        cancel.cancel();
    };
    let (ended, ()) = tokio::join!(call, cancelling);
    assert_eq!(
        ended.expect_err("it is endless").kind(),
        ErrorKind::Cancelled
    );
    let again = runtime
        .run_task(&spec, DEADLINE, log.clone(), &never())
        .await;
    assert_eq!(
        again.expect_err("it stays stopped").kind(),
        ErrorKind::Cancelled
    );
}

pub async fn a_task_without_an_image_has_no_exit_code(fixture: &dyn Fixture) {
    let spec = task_of(fixture, &fixture.name("no-image"), Job::NoImage);
    let (outcome, lines) = run(fixture, &spec).await;
    assert_eq!(outcome.exit_code, None);
    let message = outcome.message.unwrap_or_default();
    assert!(message.contains("No such image"), "{message}");
    assert!(lines.is_empty());
}

pub async fn removing_a_task_twice_is_ok(fixture: &dyn Fixture) {
    let spec = task_of(fixture, &fixture.name("remove"), Job::Succeeding);
    run(fixture, &spec).await;
    for _ in 0..2 {
        fixture
            .runtime()
            .remove_task(&spec.name)
            .await
            .expect("it can be removed");
    }
}
