//! The scenarios of `scenarios.json` in Rust, on a container engine in memory and on a real one.

mod calls;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use async_trait::async_trait;
use dokploy_core::error::Error;
use dokploy_core::{DeploymentHandle, Engine};
use dokploy_tests::agent::{Agent, Order};
use dokploy_tests::environment::Environment;
use dokploy_tests::scenario::{
    Asked, Place, Refusal, World, check_exceptions, run_all, write_files,
};
use futures::StreamExt;
use futures::stream::BoxStream;
use serde_json::{Map, Value};

/// Engines in this process, or in processes of their own where the parts can be shared with them.
struct InRust {
    world: World,
    engines: BTreeMap<String, Running>,
    options: Map<String, Value>,
}

#[expect(clippy::large_enum_variant, reason = "there are two of them")]
enum Running {
    Here(Engine),
    There(Agent),
}

impl Running {
    async fn close(self) -> Result<()> {
        match self {
            Self::Here(engine) => engine.shutdown().await,
            Self::There(agent) => {
                anyhow::ensure!(agent.stop().await?, "it did not end in order");
            }
        }
        Ok(())
    }
}

impl InRust {
    fn of(world: World) -> Self {
        Self {
            world,
            engines: BTreeMap::new(),
            options: Map::new(),
        }
    }

    fn take(&mut self, name: &str) -> Result<Running> {
        self.engines.remove(name).context("there is no such engine")
    }

    fn engine(&self, name: &str) -> Result<&Engine> {
        match self.engines.get(name) {
            Some(Running::Here(engine)) => Ok(engine),
            _ => anyhow::bail!("there is no engine {name} here"),
        }
    }

    fn handle(&self, engine: &str, deployment: &str) -> Result<DeploymentHandle> {
        let engine = self.engine(engine)?;
        Ok(DeploymentHandle::new(
            engine.deployer(),
            deployment.parse()?,
        ))
    }
}

#[async_trait]
impl Place for InRust {
    const NAME: &'static str = "rust";

    fn base_image(&self) -> &str {
        self.world.base_image()
    }

    async fn write_tree(&mut self, files: &BTreeMap<String, String>) -> Result<String> {
        let tree = self.world.directory().join("tree");
        write_files(&tree, files)?;
        Ok(tree.display().to_string())
    }

    async fn open(
        &mut self,
        name: &str,
        process: bool,
        options: &Map<String, Value>,
    ) -> Result<()> {
        self.options.clone_from(options);
        let assembly = if process {
            self.world.assembly(options)?
        } else {
            None
        };
        let running = match assembly {
            Some(assembly) => {
                let order = Order {
                    assembly,
                    abort_at: None,
                };
                let program = PathBuf::from(env!("CARGO_BIN_EXE_agent"));
                Running::There(Agent::start(&program, &order).await?)
            }
            None => Running::Here(self.world.engine(options).await?),
        };
        self.engines.insert(name.to_owned(), running);
        Ok(())
    }

    async fn kill(&mut self, name: &str) -> Result<()> {
        match self.take(name)? {
            Running::Here(engine) => engine.abort(),
            Running::There(agent) => agent.kill().await?,
        }
        Ok(())
    }

    async fn close(&mut self, name: &str) -> Result<()> {
        self.take(name)?.close().await
    }

    async fn call(&self, asked: &Asked) -> Result<Result<Value, Refusal>> {
        let (operation, args) = (asked.operation.as_str(), &asked.args);
        let answer = match &asked.deployment {
            None => calls::engine(self.engine(&asked.engine)?, operation, args).await,
            Some(id) => {
                let handle = self.handle(&asked.engine, id)?;
                calls::handle(&handle, operation, args).await
            }
        };
        Ok(answer.map_err(|error| refusal(&error)))
    }

    async fn events(&self, deployment: &str, after: u64) -> Result<BoxStream<'_, Result<Value>>> {
        let events = self.handle("main", deployment)?.events(after);
        Ok(events
            .map(|event| Ok(serde_json::to_value(event?)?))
            .boxed())
    }

    fn shown(&self, _operation: &str, expected: Value) -> Value {
        expected
    }

    async fn end(mut self) -> Result<()> {
        let mut options = self.options.clone();
        options.insert("concurrency".to_owned(), 3.into());
        self.world.clean(&options).await?;
        for (_, running) in self.engines {
            running.close().await?;
        }
        Ok(())
    }
}

fn refusal(error: &Error) -> Refusal {
    let violations = error.violations().iter();
    Refusal {
        code: error.code().to_owned(),
        retryable: error.is_retryable(),
        fields: violations
            .map(|violation| violation.field.clone())
            .collect(),
        told: format!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_happens_on_a_container_engine_in_memory() {
    run_all(|| InRust::of(World::in_memory())).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_happens_on_a_real_container_engine() {
    let Some(environment) = Environment::find() else {
        return;
    };
    run_all(|| InRust::of(World::real(&environment)))
        .await
        .unwrap();
}

#[test]
fn what_makes_no_sense_somewhere_says_why_and_is_the_exception() {
    check_exceptions(&["http"]).unwrap();
}
