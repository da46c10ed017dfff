//! What every [`ContainerRuntime`] has to do: one case for each bullet of its description.
//!
//! An implementation hands in a [`Fixture`] and lists the cases with [`runtime_conformance!`](crate::runtime_conformance).

pub mod images;
pub mod logs;
pub mod objects;
pub mod services;
pub mod states;
pub mod tasks;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::error::{ErrorKind, Result};
use crate::model::{
    CommandLine, EndpointMode, RestartCondition, RestartPolicy, ServiceMode, UpdateOrder,
};
use crate::runtime::{
    ContainerRuntime, LogSink, LogStream, ObservedService, ObservedTask, ServiceHealth,
    ServiceSpec, TaskSpec, TaskState, label,
};

/// How long anything in the suite may take.
const DEADLINE: Duration = Duration::from_secs(90);
/// How often to look.
const LOOK: Duration = Duration::from_millis(100);

/// What containers are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Prints `started` and runs until it is stopped.
    Steady,
    /// The same from another image.
    Other,
    /// Prints `started`, and then `tick` again and again, until it is stopped.
    Ticking,
    /// Prints `about to fail` and ends with exit code 3.
    Crashing,
    /// Its health check never passes.
    NeverHealthy,
    /// It has an image that does not exist.
    NoImage,
}

/// What a one-off task is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Prints `ran` and a line that differs each time, if the runtime can, and ends with exit code 0.
    Succeeding,
    /// Prints `about to fail` and ends with exit code 3.
    Failing,
    /// Prints `begun` and runs for two seconds.
    Short,
    /// Prints `begun` and runs for an hour.
    Endless,
    /// It has an image that does not exist.
    NoImage,
}

/// What the suite needs beside the runtime.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The runtime.
    fn runtime(&self) -> Arc<dyn ContainerRuntime>;

    /// A name that nobody else uses: the fixture removes what has it in the end.
    fn name(&self, part: &str) -> String;

    /// Image and arguments of containers that do this.
    fn workload(&self, workload: Workload) -> (String, Option<Vec<String>>);

    /// Image and command of a one-off task that does this.
    fn job(&self, job: Job) -> (String, CommandLine);

    /// A base image for builds.
    fn base_image(&self) -> String;

    /// Registry that images may be pushed to, as in `registry.example.com:5000`; `None` leaves out those cases.
    fn registry(&self) -> Option<String>;

    /// Creates a service without our label, as somebody else would.
    async fn create_foreign_service(&self, name: &str);
}

/// A specification of one task with short times and nothing published, to be changed by tests.
pub fn service(name: &str, image: &str) -> ServiceSpec {
    let ours = BTreeMap::from([(label::MANAGED_BY.to_owned(), label::OURS.to_owned())]);
    ServiceSpec {
        name: name.to_owned(),
        labels: ours.clone(),
        container_labels: ours,
        image: image.to_owned(),
        command: None,
        env: Vec::new(),
        secrets: Vec::new(),
        mode: ServiceMode::Replicated,
        replicas: 1,
        ports: Vec::new(),
        volumes: Vec::new(),
        tmpfs: Vec::new(),
        health: None,
        memory_limit: None,
        nano_cpus: None,
        memory_reservation: None,
        nano_cpus_reservation: None,
        restart: RestartPolicy {
            delay: Duration::from_secs(1),
            ..RestartPolicy::default()
        },
        networks: Vec::new(),
        endpoint_mode: EndpointMode::Dnsrr,
        constraints: Vec::new(),
        user: None,
        drop_capabilities: Vec::new(),
        read_only_root: false,
        init: false,
        stop_grace: Duration::from_secs(1),
        order: UpdateOrder::StartFirst,
        parallelism: 1,
        delay: Duration::ZERO,
        monitor: Duration::from_secs(5),
    }
}

/// A health check of the given words, every half second.
pub fn health(words: &[&str]) -> ServiceHealth {
    ServiceHealth {
        command: CommandLine::Exec(words.iter().map(ToString::to_string).collect()),
        interval: Duration::from_millis(500),
        timeout: Duration::from_secs(2),
        retries: 1000,
        start_period: None,
    }
}

/// A service of the given workload.
pub fn service_of(fixture: &dyn Fixture, name: &str, workload: Workload) -> ServiceSpec {
    let (image, command) = fixture.workload(workload);
    let mut spec = service(name, &image);
    spec.command = command;
    if workload == Workload::NeverHealthy {
        spec.health = Some(health(&["false"]));
    }
    spec
}

/// The same, without restarts.
pub fn service_without_restart(
    fixture: &dyn Fixture,
    name: &str,
    workload: Workload,
) -> ServiceSpec {
    let mut spec = service_of(fixture, name, workload);
    spec.restart.condition = RestartCondition::None;
    spec
}

/// A one-off task of the given job.
pub fn task_of(fixture: &dyn Fixture, name: &str, job: Job) -> TaskSpec {
    let (image, command) = fixture.job(job);
    TaskSpec {
        name: name.to_owned(),
        labels: BTreeMap::new(),
        image,
        command,
        env: Vec::new(),
        secrets: Vec::new(),
        networks: Vec::new(),
        volumes: Vec::new(),
        user: None,
        memory_limit: None,
        constraints: Vec::new(),
        credential: None,
    }
}

/// Observes a service until it is as expected.
///
/// # Panics
///
/// When it is not so in time.
pub async fn eventually(
    runtime: &dyn ContainerRuntime,
    name: &str,
    expected: impl Fn(&ObservedService) -> bool,
) -> ObservedService {
    let started = tokio::time::Instant::now();
    let mut last = None;
    while started.elapsed() < DEADLINE {
        last = runtime
            .observe_service(name)
            .await
            .expect("the service can be observed");
        match last {
            Some(service) if expected(&service) => return service,
            _ => tokio::time::sleep(LOOK).await,
        }
    }
    panic!("service {name} is not as expected: {last:#?}");
}

/// Creates a service and waits until all its tasks run.
///
/// # Panics
///
/// When they do not in time.
pub async fn run(runtime: &dyn ContainerRuntime, spec: &ServiceSpec) -> ObservedService {
    runtime
        .apply_service(spec, None, None)
        .await
        .expect("the service can be created");
    eventually(runtime, &spec.name, all_run).await
}

/// Whether as many tasks of the current specification run as there should be, and no other task does.
pub fn all_run(service: &ObservedService) -> bool {
    let wanted = || service.tasks.iter().filter(|task| task.wanted);
    let is_current = |task: &ObservedTask| {
        task.state == TaskState::Running
            && task.image == service.image
            && task.labels == service.container_labels
    };
    wanted().count() == service.replicas as usize && wanted().all(is_current)
}

/// Identifiers of the tasks that are wanted, sorted.
pub fn wanted_tasks(service: &ObservedService) -> Vec<String> {
    let wanted = service.tasks.iter().filter(|task| task.wanted);
    let mut ids: Vec<_> = wanted.map(|task| task.id.clone()).collect();
    ids.sort();
    ids
}

/// The kind of the error of a call that has to fail.
///
/// # Panics
///
/// When it does not fail.
pub fn kind_of<T: Debug>(result: Result<T>) -> ErrorKind {
    result.expect_err("it has to fail").kind()
}

/// A sink that remembers.
#[derive(Debug, Default)]
pub struct Remembered(Mutex<Vec<(LogStream, String)>>);

impl Remembered {
    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().map(|(_, text)| text.clone()).collect()
    }

    /// Waits for a line that contains the text.
    pub async fn wait_for(&self, text: &str) {
        let started = tokio::time::Instant::now();
        while !self.lines().iter().any(|line| line.contains(text)) {
            assert!(
                started.elapsed() < DEADLINE,
                "no line with {text}: {:?}",
                self.lines()
            );
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl LogSink for Remembered {
    fn line(&self, stream: LogStream, text: &[u8]) {
        let text = String::from_utf8_lossy(text).into_owned();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((stream, text));
    }
}

/// A token that nobody cancels.
pub fn never() -> CancellationToken {
    CancellationToken::new()
}

/// Makes one test of each case. `$test` are the attributes of a test, `$fixture` is an expression for an
/// `async` block that returns `Option<impl Fixture>`: `None` leaves the test out, which the expression reports.
#[macro_export]
macro_rules! runtime_conformance {
    ($test:tt, $fixture:expr) => {
        $crate::runtime_conformance! { @module $test $fixture; services:
            an_absent_service_is_none
            a_created_service_carries_what_was_asked_for
            creating_what_exists_is_a_conflict
            an_update_with_another_version_is_a_conflict
            an_update_of_an_absent_service_is_a_conflict
            a_foreign_service_is_never_changed
            an_equal_specification_restarts_nothing
            an_update_replaces_the_tasks
            a_change_of_labels_alone_restarts_nothing
            scaling_changes_the_number_of_tasks_and_nothing_else
            scaling_to_the_same_number_is_ok
            a_restart_replaces_the_tasks_and_nothing_else
            removing_waits_until_the_tasks_are_gone
            an_identifier_removes_that_very_service
            equal_digests_are_equal_specifications
            a_change_is_told_to_who_watches
            the_mode_of_a_service_cannot_be_changed
            a_secret_or_network_that_is_missing_is_not_found
        }
        $crate::runtime_conformance! { @module $test $fixture; states:
            a_global_service_has_a_task_on_each_node
            constraints_that_no_node_meets_change_nothing
            constraints_decide_where_a_global_service_runs
            a_crash_shows_its_exit_code
            a_missing_image_is_rejected
            a_health_check_holds_a_task_in_starting
            a_healthy_task_says_so
        }
        $crate::runtime_conformance! { @module $test $fixture; logs:
            the_last_lines_of_a_failed_task_are_evidence
            lines_of_a_service_carry_their_time_and_task
            only_the_last_lines_are_read_when_asked
            one_task_can_be_read_alone
            following_hands_on_lines_to_come
            lines_of_an_absent_service_are_not_found
            statistics_cover_every_running_task
            statistics_of_an_absent_service_are_not_found
        }
        $crate::runtime_conformance! { @module $test $fixture; tasks:
            a_task_returns_its_outcome_and_output
            a_failing_task_returns_its_exit_code
            a_task_that_has_ended_is_not_started_again
            a_task_that_runs_is_taken_up
            two_calls_at_the_same_time_run_one_task
            a_deadline_stops_a_task
            a_cancelled_call_stops_its_task
            a_task_without_an_image_has_no_exit_code
            removing_a_task_twice_is_ok
        }
        $crate::runtime_conformance! { @module $test $fixture; objects:
            networks_volumes_and_secrets_are_made_once
            calls_at_the_same_time_make_a_thing_once
            owned_things_are_found_by_label
            what_is_in_use_is_not_removed
            what_is_foreign_is_never_removed
            removing_what_is_absent_is_ok
        }
        $crate::runtime_conformance! { @module $test $fixture; images:
            a_build_tells_its_lines_and_makes_an_image
            an_equal_build_makes_an_equal_image
            a_failing_build_names_the_instruction
            a_cancelled_build_ends
            an_absent_image_is_none
            a_pushed_image_has_a_digest_and_can_be_fetched
        }
    };
    (@module $test:tt $fixture:expr; $module:ident: $($case:ident)*) => {
        mod $module {
            use super::*;
            $($crate::runtime_conformance! { @case $test $fixture; $module $case })*
        }
    };
    (@case { $($test:tt)* } $fixture:expr; $module:ident $case:ident) => {
        $($test)*
        async fn $case() {
            if let Some(fixture) = $fixture.await {
                $crate::conformance::runtime::$module::$case(&fixture).await;
            }
        }
    };
}
