//! What the core takes for a field that an input leaves out, found by leaving it out.

use dokploy_core::model::{
    ApplicationSpec, Deadlines, DeploymentRequest, Domain, EnvVar, GitSource, HealthCheck, Port,
    RestartPolicy, Revision, Tmpfs, UpdatePolicy, Volume,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Shape, Shapes};

/// Adds the defaults of everything that a caller may write.
pub(super) fn add(shapes: &mut Shapes) {
    of::<ApplicationSpec>(shapes, "ApplicationSpec", json!({"name": "web"}));
    of::<Deadlines>(shapes, "Deadlines", json!({}));
    of::<DeploymentRequest>(shapes, "DeploymentRequest", json!({}));
    of::<Domain>(shapes, "Domain", json!({"host": "example.com", "port": 80}));
    of::<EnvVar>(shapes, "EnvVar", json!({"key": "KEY", "value": "value"}));
    of::<GitSource>(
        shapes,
        "GitSource",
        json!({"repoUrl": "https://example.com"}),
    );
    of::<HealthCheck>(shapes, "HealthCheck", json!({"command": "true"}));
    of::<Port>(shapes, "Port", json!({"target": 80}));
    of::<RestartPolicy>(shapes, "RestartPolicy", json!({}));
    of::<Revision>(shapes, "Revision", json!({"id": "1"}));
    of::<Tmpfs>(shapes, "Tmpfs", json!({"target": "/tmp"}));
    of::<UpdatePolicy>(shapes, "UpdatePolicy", json!({}));
    of::<Volume>(
        shapes,
        "Volume",
        json!({"source": "data", "target": "/data"}),
    );
}

/// `least` is the smallest input that is read; every other field gets the value that it is read with.
fn of<T: DeserializeOwned + Serialize>(shapes: &mut Shapes, name: &str, least: Value) {
    let Some(Shape::Record { fields, .. }) = shapes.get_mut(name) else {
        panic!("{name} is no record");
    };
    let given: Map<String, Value> = serde_json::from_value(least.clone()).unwrap();
    let value: T = serde_json::from_value(least).unwrap();
    let Value::Object(full) = serde_json::to_value(value).unwrap() else {
        panic!("{name} is no object");
    };
    for field in fields {
        if !given.contains_key(&field.wire) {
            let empty = match field.kind.as_str() {
                kind if kind.ends_with("[]") => json!([]),
                kind if kind.starts_with("Map<") => json!({}),
                _ => Value::Null,
            };
            field.default = Some(full.get(&field.wire).cloned().unwrap_or(empty));
        }
    }
    for wire in full.keys() {
        let Some(Shape::Record { fields, .. }) = shapes.get(name) else {
            unreachable!("it was a record above");
        };
        let is_known = fields.iter().any(|field| field.wire == *wire);
        assert!(
            is_known,
            "{name} has a field {wire} that its source does not show"
        );
    }
}
