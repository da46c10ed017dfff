//! The fake has to behave like the real thing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use dokploy_core::conformance::runtime::{Fixture, Job, Workload, service};
use dokploy_core::model::CommandLine;
use dokploy_core::runtime::{
    ContainerRuntime, FakeBehavior, FakeBuild, FakeBuildInput, FakeRuntime, FakeTask, TaskSpec,
};
use dokploy_core::runtime_conformance;

struct Fake(FakeRuntime);

impl Fake {
    fn new() -> Self {
        let runtime = FakeRuntime::new();
        for image in ["steady:1", "other:1", "ticking:1", "crashing:1", "task:1"] {
            runtime.add_image(image);
        }
        runtime.set_behavior(
            "crashing:1",
            FakeBehavior::Crashes {
                after: Duration::from_secs(1),
                exit_code: 3,
            },
        );
        runtime.choose_behavior(|launch| {
            (launch.command == Some(&["never".to_owned()])).then(FakeBehavior::never_healthy)
        });
        runtime.set_output("steady:1", &["started"], None);
        runtime.set_output("crashing:1", &["about to fail"], None);
        let tick = Some((Duration::from_millis(200), "tick"));
        runtime.set_output("ticking:1", &["started"], tick);
        runtime.choose_task(task);
        runtime.choose_build(build);
        Self(runtime)
    }
}

fn task(spec: &TaskSpec) -> Option<FakeTask> {
    let CommandLine::Shell(text) = &spec.command else {
        return None;
    };
    let script = |line: &str, seconds, exit_code| FakeTask {
        lines: vec![line.to_owned()],
        duration: Duration::from_secs(seconds),
        exit_code,
    };
    match text.as_str() {
        "fail" => Some(script("about to fail", 1, 3)),
        "short" => Some(script("begun", 2, 0)),
        "endless" => Some(script("begun", 3600, 0)),
        _ => None,
    }
}

/// Plays the Dockerfiles of the suite.
fn build(input: &FakeBuildInput<'_>) -> Option<FakeBuild> {
    let dockerfile = input.files.get("Dockerfile")?;
    let text = String::from_utf8_lossy(dockerfile);
    let (_, run) = text.trim().split_once("RUN ")?;
    let is_slow = run.contains("sleep 3600");
    Some(FakeBuild {
        lines: vec![format!("RUN {run}"), run.replace("echo ", "")],
        duration: Duration::from_secs(if is_slow { 3600 } else { 1 }),
        failure: run
            .contains("exit 7")
            .then(|| format!("RUN {run} failed with exit code 7")),
        ..FakeBuild::default()
    })
}

#[async_trait]
impl Fixture for Fake {
    fn runtime(&self) -> Arc<dyn ContainerRuntime> {
        Arc::new(self.0.clone())
    }

    fn name(&self, part: &str) -> String {
        format!("test-{part}")
    }

    fn workload(&self, workload: Workload) -> (String, Option<Vec<String>>) {
        let (image, command) = match workload {
            Workload::Steady => ("steady:1", None),
            Workload::Other => ("other:1", None),
            Workload::Ticking => ("ticking:1", None),
            Workload::Crashing => ("crashing:1", None),
            Workload::NeverHealthy => ("steady:1", Some(vec!["never".to_owned()])),
            Workload::NoImage => ("absent:1", None),
        };
        (image.to_owned(), command)
    }

    fn job(&self, job: Job) -> (String, CommandLine) {
        let (image, command) = match job {
            Job::Succeeding => ("task:1", "succeed"),
            Job::Failing => ("task:1", "fail"),
            Job::Short => ("task:1", "short"),
            Job::Endless => ("task:1", "endless"),
            Job::NoImage => ("absent:1", "succeed"),
        };
        (image.to_owned(), CommandLine::Shell(command.to_owned()))
    }

    fn base_image(&self) -> String {
        "base:1".to_owned()
    }

    fn registry(&self) -> Option<String> {
        Some("registry.example.com".to_owned())
    }

    async fn create_foreign_service(&self, name: &str) {
        let mut spec = service(name, "steady:1");
        spec.labels = BTreeMap::new();
        self.0.create_outside(spec);
    }
}

runtime_conformance!({ #[tokio::test(start_paused = true)] }, std::future::ready(Some(Fake::new())));
