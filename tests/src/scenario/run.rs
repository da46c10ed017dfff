//! One scenario, step by step.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use futures::StreamExt;
use serde_json::{Map, Value, json};

use super::matching::{check, fill};
use super::{Asked, Call, Fails, File, Place, Refusal, Scenario, Step};

/// How long a step may take.
const DEADLINE: Duration = Duration::from_mins(3);

/// Events that come or not, as it happens.
const INCIDENTAL: [&str; 2] = ["step_progressed", "warned"];

pub(super) struct Run<P> {
    file: File,
    place: P,
    answers: BTreeMap<String, Value>,
    words: BTreeMap<&'static str, String>,
}

impl<P: Place> Run<P> {
    pub(super) async fn scenario(file: File, scenario: Scenario, place: P) -> Result<()> {
        let unique = dokploy_core::id::ProjectId::new()
            .to_string()
            .replace('-', "");
        let project = format!("{}-{}", P::NAME, &unique[unique.len() - 12..]);
        let words = BTreeMap::from([
            ("base_image", place.base_image().to_owned()),
            ("nonce", unique),
            ("project", project),
        ]);
        let mut run = Self {
            file,
            place,
            answers: BTreeMap::new(),
            words,
        };
        run.write_tree().await?;
        let done = run.steps(&scenario).await;
        run.place.end().await?;
        done
    }

    async fn write_tree(&mut self) -> Result<()> {
        let mut files = BTreeMap::new();
        for (name, content) in &self.file.tree {
            let content = self.fill(&json!(content))?;
            files.insert(
                name.clone(),
                content.as_str().unwrap_or_default().to_owned(),
            );
        }
        let tree = self.place.write_tree(&files).await?;
        self.words.insert("tree", tree);
        Ok(())
    }

    async fn steps(&mut self, scenario: &Scenario) -> Result<()> {
        self.open("main", false, &scenario.options).await?;
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
            Step::Kill { engine } => self.place.kill(engine).await,
            Step::Close { engine } => self.place.close(engine).await,
            Step::Call(call) if call.not_over.contains_key(P::NAME) => Ok(()),
            Step::Call(call) => self.call(call).await,
            Step::Until { of, event } => self.until(of, event).await,
            Step::Events { of, after, expect } => self.events(of, *after, expect).await,
        }
    }

    async fn open(&mut self, name: &str, process: bool, own: &Map<String, Value>) -> Result<()> {
        let mut options = self.file.options.clone();
        options.extend(own.clone());
        self.place.open(name, process, &options).await
    }

    async fn call(&mut self, call: &Call) -> Result<()> {
        let asked = self.asked(call)?;
        let answer = match (self.place.call(&asked).await?, &call.fails) {
            (Err(refusal), Some(fails)) => return check_refusal(&refusal, fails),
            (Ok(answer), Some(_)) => bail!("it answered {answer}"),
            (Err(refusal), None) => bail!("{}", refusal.told),
            (Ok(answer), None) => answer,
        };
        if let Some(expected) = &call.expect {
            let expected = self.place.shown(&call.operation, self.fill(expected)?);
            check(&expected, &answer, &call.operation)?;
        }
        if let Some(name) = &call.name {
            self.answers.insert(name.clone(), answer);
        }
        Ok(())
    }

    fn asked(&self, call: &Call) -> Result<Asked> {
        let mut args = self.fill(&json!(call.args))?;
        if let Some(changes) = args.get_mut("spec") {
            *changes = self.spec(changes)?;
        }
        Ok(Asked {
            engine: call.engine.clone().unwrap_or_else(|| "main".to_owned()),
            operation: call.operation.clone(),
            deployment: call.of.as_deref().map(|of| self.handle(of)).transpose()?,
            args,
            http: self.fill(&json!(call.http))?,
        })
    }

    fn spec(&self, changes: &Value) -> Result<Value> {
        let base = self.fill(&json!(self.file.spec))?;
        let (Value::Object(mut spec), Value::Object(changes)) = (base, changes) else {
            bail!("a specification is an object");
        };
        spec.extend(changes.clone());
        spec.retain(|_, value| !value.is_null());
        Ok(Value::Object(spec))
    }

    /// The id of the deployment that an answer is a handle of.
    fn handle(&self, of: &str) -> Result<String> {
        let answer = self.answers.get(of.trim_start_matches('$'));
        let id = answer.and_then(|answer| answer.get("id")?.as_str());
        Ok(id.with_context(|| format!("{of} is no handle"))?.to_owned())
    }

    async fn until(&self, of: &str, expected: &Value) -> Result<()> {
        let mut events = self.place.events(&self.handle(of)?, 0).await?;
        while let Some(event) = events.next().await {
            if check(expected, &event?, "event").is_ok() {
                return Ok(());
            }
        }
        bail!("there was no such event")
    }

    async fn events(&self, of: &str, after: u64, expected: &[Value]) -> Result<()> {
        let mut events = self.place.events(&self.handle(of)?, after).await?;
        let mut seen = Vec::new();
        while let Some(event) = events.next().await {
            let event = event?;
            let is_incidental = INCIDENTAL.iter().any(|kind| event["type"] == *kind);
            seen.extend((!is_incidental).then_some(event));
        }
        let expected = self.fill(&json!(expected))?;
        check(&expected, &json!(seen), "events")
    }

    fn fill(&self, value: &Value) -> Result<Value> {
        fill(value, &self.words, &self.answers)
    }
}

fn check_refusal(refusal: &Refusal, expected: &Fails) -> Result<()> {
    let told = &refusal.told;
    ensure!(refusal.code == expected.code, "{told}");
    let retryable = expected.retryable.unwrap_or(refusal.retryable);
    ensure!(refusal.retryable == retryable, "retryable or not: {told}");
    if let Some(expected) = &expected.violations {
        let mut fields = refusal.fields.clone();
        fields.sort();
        ensure!(fields == *expected, "{told}");
    }
    Ok(())
}
