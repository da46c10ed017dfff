//! Variables of the environment. A stored secret has a name on the wire and no value.

use std::collections::BTreeMap;

use dokploy_core::control::{Environment, EnvironmentVariable, ValueInput, VariableInput};
use dokploy_core::model::{EnvDelivery, EnvValue, EnvVar};
use dokploy_core::{Error, Result, Secret};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A variable of the environment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EnvVar)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvVarShape {
    /// Name: letters, digits and underscores, not starting with a digit.
    pub key: String,
    /// The value. That of a secret is never returned; null for a secret that is stored keeps it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub value: Option<SecretText>,
    /// Whether the value is sealed and never shown again.
    #[serde(default)]
    pub secret: bool,
    /// How the process gets it.
    #[serde(default)]
    pub delivery: EnvDelivery,
}

/// The whole environment of an application.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Env)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnvShape {
    /// The variables, in order.
    pub env_vars: Vec<EnvVarShape>,
}

/// A text that may be a secret: it is written to a client only when it is none, and never to a log.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretText(String);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// The environment as a client sees it.
pub(super) fn shown(variables: &[EnvVar]) -> Vec<EnvVarShape> {
    let shape = |variable: &EnvVar| {
        let (value, secret) = match &variable.value {
            EnvValue::Plain(text) => (Some(SecretText(text.clone())), false),
            EnvValue::Secret { .. } | EnvValue::Sealed(_) => (None, true),
        };
        EnvVarShape {
            key: variable.key.clone(),
            value,
            secret,
            delivery: variable.delivery,
        }
    };
    variables.iter().map(shape).collect()
}

/// The environment that a client asks for. A secret without a value is the stored one of the same name.
///
/// # Errors
///
/// `invalid_spec` for a variable without a value, or a secret without one of which none is stored.
pub(super) fn asked(shapes: Vec<EnvVarShape>, stored: &[EnvVar]) -> Result<Vec<EnvVar>> {
    let variable = |(index, shape): (usize, EnvVarShape)| {
        let value = match (shape.secret, shape.value) {
            (false, Some(SecretText(text))) => EnvValue::Plain(text),
            (true, Some(SecretText(text))) => EnvValue::Secret {
                secret: Secret::new(text),
            },
            (true, None) => kept(stored, &shape.key).ok_or_else(|| missing(index))?,
            (false, None) => return Err(missing(index)),
        };
        Ok(EnvVar {
            key: shape.key,
            value,
            delivery: shape.delivery,
        })
    };
    shapes.into_iter().enumerate().map(variable).collect()
}

/// The secret that is stored under a name. What is stored in clear does not become one by itself.
fn kept(stored: &[EnvVar], key: &str) -> Option<EnvValue> {
    let same = stored.iter().find(|variable| variable.key == key)?;
    Some(same.value.clone()).filter(|value| !matches!(value, EnvValue::Plain(_)))
}

/// Build secrets as a client sees them: names without values.
pub(super) fn secrets_shown(
    secrets: &BTreeMap<String, EnvValue>,
) -> BTreeMap<String, Option<SecretText>> {
    secrets.keys().map(|name| (name.clone(), None)).collect()
}

/// The build secrets that a client asks for. One without a value is the stored one of the same name.
///
/// # Errors
///
/// `invalid_spec` for one without a value of which none is stored.
pub(super) fn secrets_asked(
    secrets: BTreeMap<String, Option<SecretText>>,
    stored: &BTreeMap<String, EnvValue>,
) -> Result<BTreeMap<String, EnvValue>> {
    let value = |name: &String, text: Option<SecretText>| match text {
        Some(SecretText(text)) => Ok(EnvValue::Secret {
            secret: Secret::new(text),
        }),
        None => stored.get(name).cloned().ok_or_else(|| {
            Error::invalid_field(
                format!("buildSecrets.{name}"),
                "a text is expected: no secret of this name is stored",
            )
        }),
    };
    secrets
        .into_iter()
        .map(|(name, text)| Ok((name.clone(), value(&name, text)?)))
        .collect()
}

impl EnvShape {
    /// The environment as a client sees it.
    pub fn of(environment: Environment) -> Self {
        let shape = |variable: EnvironmentVariable| EnvVarShape {
            key: variable.key,
            value: variable.value.map(SecretText),
            secret: variable.secret,
            delivery: variable.delivery,
        };
        Self {
            env_vars: environment.variables.into_iter().map(shape).collect(),
        }
    }

    /// The environment that a client asks for.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a variable that is no secret and has no value.
    pub fn into_input(self) -> Result<Vec<VariableInput>> {
        let input = |(index, shape): (usize, EnvVarShape)| {
            let value = match (shape.secret, shape.value) {
                (false, Some(SecretText(text))) => ValueInput::Plain(text),
                (true, Some(SecretText(text))) => ValueInput::Secret(Secret::new(text)),
                (true, None) => ValueInput::Stored,
                (false, None) => return Err(missing(index)),
            };
            Ok(VariableInput {
                key: shape.key,
                value,
                delivery: shape.delivery,
            })
        };
        self.env_vars.into_iter().enumerate().map(input).collect()
    }
}

fn missing(index: usize) -> Error {
    Error::invalid_field(
        format!("envVars[{index}].value"),
        "a text is expected; only a secret that is stored may be left out",
    )
}

#[cfg(test)]
mod tests {
    use dokploy_core::secret::SealedSecret;
    use serde_json::json;

    use super::*;

    fn stored() -> Vec<EnvVar> {
        let sealed = EnvValue::Sealed(SealedSecret {
            key_id: "k".to_owned(),
            sealed: "c2VhbGVk".to_owned(),
        });
        let variable = |key: &str, value| EnvVar {
            key: key.to_owned(),
            value,
            delivery: EnvDelivery::Env,
        };
        vec![
            variable("PORT", EnvValue::Plain("80".to_owned())),
            variable("PASSWORD", sealed),
        ]
    }

    #[test]
    fn a_stored_secret_is_shown_by_name_alone_and_kept_when_it_comes_back() {
        let shapes = serde_json::to_value(shown(&stored())).unwrap();
        let expected = json!([
            {"key": "PORT", "value": "80", "secret": false, "delivery": "env"},
            {"key": "PASSWORD", "value": null, "secret": true, "delivery": "env"},
        ]);
        assert_eq!(shapes, expected);
        let back = serde_json::from_value(shapes).unwrap();
        assert_eq!(asked(back, &stored()).unwrap(), stored());
    }

    #[test]
    fn a_secret_without_a_value_is_refused_unless_one_is_stored() {
        let asks =
            |body: serde_json::Value| asked(serde_json::from_value(body).unwrap(), &stored());
        for body in [
            json!([{"key": "OTHER", "secret": true}]),
            json!([{"key": "OTHER"}]),
            // A plain value of the same name does not become a secret by itself.
            json!([{"key": "PORT", "secret": true}]),
        ] {
            let error = asks(body).unwrap_err();
            assert_eq!(error.violations()[0].field, "envVars[0].value");
        }
    }

    #[test]
    fn a_new_secret_is_not_shown_by_debug() {
        let body = json!({"envVars": [{"key": "PASSWORD", "value": "hunter2", "secret": true}]});
        let shape: EnvShape = serde_json::from_value(body).unwrap();
        assert!(!format!("{shape:?}").contains("hunter2"));
        let input = shape.into_input().unwrap();
        assert!(matches!(&input[0].value, ValueInput::Secret(_)));
        assert!(!format!("{input:?}").contains("hunter2"));
    }
}
