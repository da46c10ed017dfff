//! References in what a scenario says, and whether something is as it says.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A value with its placeholders and references replaced.
pub(super) fn fill(
    value: &Value,
    words: &BTreeMap<&'static str, String>,
    answers: &BTreeMap<String, Value>,
) -> Result<Value> {
    let again = |value: &Value| fill(value, words, answers);
    Ok(match value {
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| Ok((key.clone(), again(value)?)));
            Value::Object(fields.collect::<Result<_>>()?)
        }
        Value::Array(items) => Value::Array(items.iter().map(again).collect::<Result<_>>()?),
        Value::String(text) => match text.strip_prefix('$') {
            Some(path) if !path.starts_with('{') => reference(path, answers)?,
            _ => {
                let mut text = text.clone();
                for (name, word) in words {
                    text = text.replace(&format!("${{{name}}}"), word);
                }
                Value::String(text)
            }
        },
        other => other.clone(),
    })
}

fn reference(path: &str, answers: &BTreeMap<String, Value>) -> Result<Value> {
    let mut parts = path.split('.');
    let first = parts.next().unwrap_or_default();
    let mut found = answers
        .get(first)
        .with_context(|| format!("there is no answer {first}"))?;
    for part in parts {
        found = found
            .get(part)
            .with_context(|| format!("{path} is not there"))?;
    }
    Ok(found.clone())
}

/// What is expected is a part of what was found.
pub(super) fn check(expected: &Value, found: &Value, path: &str) -> Result<()> {
    match (expected, found) {
        (Value::String(any), found) if any == "*" => {
            ensure!(!found.is_null(), "{path} is missing");
        }
        (Value::Object(expected), Value::Object(fields)) => {
            for (key, value) in expected {
                let field = fields.get(key).unwrap_or(&Value::Null);
                check(value, field, &format!("{path}.{key}"))?;
            }
        }
        (Value::Array(expected), Value::Array(items)) => {
            ensure!(
                expected.len() == items.len(),
                "{path} has {} entries: {found:#}",
                items.len()
            );
            for (index, (expected, item)) in expected.iter().zip(items).enumerate() {
                check(expected, item, &format!("{path}[{index}]"))?;
            }
        }
        (expected, found) => ensure!(expected == found, "{path} is {found}, not {expected}"),
    }
    Ok(())
}
