//! Variables of the environment. A stored secret has a name on the wire and no value.

use std::collections::BTreeMap;

use dokploy_core::error::Violation;
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
    let mut violations = Vec::new();
    let mut variables = Vec::with_capacity(shapes.len());
    for (index, shape) in shapes.into_iter().enumerate() {
        let kept = || {
            let same = stored.iter().find(|variable| variable.key == shape.key);
            same.map(|variable| variable.value.clone())
                .filter(|value| !matches!(value, EnvValue::Plain(_)))
        };
        let value = match (shape.secret, shape.value) {
            (false, Some(SecretText(text))) => Some(EnvValue::Plain(text)),
            (true, Some(SecretText(text))) => Some(EnvValue::Secret {
                secret: Secret::new(text),
            }),
            (true, None) => kept(),
            (false, None) => None,
        };
        match value {
            Some(value) => variables.push(EnvVar {
                key: shape.key,
                value,
                delivery: shape.delivery,
            }),
            None => violations.push(Violation {
                field: format!("envVars[{index}].value"),
                message: "a text is expected; only a secret that is stored may be left out"
                    .to_owned(),
            }),
        }
    }
    if violations.is_empty() {
        Ok(variables)
    } else {
        Err(Error::invalid(violations))
    }
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
    pub fn of(variables: &[EnvVar]) -> Self {
        Self {
            env_vars: shown(variables),
        }
    }

    /// The environment that a client asks for. A secret without a value is the stored one of the same name.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a variable without a value, or a secret without one of which none is stored.
    pub fn into_variables(self, stored: &[EnvVar]) -> Result<Vec<EnvVar>> {
        asked(self.env_vars, stored)
    }
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
        let shape = EnvShape::of(&stored());
        let shown = serde_json::to_value(&shape).unwrap();
        let expected = json!({"envVars": [
            {"key": "PORT", "value": "80", "secret": false, "delivery": "env"},
            {"key": "PASSWORD", "value": null, "secret": true, "delivery": "env"},
        ]});
        assert_eq!(shown, expected);
        let back: EnvShape = serde_json::from_value(shown).unwrap();
        assert_eq!(back.into_variables(&stored()).unwrap(), stored());
    }

    #[test]
    fn a_secret_without_a_value_is_refused_unless_one_is_stored() {
        let asks = |body: serde_json::Value| {
            let shape: EnvShape = serde_json::from_value(body).unwrap();
            shape.into_variables(&stored())
        };
        let error = asks(json!({"envVars": [{"key": "OTHER", "secret": true}, {"key": "X"}]}));
        let error = error.unwrap_err();
        let fields: Vec<_> = error.violations().iter().map(|one| &*one.field).collect();
        assert_eq!(fields, ["envVars[0].value", "envVars[1].value"]);
        // A plain value of the same name does not become a secret by itself.
        assert!(asks(json!({"envVars": [{"key": "PORT", "secret": true}]})).is_err());
    }

    #[test]
    fn a_new_secret_is_not_shown_by_debug() {
        let shape: EnvShape = serde_json::from_value(
            json!({"envVars": [{"key": "PASSWORD", "value": "hunter2", "secret": true}]}),
        )
        .unwrap();
        assert!(!format!("{shape:?}").contains("hunter2"));
        let variables = shape.into_variables(&[]).unwrap();
        assert!(matches!(&variables[0].value, EnvValue::Secret { .. }));
    }
}
