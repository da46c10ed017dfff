//! What differs between two specifications, leaf by leaf, in the wire's names. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::deployer::Change;
use crate::model::ApplicationSpec;

/// Fields that Swarm takes over without replacing a task, or that only we look at.
const WITHOUT_RESTART: &[&str] = &[
    "labels",
    "domains",
    "replicas",
    "update",
    "deadlines",
    "autoDeploy",
    "releaseCommand",
];

/// Fields that only concern how an image is made: a change of them shows as another image.
const OF_THE_BUILD: &[&str] = &[
    "gitSource",
    "image",
    "directory",
    "archive",
    "dockerfile",
    "context",
    "target",
    "buildArgs",
    "buildSecrets",
    "buildMemoryLimit",
    "buildCpuLimit",
    "registryCredentialId",
];

/// What changes from one specification and image to another.
pub(super) fn of(
    from: Option<&ApplicationSpec>,
    to: &ApplicationSpec,
    from_image: Option<&str>,
    to_image: &str,
) -> Vec<Change> {
    let before = from.map(leaves).unwrap_or_default();
    let after = leaves(to);
    let mut changes = Vec::new();
    if from_image != Some(to_image) {
        changes.push(Change {
            field: "image".to_owned(),
            from: from_image.map(str::to_owned),
            to: Some(to_image.to_owned()),
            restarts: true,
        });
    }
    let fields: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for field in fields {
        let (from, to) = (before.get(field), after.get(field));
        if from == to {
            continue;
        }
        let head = field.split(['.', '[']).next().unwrap_or(field);
        let silent = WITHOUT_RESTART.contains(&head) || OF_THE_BUILD.contains(&head);
        changes.push(Change {
            field: field.clone(),
            from: from.map(|leaf| leaf.shown.clone()),
            to: to.map(|leaf| leaf.shown.clone()),
            restarts: !silent,
        });
    }
    changes
}

/// A value, as it is compared and as it is shown: two different secrets look the same.
#[derive(PartialEq, Eq)]
struct Leaf {
    compared: String,
    shown: String,
}

fn leaves(spec: &ApplicationSpec) -> BTreeMap<String, Leaf> {
    let mut leaves = BTreeMap::new();
    // A specification holds no new secret once it is stored, so that it can always be serialised.
    if let Ok(Value::Object(fields)) = serde_json::to_value(spec) {
        for (name, value) in fields {
            if name == "envVars" {
                add_environment(&mut leaves, &value);
            } else if name != "image" {
                add(&mut leaves, name, &value);
            }
        }
    }
    leaves
}

fn add_environment(leaves: &mut BTreeMap<String, Leaf>, variables: &Value) {
    for variable in variables.as_array().into_iter().flatten() {
        let key = variable["key"].as_str().unwrap_or_default();
        add(leaves, format!("envVars.{key}"), &variable["value"]);
        if variable["delivery"] != "env" {
            add(
                leaves,
                format!("envVars.{key}.delivery"),
                &variable["delivery"],
            );
        }
    }
}

fn add(leaves: &mut BTreeMap<String, Leaf>, path: String, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(fields) if fields.contains_key("sealed") => {
            let leaf = Leaf {
                compared: value.to_string(),
                shown: "(secret)".to_owned(),
            };
            leaves.insert(path, leaf);
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                add(leaves, format!("{path}.{name}"), value);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                add(leaves, format!("{path}[{index}]"), item);
            }
        }
        Value::String(text) => {
            leaves.insert(
                path,
                Leaf {
                    compared: text.clone(),
                    shown: text.clone(),
                },
            );
        }
        value => {
            let text = value.to_string();
            leaves.insert(
                path,
                Leaf {
                    compared: text.clone(),
                    shown: text,
                },
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EnvDelivery, EnvValue, EnvVar};
    use crate::secret::SealedSecret;

    fn sealed(text: &str) -> EnvVar {
        let sealed = SealedSecret {
            key_id: "k".into(),
            sealed: text.into(),
        };
        EnvVar {
            key: "TOKEN".into(),
            value: EnvValue::Sealed(sealed),
            delivery: EnvDelivery::Env,
        }
    }

    #[test]
    fn equal_specifications_and_images_change_nothing() {
        let spec = ApplicationSpec::named("app");
        assert_eq!(of(Some(&spec), &spec, Some("app:1"), "app:1"), Vec::new());
    }

    #[test]
    fn a_changed_secret_is_shown_without_its_value() {
        let (mut from, mut to) = (ApplicationSpec::named("app"), ApplicationSpec::named("app"));
        from.env_vars.push(sealed("one"));
        to.env_vars.push(sealed("two"));
        let changes = of(Some(&from), &to, Some("app:1"), "app:1");
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].field, "envVars.TOKEN");
        assert_eq!(changes[0].to.as_deref(), Some("(secret)"));
        assert!(changes[0].restarts);
    }

    #[test]
    fn a_changed_number_of_replicas_restarts_nothing() {
        let (from, mut to) = (ApplicationSpec::named("app"), ApplicationSpec::named("app"));
        to.replicas = 3;
        let changes = of(Some(&from), &to, Some("app:1"), "app:1");
        assert_eq!(changes.len(), 1);
        assert!(!changes[0].restarts);
    }
}
