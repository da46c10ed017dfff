//! The environment of an application. Values of secrets go in and never come out.

use super::ControlPlane;
use super::audited::About;
use crate::access::{Action, Actor};
use crate::error::{Error, Result};
use crate::id::ApplicationId;
use crate::model::{Application, EnvDelivery, EnvValue, EnvVar};
use crate::secret::Secret;

/// A variable as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentVariable {
    /// Name.
    pub key: String,
    /// Value; absent for a secret.
    pub value: Option<String>,
    /// Whether it is a secret.
    pub secret: bool,
    /// How the process gets it.
    pub delivery: EnvDelivery,
}

/// The environment of an application at one version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The version of the application; expected by a replacement that must not overwrite somebody else's.
    pub version: i64,
    /// The variables, in order.
    pub variables: Vec<EnvironmentVariable>,
}

/// A variable as it is set.
#[derive(Clone, Debug)]
pub struct VariableInput {
    /// Name.
    pub key: String,
    /// Value.
    pub value: ValueInput,
    /// How the process gets it.
    pub delivery: EnvDelivery,
}

/// The value of a variable as it is set.
#[derive(Clone, Debug)]
pub enum ValueInput {
    /// Shown to whoever may read the environment.
    Plain(String),
    /// A new secret.
    Secret(Secret),
    /// The secret that is stored under this name.
    Stored,
}

impl ControlPlane {
    /// The environment of an application; of secrets only the names.
    pub async fn environment(&self, actor: &Actor, id: ApplicationId) -> Result<Environment> {
        let about = About::thing("application", id);
        let work = self.application_for(actor, Action::EnvironmentRead, id);
        let found = self
            .read(actor, Action::EnvironmentRead, about, work)
            .await?;
        Ok(shown(&found))
    }

    /// Replaces the whole environment of an application. It takes effect with the next deployment.
    ///
    /// # Errors
    ///
    /// `conflict` when `version` is given and is not the stored one, `invalid_spec` with every broken field and for a
    /// stored secret that there is not.
    pub async fn replace_environment(
        &self,
        actor: &Actor,
        id: ApplicationId,
        version: Option<i64>,
        variables: Vec<VariableInput>,
    ) -> Result<Environment> {
        let about = About::thing("application", id);
        let work = async {
            let stored = self
                .application_for(actor, Action::EnvironmentUpdate, id)
                .await?;
            let env_vars = merged(&stored.spec.env_vars, variables)?;
            let version = version.unwrap_or(stored.version);
            let spec = crate::model::ApplicationSpec {
                env_vars,
                ..stored.spec
            };
            self.inner
                .engine
                .update_application(id, version, spec)
                .await
        };
        let changed = self
            .change(actor, Action::EnvironmentUpdate, about, work)
            .await?;
        Ok(shown(&changed))
    }
}

fn shown(application: &Application) -> Environment {
    let variables = application.spec.env_vars.iter().map(|variable| {
        let value = match &variable.value {
            EnvValue::Plain(value) => Some(value.clone()),
            EnvValue::Secret { .. } | EnvValue::Sealed(_) => None,
        };
        EnvironmentVariable {
            key: variable.key.clone(),
            secret: value.is_none(),
            value,
            delivery: variable.delivery,
        }
    });
    Environment {
        version: application.version,
        variables: variables.collect(),
    }
}

fn merged(stored: &[EnvVar], variables: Vec<VariableInput>) -> Result<Vec<EnvVar>> {
    let one = |(index, variable): (usize, VariableInput)| {
        let value = match variable.value {
            ValueInput::Plain(value) => EnvValue::Plain(value),
            ValueInput::Secret(secret) => EnvValue::Secret { secret },
            ValueInput::Stored => stored
                .iter()
                .find(|stored| stored.key == variable.key)
                .map(|stored| stored.value.clone())
                .filter(|value| matches!(value, EnvValue::Sealed(_)))
                .ok_or_else(|| {
                    let field = format!("[{index}].value");
                    Error::invalid_field(field, "is expected: no secret is stored under this name")
                })?,
        };
        Ok(EnvVar {
            key: variable.key,
            value,
            delivery: variable.delivery,
        })
    };
    variables.into_iter().enumerate().map(one).collect()
}
