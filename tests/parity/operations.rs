//! The table of operations names everything that the engine can do, and nothing that it cannot.

use std::collections::BTreeSet;

use dokploy_core::ErrorKind;
use serde::Deserialize;

use crate::{shapes, sources};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "about")]
    _about: String,
    open_options: Vec<Argument>,
    operations: Vec<Operation>,
    /// Checked by the tests of the server.
    #[serde(rename = "not_over_http")]
    _not_over_http: std::collections::BTreeMap<String, String>,
    not_operations: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Operation {
    name: String,
    on: String,
    kind: String,
    rust: Vec<String>,
    args: Vec<Argument>,
    returns: Option<String>,
    errors: Vec<String>,
    doc: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Argument {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "default")]
    _default: Option<serde_json::Value>,
    doc: Option<String>,
}

fn table() -> Table {
    let text = std::fs::read_to_string(sources::beside("operations.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Parts of an engine that are asked directly, and where they are.
const PARTS: [(&str, &str); 6] = [
    ("ProjectStore", "store"),
    ("ApplicationStore", "store"),
    ("DatabaseStore", "store"),
    ("ReleaseStore", "store"),
    ("CredentialStore", "store"),
    ("ContainerRuntime", "runtime.rs"),
];

/// What a question to a part begins with. What else parts do, the engine does with them.
const QUESTIONS: [&str; 3] = ["find_", "list_", "service_"];

/// What the engine offers: its own functions, what every front end calls, what a handle can be asked, and the questions
/// to its parts.
fn offered() -> BTreeSet<String> {
    let places = ["engine.rs", "engine", "deployer.rs", "deployer"];
    let own = ["Engine", "Deployer", "DeploymentHandle"]
        .iter()
        .flat_map(|of| sources::functions(&places, of));
    own.chain(of_parts().filter(|function| is_question(function)))
        .collect()
}

fn of_parts() -> impl Iterator<Item = String> {
    PARTS
        .iter()
        .flat_map(|(of, place)| sources::functions(&[place], of))
}

fn is_question(function: &str) -> bool {
    let (_, name) = function.split_once("::").unwrap();
    QUESTIONS.iter().any(|start| name.starts_with(start))
}

#[test]
fn every_function_of_the_engine_is_an_operation_or_says_why_not() {
    let table = table();
    let named: BTreeSet<_> = table
        .operations
        .iter()
        .flat_map(|operation| operation.rust.iter().cloned())
        .collect();
    let missing: Vec<_> = offered()
        .into_iter()
        .filter(|name| !named.contains(name) && !table.not_operations.contains_key(name))
        .collect();
    assert!(
        missing.is_empty(),
        "add these to tests/parity/operations.json: {missing:?}"
    );
}

#[test]
fn every_operation_names_functions_that_are_there() {
    let mut there = offered();
    there.extend(of_parts());
    let table = table();
    let named = table
        .operations
        .iter()
        .flat_map(|operation| &operation.rust);
    for name in named.chain(table.not_operations.keys()) {
        assert!(there.contains(name), "there is no {name}");
    }
}

#[test]
fn every_operation_is_complete() {
    let table = table();
    let shapes = shapes::of_the_sources();
    let mut seen = BTreeSet::new();
    for operation in &table.operations {
        let name = format!("{}.{}", operation.on, operation.name);
        assert!(seen.insert(name.clone()), "{name} is there twice");
        assert!(
            ["open", "call", "stream", "value"].contains(&operation.kind.as_str()),
            "{name}: {}",
            operation.kind
        );
        assert!(operation.doc.ends_with('.'), "{name} says what it does");
        for code in &operation.errors {
            assert!(
                ErrorKind::ALL.iter().any(|kind| kind.code() == code),
                "{name}: {code}"
            );
        }
        let returned = operation.returns.iter();
        let taken = operation.args.iter().map(|argument| &argument.kind);
        for word in taken.chain(returned).flat_map(|kind| words(kind)) {
            assert!(is_known(&shapes, word), "{name} names the type {word}");
        }
    }
    for option in &table.open_options {
        assert!(option.doc.is_some(), "{} says what it is", option.name);
    }
}

fn words(kind: &str) -> impl Iterator<Item = &str> {
    kind.split(['<', '>', '?', '[', ']', ',', ' '])
        .filter(|word| !word.is_empty())
}

fn is_known(shapes: &shapes::Shapes, word: &str) -> bool {
    const PRIMITIVE: [&str; 16] = [
        "bytes",
        "Kept",
        "Map",
        "NewDatabase",
        "string",
        "integer",
        "number",
        "boolean",
        "seconds",
        "Timestamp",
        "Page",
        "Engine",
        "DeploymentHandle",
        "OpenOptions",
        "Secret",
        "WorkerId",
    ];
    PRIMITIVE.contains(&word) || shapes.contains_key(word)
}
