//! Answers of HTTP as the core has them, and what HTTP does not show.

use dokploy_tests::scenario::Refusal;
use serde_json::{Map, Value, json};

/// What an answer of HTTP is in the core.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// The same.
    AsItIs,
    /// One field of it.
    Part(&'static str),
    /// An application, whose specification lies in the same object.
    Application,
    /// A deployment, whose state lies in the same object.
    Deployment,
    /// A part of a list.
    List,
    /// A part of a list of deployments.
    Deployments,
    /// A database, which has its first deployment in it.
    NewDatabase,
}

/// What the core shows of itself and HTTP of nothing, wherever it is.
const NOT_SHOWN: [(&str, &str); 4] = [
    ("request", "what was asked for is in the deployment itself"),
    (
        "targetReleaseId",
        "a deployment that goes back names its release",
    ),
    ("cancelRequested", "an event says it"),
    ("epoch", "only workers compare it"),
];

/// What of an expected answer HTTP shows.
pub(crate) fn shown(expected: Value) -> Value {
    match expected {
        // A sealed secret has no value there.
        Value::Object(fields) if fields.contains_key("sealed") => Value::Null,
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(name, _)| NOT_SHOWN.iter().all(|(hidden, _)| hidden != name))
            .map(|(name, value)| (name, shown(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(shown).collect(),
        other => other,
    }
}

impl Answer {
    /// The answer as the core has it.
    pub(crate) fn of(self, body: Value) -> Value {
        match self {
            Self::AsItIs => body,
            Self::Part(name) => body[name].clone(),
            Self::Application => application(body),
            Self::Deployment => deployment(body),
            Self::List => list(&body, |item| item),
            Self::Deployments => list(&body, deployment),
            Self::NewDatabase => {
                json!({"deployment": {"id": body["lastDeployment"]["id"]}, "database": body})
            }
        }
    }
}

fn application(mut body: Value) -> Value {
    body["spec"] = body.clone();
    body["stopped"] = (body["status"] == "stopped").into();
    body
}

fn deployment(mut body: Value) -> Value {
    body["state"] = body.clone();
    body
}

fn list(body: &Value, item: impl Fn(Value) -> Value) -> Value {
    let items = body["items"].as_array().cloned().unwrap_or_default();
    let items: Vec<_> = items.into_iter().map(item).collect();
    json!({"items": items, "next": body["nextCursor"]})
}

/// A problem as the core has it. A client may try again what is answered with one of two status codes.
pub(crate) fn refusal(status: u16, problem: &Value) -> Refusal {
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let fields = errors
        .iter()
        .filter_map(|error| error["field"].as_str().map(str::to_owned));
    Refusal {
        code: problem["code"].as_str().unwrap_or_default().to_owned(),
        retryable: [429, 503].contains(&status),
        fields: fields.collect(),
        told: problem.to_string(),
    }
}

/// Arguments as an object.
pub(crate) fn object(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
