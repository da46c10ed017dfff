//! Output and statistics of services.

#![expect(missing_docs, reason = "the name of a case is its description")]

use futures::StreamExt;

use super::{DEADLINE, Fixture, Workload, eventually, run, service_of, service_without_restart};
use crate::error::ErrorKind;
use crate::runtime::{ServiceLogLine, ServiceLogQuery, TaskState};

async fn read(fixture: &dyn Fixture, query: &ServiceLogQuery) -> Vec<ServiceLogLine> {
    let lines = fixture
        .runtime()
        .service_logs(query)
        .map(|line| line.expect("a line"))
        .collect();
    tokio::time::timeout(DEADLINE, lines)
        .await
        .expect("the log ends")
}

/// Reads again until there are so many lines: a log arrives a moment after it was written.
async fn read_until(
    fixture: &dyn Fixture,
    query: &ServiceLogQuery,
    count: usize,
) -> Vec<ServiceLogLine> {
    let started = tokio::time::Instant::now();
    loop {
        let lines = read(fixture, query).await;
        if lines.len() >= count {
            return lines;
        }
        assert!(started.elapsed() < DEADLINE, "too few lines: {lines:?}");
        tokio::time::sleep(super::LOOK).await;
    }
}

pub async fn the_last_lines_of_a_failed_task_are_evidence(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_without_restart(fixture, &fixture.name("evidence"), Workload::Crashing);
    runtime
        .apply_service(&spec, None, None)
        .await
        .expect("it can be created");
    let service = eventually(&*runtime, &spec.name, |service| {
        service
            .tasks
            .iter()
            .any(|task| task.state == TaskState::Failed)
    })
    .await;
    let tail = runtime
        .task_tail(&service.tasks[0].id, 20)
        .await
        .expect("there is a log");
    assert!(tail.iter().any(|line| line == "about to fail"), "{tail:?}");
    let tail = runtime
        .task_tail(&service.tasks[0].id, 1)
        .await
        .expect("there is a log");
    assert_eq!(tail.len(), 1);
    let absent = runtime
        .task_tail("absent", 20)
        .await
        .expect_err("it does not exist");
    assert_eq!(absent.kind(), ErrorKind::NotFound);
}

pub async fn lines_of_a_service_carry_their_time_and_task(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("lines"), Workload::Steady);
    spec.replicas = 2;
    let service = run(&*runtime, &spec).await;
    let query = ServiceLogQuery {
        service: spec.name.clone(),
        ..ServiceLogQuery::default()
    };
    let lines = read_until(fixture, &query, 2).await;
    assert_eq!(lines.len(), 2, "{lines:?}");
    for task in &service.tasks {
        let line = lines
            .iter()
            .find(|line| line.task.as_ref() == Some(&task.id));
        let line = line.unwrap_or_else(|| panic!("no line of task {}: {lines:?}", task.id));
        assert_eq!(line.text, "started");
        assert!(line.at.is_some());
    }
}

pub async fn only_the_last_lines_are_read_when_asked(fixture: &dyn Fixture) {
    let spec = service_of(fixture, &fixture.name("tail"), Workload::Ticking);
    run(&*fixture.runtime(), &spec).await;
    let mut query = ServiceLogQuery {
        service: spec.name.clone(),
        ..ServiceLogQuery::default()
    };
    let lines = read_until(fixture, &query, 4).await;
    assert_eq!(lines[0].text, "started");
    query.tail = Some(2);
    let tail = read(fixture, &query).await;
    assert_eq!(tail.len(), 2, "{tail:?}");
    assert!(tail.iter().all(|line| line.text.contains("tick")));
    query.tail = None;
    query.since = lines[3].at;
    let later = read(fixture, &query).await;
    assert_eq!(
        later.first(),
        Some(&lines[3]),
        "lines since a moment include those of the moment"
    );
}

pub async fn one_task_can_be_read_alone(fixture: &dyn Fixture) {
    let mut spec = service_of(fixture, &fixture.name("alone"), Workload::Steady);
    spec.replicas = 2;
    let service = run(&*fixture.runtime(), &spec).await;
    let query = ServiceLogQuery {
        service: spec.name,
        task: Some(service.tasks[1].id.clone()),
        ..ServiceLogQuery::default()
    };
    let lines = read_until(fixture, &query, 1).await;
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].task, query.task);
}

pub async fn following_hands_on_lines_to_come(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let spec = service_of(fixture, &fixture.name("follow"), Workload::Ticking);
    run(&*runtime, &spec).await;
    let query = ServiceLogQuery {
        service: spec.name.clone(),
        follow: true,
        ..ServiceLogQuery::default()
    };
    let lines = runtime
        .service_logs(&query)
        .map(|line| line.expect("a line").text)
        .take(5);
    let lines = tokio::time::timeout(DEADLINE, lines.collect::<Vec<_>>()).await;
    let lines = lines.expect("lines go on");
    assert_eq!(lines[0], "started");
    let mut ticks = lines[1..].to_vec();
    ticks.dedup();
    assert_eq!(ticks.len(), 4, "each line comes once: {lines:?}");
}

pub async fn lines_of_an_absent_service_are_not_found(fixture: &dyn Fixture) {
    let query = ServiceLogQuery {
        service: fixture.name("absent"),
        ..ServiceLogQuery::default()
    };
    let first = fixture
        .runtime()
        .service_logs(&query)
        .next()
        .await
        .expect("an answer");
    assert_eq!(
        first.expect_err("it does not exist").kind(),
        ErrorKind::NotFound
    );
}

pub async fn statistics_cover_every_running_task(fixture: &dyn Fixture) {
    let runtime = fixture.runtime();
    let mut spec = service_of(fixture, &fixture.name("stats"), Workload::Steady);
    spec.replicas = 2;
    spec.memory_limit = Some(64 << 20);
    let service = run(&*runtime, &spec).await;
    let stats = runtime
        .service_stats(&spec.name)
        .await
        .expect("there are statistics");
    let mut tasks: Vec<_> = stats.tasks.iter().map(|task| task.task.clone()).collect();
    tasks.sort();
    assert_eq!(tasks, super::wanted_tasks(&service));
    for task in &stats.tasks {
        assert!(
            task.memory > 0 && task.memory <= task.memory_limit,
            "{task:?}"
        );
        assert_eq!(task.memory_limit, 64 << 20);
        assert!(task.cpu >= 0.0);
    }
    assert_eq!(
        stats.memory,
        stats.tasks.iter().map(|task| task.memory).sum::<u64>()
    );
}

pub async fn statistics_of_an_absent_service_are_not_found(fixture: &dyn Fixture) {
    let stats = fixture
        .runtime()
        .service_stats(&fixture.name("absent"))
        .await;
    assert_eq!(
        stats.expect_err("it does not exist").kind(),
        ErrorKind::NotFound
    );
}
