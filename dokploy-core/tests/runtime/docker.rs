//! Docker Swarm has to pass the suite on a real engine.

use std::sync::Arc;

use async_trait::async_trait;
use dokploy_core::conformance::runtime::{Fixture, Job, Workload};
use dokploy_core::model::CommandLine;
use dokploy_core::runtime::ContainerRuntime;
use dokploy_core::runtime_conformance;

use dokploy_tests::environment::require;

use crate::engine::Engine;

struct Docker(Engine);

impl Docker {
    fn find() -> Option<Self> {
        Engine::find().map(Self)
    }
}

#[async_trait]
impl Fixture for Docker {
    fn runtime(&self) -> Arc<dyn ContainerRuntime> {
        Arc::new(self.0.runtime.clone())
    }

    fn name(&self, part: &str) -> String {
        self.0.name(part)
    }

    fn workload(&self, workload: Workload) -> (String, Option<Vec<String>>) {
        let (image, text) = match workload {
            Workload::Steady | Workload::NeverHealthy => {
                (self.0.base.clone(), "echo started; exec sleep 3600")
            }
            // Another name of the same image, by its id.
            Workload::Other => (self.base_id(), "echo started; exec sleep 3600"),
            Workload::Ticking => (
                self.0.base.clone(),
                "echo started; n=0; while sleep 0.2; do n=$((n+1)); echo tick $n; done",
            ),
            Workload::Crashing => (
                self.0.base.clone(),
                "sleep 1; echo about to fail >&2; exit 3",
            ),
            Workload::NoImage => (format!("{}:absent", self.0.prefix), "true"),
        };
        let words = ["sh", "-c", text];
        (image, Some(words.map(str::to_owned).to_vec()))
    }

    fn job(&self, job: Job) -> (String, CommandLine) {
        let (image, text) = match job {
            Job::Succeeding => (
                self.0.base.clone(),
                "echo ran; cat /proc/sys/kernel/random/uuid",
            ),
            Job::Failing => (self.0.base.clone(), "echo about to fail >&2; exit 3"),
            Job::Short => (self.0.base.clone(), "echo begun; sleep 2"),
            Job::Endless => (self.0.base.clone(), "echo begun; sleep 3600"),
            Job::NoImage => (format!("{}:absent", self.0.prefix), "true"),
        };
        (image, CommandLine::Shell(text.to_owned()))
    }

    fn base_image(&self) -> String {
        self.0.base.clone()
    }

    fn registry(&self) -> Option<String> {
        require("registry", "DOKPLOY_TEST_REGISTRY")
    }

    async fn create_foreign_service(&self, name: &str) {
        self.0.create_foreign(name);
    }
}

impl Docker {
    fn base_id(&self) -> String {
        let (_, image) = self
            .0
            .ask("GET", &format!("/images/{}/json", self.0.base), None);
        image["Id"].as_str().unwrap().to_owned()
    }
}

runtime_conformance!({ #[tokio::test(flavor = "multi_thread", worker_threads = 2)] }, std::future::ready(Docker::find()));
