//! The scenarios of `scenarios.json` in Rust, on a container engine in memory and on a real one.

mod calls;
mod matching;
mod worlds;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use dokploy_core::DeploymentHandle;
use dokploy_tests::environment::Environment;
use futures::{StreamExt, TryStreamExt};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use self::matching::{check, fill};
use self::worlds::{Running, World};
use crate::sources;

/// How long a step may take.
const DEADLINE: Duration = Duration::from_mins(3);

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "about")]
    _about: Vec<String>,
    options: Map<String, Value>,
    tree: BTreeMap<String, String>,
    spec: Map<String, Value>,
    scenarios: Vec<Scenario>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    #[serde(default)]
    options: Map<String, Value>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(
    tag = "do",
    rename_all = "lowercase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
enum Step {
    Open {
        engine: String,
        #[serde(default)]
        process: bool,
        #[serde(default)]
        options: Map<String, Value>,
    },
    Kill {
        engine: String,
    },
    Close {
        engine: String,
    },
    Call(Call),
    Until {
        of: String,
        event: Value,
    },
    Events {
        of: String,
        #[serde(default)]
        after: u64,
        expect: Vec<Value>,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Call {
    operation: String,
    engine: Option<String>,
    of: Option<String>,
    #[serde(default)]
    args: Map<String, Value>,
    #[serde(rename = "as")]
    name: Option<String>,
    /// Null says that nothing is found, and is not the same as nothing said.
    #[serde(default, deserialize_with = "said")]
    expect: Option<Value>,
    fails: Option<Fails>,
}

fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fails {
    code: String,
    retryable: Option<bool>,
    violations: Option<Vec<String>>,
}

/// What a call gave.
#[derive(Clone)]
enum Answer {
    Value(Value),
    Handle(DeploymentHandle),
}

impl Answer {
    fn to_value(&self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Handle(handle) => json!({"id": handle.id()}),
        }
    }
}

struct Run {
    file: File,
    world: World,
    engines: BTreeMap<String, Running>,
    answers: BTreeMap<String, Answer>,
    words: BTreeMap<&'static str, String>,
}

impl Run {
    async fn scenario(file: File, scenario: Scenario, world: World) -> Result<()> {
        let unique = dokploy_core::id::ProjectId::new()
            .to_string()
            .replace('-', "");
        let project = format!("rust-{}", &unique[unique.len() - 12..]);
        let tree = world.directory().join("tree");
        let words = BTreeMap::from([
            ("tree", tree.display().to_string()),
            ("base_image", world.base_image().to_owned()),
            ("nonce", unique),
            ("project", project),
        ]);
        let mut run = Self {
            file,
            world,
            engines: BTreeMap::new(),
            answers: BTreeMap::new(),
            words,
        };
        std::fs::create_dir(&tree)?;
        for (name, content) in &run.file.tree {
            let content = fill(&json!(content), &run.words, &run.answers)?;
            std::fs::write(tree.join(name), content.as_str().unwrap_or_default())?;
        }
        run.open("main", false, &scenario.options).await?;
        let done = run.steps(&scenario).await;
        run.clean().await?;
        done
    }

    async fn steps(&mut self, scenario: &Scenario) -> Result<()> {
        for (index, step) in scenario.steps.iter().enumerate() {
            tokio::time::timeout(DEADLINE, self.step(step, &scenario.options))
                .await
                .context("no end of it")
                .and_then(|done| done)
                .with_context(|| format!("{}, step {}: {step:?}", scenario.name, index + 1))?;
        }
        Ok(())
    }

    async fn step(&mut self, step: &Step, options: &Map<String, Value>) -> Result<()> {
        match step {
            Step::Open {
                engine,
                process,
                options: own,
            } => {
                let mut merged = options.clone();
                merged.extend(own.clone());
                self.open(engine, *process, &merged).await
            }
            Step::Kill { engine } => self.take(engine)?.kill().await,
            Step::Close { engine } => self.take(engine)?.close().await,
            Step::Call(call) => self.call(call).await,
            Step::Until { of, event } => self.until(of, event).await,
            Step::Events { of, after, expect } => self.events(of, *after, expect).await,
        }
    }

    async fn open(&mut self, name: &str, process: bool, own: &Map<String, Value>) -> Result<()> {
        let mut options = self.file.options.clone();
        options.extend(own.clone());
        let engine = self.world.open(process, &options).await?;
        self.engines.insert(name.to_owned(), engine);
        Ok(())
    }

    fn take(&mut self, name: &str) -> Result<Running> {
        self.engines.remove(name).context("there is no such engine")
    }

    async fn call(&mut self, call: &Call) -> Result<()> {
        let answer = match (self.answer(call).await, &call.fails) {
            (Err(error), Some(fails)) => return check_error(&error, fails),
            (Ok(answer), Some(_)) => bail!("it answered {}", answer.to_value()),
            (Err(error), None) => return Err(error.into()),
            (Ok(answer), None) => answer,
        };
        if let Some(expected) = &call.expect {
            let expected = fill(expected, &self.words, &self.answers)?;
            check(&expected, &answer.to_value(), &call.operation)?;
        }
        if let Some(name) = &call.name {
            self.answers.insert(name.clone(), answer);
        }
        Ok(())
    }

    async fn answer(&self, call: &Call) -> dokploy_core::Result<Answer> {
        let unexpected = |error: anyhow::Error| {
            dokploy_core::Error::new(dokploy_core::ErrorKind::Unexpected, format!("{error:#}"))
        };
        let mut args = fill(&json!(call.args), &self.words, &self.answers).map_err(unexpected)?;
        if let Some(changes) = args.get_mut("spec") {
            *changes = self.spec(changes).map_err(unexpected)?;
        }
        let name = call.engine.as_deref().unwrap_or("main");
        let Some(Running::Here(engine)) = self.engines.get(name) else {
            return Err(unexpected(anyhow::anyhow!(
                "there is no engine {name} here"
            )));
        };
        let Some(of) = &call.of else {
            return calls::engine(engine, &call.operation, &args).await;
        };
        let handle = self.handle(of).map_err(unexpected)?;
        let handle = match call.engine {
            Some(_) => DeploymentHandle::new(engine.deployer(), handle.id()),
            None => handle,
        };
        calls::handle(&handle, &call.operation, &args).await
    }

    fn spec(&self, changes: &Value) -> Result<Value> {
        let base = fill(&json!(self.file.spec), &self.words, &self.answers)?;
        let (Value::Object(mut spec), Value::Object(changes)) = (base, changes) else {
            bail!("a specification is an object");
        };
        spec.extend(changes.clone());
        spec.retain(|_, value| !value.is_null());
        Ok(Value::Object(spec))
    }

    fn handle(&self, of: &str) -> Result<DeploymentHandle> {
        match self.answers.get(of.trim_start_matches('$')) {
            Some(Answer::Handle(handle)) => Ok(handle.clone()),
            _ => bail!("{of} is no handle"),
        }
    }

    async fn until(&self, of: &str, expected: &Value) -> Result<()> {
        let mut events = self.handle(of)?.events(0);
        while let Some(event) = events.next().await {
            if check(expected, &serde_json::to_value(event?)?, "event").is_ok() {
                return Ok(());
            }
        }
        bail!("there was no such event")
    }

    async fn events(&self, of: &str, after: u64, expected: &[Value]) -> Result<()> {
        let events: Vec<_> = self.handle(of)?.events(after).try_collect().await?;
        let seen: Vec<Value> = events
            .iter()
            .filter(|event| !["step_progressed", "warned"].contains(&event.kind.name()))
            .map(serde_json::to_value)
            .collect::<Result<_, _>>()?;
        let expected = fill(&json!(expected), &self.words, &self.answers)?;
        check(&expected, &json!(seen), "events")
    }

    /// Removes what a real container engine would keep.
    async fn clean(mut self) -> Result<()> {
        self.open("cleaner", false, &Map::new()).await?;
        let Running::Here(cleaner) = self.take("cleaner")? else {
            bail!("the cleaner is in this process");
        };
        let page = dokploy_core::model::PageRequest::first();
        for application in cleaner
            .store()
            .list_applications(&dokploy_core::store::ApplicationFilter::default(), page)
            .await?
            .items
        {
            cleaner.delete_application(application.id).await?;
        }
        cleaner.shutdown().await;
        for engine in self.engines.into_values() {
            engine.close().await?;
        }
        Ok(())
    }
}

fn check_error(error: &dokploy_core::Error, expected: &Fails) -> Result<()> {
    ensure!(error.code() == expected.code, "{error:?}");
    ensure!(
        expected
            .retryable
            .is_none_or(|retryable| retryable == error.is_retryable()),
        "{error:?}"
    );
    if let Some(expected) = &expected.violations {
        let mut fields: Vec<_> = error
            .violations()
            .iter()
            .map(|violation| violation.field.clone())
            .collect();
        fields.sort();
        ensure!(fields == *expected, "{error:?}");
    }
    Ok(())
}

/// Runs all scenarios at once and shows every one that fails.
async fn all(world: impl Fn() -> World) {
    let text = std::fs::read_to_string(sources::beside("scenarios.json")).unwrap();
    let file: File = serde_json::from_str(&text).unwrap();
    let mut running = JoinSet::new();
    for scenario in file.scenarios.clone() {
        running.spawn(Run::scenario(file.clone(), scenario, world()));
    }
    let failed: Vec<_> = running
        .join_all()
        .await
        .into_iter()
        .filter_map(Result::err)
        .map(|error| format!("{error:?}"))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_happens_on_a_container_engine_in_memory() {
    all(World::in_memory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_happens_on_a_real_container_engine() {
    let Some(environment) = Environment::find() else {
        return;
    };
    all(|| World::real(&environment)).await;
}
