//! The scenarios of `tests/parity/scenarios.json`: what has to happen the same way in every language and over HTTP.

mod matching;
mod run;
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::task::JoinSet;

use self::run::Run;
pub use self::world::World;

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
    /// Where this makes no sense, with the reason.
    #[serde(default)]
    not_over: BTreeMap<String, String>,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "lowercase", deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
struct Call {
    operation: String,
    engine: Option<String>,
    of: Option<String>,
    #[serde(default)]
    args: Map<String, Value>,
    /// What only HTTP has to be told.
    #[serde(default)]
    http: Map<String, Value>,
    #[serde(rename = "as")]
    name: Option<String>,
    /// Null says that nothing is found, and is not the same as nothing said.
    #[serde(default, deserialize_with = "said")]
    expect: Option<Value>,
    fails: Option<Fails>,
    /// Where this makes no sense, with the reason.
    #[serde(default)]
    not_over: BTreeMap<String, String>,
}

fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fails {
    code: String,
    retryable: Option<bool>,
    violations: Option<Vec<String>>,
}

/// One call of an operation, with everything filled in.
#[derive(Debug)]
pub struct Asked {
    /// Name of the engine.
    pub engine: String,
    /// Name of the operation in the table.
    pub operation: String,
    /// The deployment that is asked, for an operation of a handle.
    pub deployment: Option<String>,
    /// Arguments by their names on the wire.
    pub args: Value,
    /// What only HTTP has to be told.
    pub http: Value,
}

/// An error of an operation, as far as it is the same everywhere.
#[derive(Debug)]
pub struct Refusal {
    /// Stable code.
    pub code: String,
    /// Whether a retry can help.
    pub retryable: bool,
    /// Fields that are wrong.
    pub fields: Vec<String>,
    /// The whole of it, for whoever reads why a test failed.
    pub told: String,
}

/// Where scenarios happen: how engines are opened and operations are called there.
#[async_trait]
pub trait Place: Send + Sync {
    /// Its name in `not_over`.
    const NAME: &'static str;

    /// The image that applications are made of.
    fn base_image(&self) -> &str;

    /// Writes the files that applications are built of, and answers where they are.
    async fn write_tree(&mut self, files: &BTreeMap<String, String>) -> Result<String>;

    /// Opens an engine, where it can be in a process of its own if `process`.
    async fn open(&mut self, name: &str, process: bool, options: &Map<String, Value>)
    -> Result<()>;

    /// Ends an engine as kill -9 does.
    async fn kill(&mut self, name: &str) -> Result<()>;

    /// Ends an engine in order.
    async fn close(&mut self, name: &str) -> Result<()>;

    /// Calls an operation; an answer that is a handle is an object with its id.
    async fn call(&self, asked: &Asked) -> Result<Result<Value, Refusal>>;

    /// Events of a deployment after a number, as the engine `main` tells them.
    async fn events(&self, deployment: &str, after: u64) -> Result<BoxStream<'_, Result<Value>>>;

    /// What of an expected answer is shown there.
    fn shown(&self, operation: &str, expected: Value) -> Value;

    /// Removes what a real container engine would keep, and closes everything.
    async fn end(self) -> Result<()>;
}

/// The text of a file of `tests/parity`.
///
/// # Panics
///
/// When there is no such file.
pub fn table(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("parity")
        .join(name);
    std::fs::read_to_string(path).expect("the table is there")
}

fn read() -> File {
    serde_json::from_str(&table("scenarios.json")).expect("the scenarios can be read")
}

/// Runs every scenario at once, each in a place of its own, and fails with all that went wrong.
///
/// # Errors
///
/// The steps that failed, with what was found.
pub async fn run_all<P: Place + 'static>(place: impl Fn() -> P) -> Result<()> {
    let file = read();
    let here = file
        .scenarios
        .iter()
        .filter(|scenario| !scenario.not_over.contains_key(P::NAME));
    let mut running = JoinSet::new();
    for scenario in here {
        running.spawn(Run::scenario(file.clone(), scenario.clone(), place()));
    }
    let failed: Vec<_> = running
        .join_all()
        .await
        .into_iter()
        .filter_map(Result::err)
        .map(|error| format!("{error:?}"))
        .collect();
    ensure!(failed.is_empty(), "{}", failed.join("\n\n"));
    Ok(())
}

/// Checks what is said of steps that make no sense somewhere: each names a place that there is and says why, and they
/// are the exception.
///
/// # Errors
///
/// The first one that says nothing, or that there are too many.
pub fn check_exceptions(places: &[&str]) -> Result<()> {
    let file = read();
    let (mut calls, mut exceptions) = (0, 0);
    for scenario in &file.scenarios {
        let steps = scenario.steps.iter().filter_map(|step| match step {
            Step::Call(call) => Some(&call.not_over),
            _ => None,
        });
        for not_over in steps.chain([&scenario.not_over]) {
            calls += 1;
            exceptions += usize::from(!not_over.is_empty());
            for (place, reason) in not_over {
                let told = || format!("{}: not over {place}: {reason:?}", scenario.name);
                ensure!(
                    places.contains(&place.as_str()),
                    "no such place: {}",
                    told()
                );
                let words = reason.split_whitespace().count();
                ensure!(words >= 5, "no reason: {}", told());
            }
        }
    }
    ensure!(
        exceptions * 10 <= calls,
        "{exceptions} of {calls} are exceptions"
    );
    Ok(())
}

/// Writes files into a directory, which is made.
///
/// # Errors
///
/// Those of the file system.
pub fn write_files(directory: &Path, files: &BTreeMap<String, String>) -> Result<()> {
    std::fs::create_dir_all(directory)?;
    for (name, content) in files {
        let path = directory.join(name);
        std::fs::write(&path, content).with_context(|| path.display().to_string())?;
    }
    Ok(())
}
