//! Secrets of an application: sealed before they are stored, opened only for the deployment that needs them.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::id::{ApplicationId, DatabaseId};
use crate::model::{ApplicationSpec, EnvDelivery, EnvValue};
use crate::secret::{Context, Keyring, Redactor, SealedSecret, Secret, random};

/// Random bytes of a webhook secret.
const WEBHOOK_SECRET_LEN: usize = 32;
/// Where it is kept within an application.
const WEBHOOK_COLUMN: &str = "webhook";

/// Names the place of a value within an application's specification.
fn context<'a>(row: &'a str, column: &'a str) -> Context<'a> {
    Context {
        table: "application",
        row,
        column,
    }
}

/// Replaces every new secret by its sealed form. What was sealed before must open here: a sealed value of another
/// application, copied into this one, does not.
pub(crate) fn seal(
    keyring: &Keyring,
    application: ApplicationId,
    mut spec: ApplicationSpec,
) -> Result<ApplicationSpec> {
    let row = application.to_string();
    for (index, variable) in spec.env_vars.iter_mut().enumerate() {
        let column = env_column(&variable.key);
        let field = format!("envVars[{index}].value");
        seal_value(keyring, &mut variable.value, context(&row, &column), &field)?;
    }
    for (id, value) in &mut spec.build_secrets {
        let column = build_column(id);
        seal_value(
            keyring,
            value,
            context(&row, &column),
            &format!("buildSecrets.{id}"),
        )?;
    }
    Ok(spec)
}

fn seal_value(
    keyring: &Keyring,
    value: &mut EnvValue,
    context: Context<'_>,
    field: &str,
) -> Result<()> {
    match value {
        EnvValue::Plain(_) => Ok(()),
        EnvValue::Secret { secret } => {
            *value = EnvValue::Sealed(keyring.seal(secret, context)?);
            Ok(())
        }
        EnvValue::Sealed(sealed) => keyring.open(sealed, context).map(drop).map_err(|error| {
            Error::invalid_field(field, "is a sealed value that does not belong here")
                .with_source(error)
        }),
    }
}

/// Makes the secret that senders of webhooks sign with: 32 random bytes, in hexadecimal.
pub(crate) fn new_webhook_secret(
    keyring: &Keyring,
    application: ApplicationId,
) -> Result<SealedSecret> {
    let mut bytes = Zeroizing::new([0; WEBHOOK_SECRET_LEN]);
    random(bytes.as_mut())?;
    let secret = Secret::new(hex::encode(bytes));
    keyring.seal(&secret, context(&application.to_string(), WEBHOOK_COLUMN))
}

/// Names the place of the password of a database.
fn database_context(row: &str) -> Context<'_> {
    Context {
        table: "database",
        row,
        column: "password",
    }
}

/// Seals the password of a database.
pub(crate) fn seal_database_password(
    keyring: &Keyring,
    database: DatabaseId,
    password: &Secret,
) -> Result<SealedSecret> {
    keyring.seal(password, database_context(&database.to_string()))
}

/// Opens the password of a database.
pub(crate) fn database_password(
    keyring: &Keyring,
    database: DatabaseId,
    sealed: &SealedSecret,
) -> Result<Secret> {
    open(keyring, sealed, database_context(&database.to_string()))
}

/// Opens the secret that senders of webhooks sign with.
pub(crate) fn webhook_secret(
    keyring: &Keyring,
    application: ApplicationId,
    sealed: &SealedSecret,
) -> Result<Secret> {
    keyring.open(sealed, context(&application.to_string(), WEBHOOK_COLUMN))
}

fn env_column(key: &str) -> String {
    format!("env.{key}")
}

fn build_column(id: &str) -> String {
    format!("build.{id}")
}

/// A secret that a container gets as a file.
#[derive(Clone, Debug)]
pub(crate) struct SecretFile {
    /// File name.
    pub(crate) name: String,
    /// Value.
    pub(crate) value: Secret,
    /// Keyed digest of the value: part of the Swarm secret's name, and says nothing about the value to who has no key.
    pub(crate) digest: String,
}

/// The secrets of a specification, in clear.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    /// The environment, in order, secrets included.
    pub(crate) env: Vec<(String, Secret)>,
    /// Secrets that are delivered as files.
    pub(crate) files: Vec<SecretFile>,
    /// Secrets for the build.
    pub(crate) build_secrets: BTreeMap<String, Secret>,
    /// Masks all of them.
    pub(crate) redactor: Redactor,
    build_secret_digests: Vec<(String, String)>,
}

impl Opened {
    /// Opens every secret of a specification.
    pub(crate) fn of(
        keyring: &Keyring,
        application: ApplicationId,
        spec: &ApplicationSpec,
    ) -> Result<Self> {
        let row = application.to_string();
        let mut opened = Self {
            env: Vec::new(),
            files: Vec::new(),
            build_secrets: BTreeMap::new(),
            redactor: Redactor::default(),
            build_secret_digests: Vec::new(),
        };
        let mut masked = Vec::new();
        for variable in &spec.env_vars {
            let column = env_column(&variable.key);
            let value = open_value(keyring, &variable.value, context(&row, &column))?;
            if !matches!(variable.value, EnvValue::Plain(_)) {
                masked.push(value.clone());
            }
            match variable.delivery {
                EnvDelivery::Env => opened.env.push((variable.key.clone(), value)),
                EnvDelivery::File => opened.files.push(SecretFile {
                    name: variable.key.clone(),
                    digest: keyring.digest(&value, context(&row, &column)),
                    value,
                }),
            }
        }
        for (id, value) in &spec.build_secrets {
            let column = build_column(id);
            let value = open_value(keyring, value, context(&row, &column))?;
            let digest = keyring.digest(&value, context(&row, &column));
            opened.build_secret_digests.push((id.clone(), digest));
            masked.push(value.clone());
            opened.build_secrets.insert(id.clone(), value);
        }
        opened.redactor = Redactor::new(&masked);
        Ok(opened)
    }

    /// Keyed digests of the build secrets, so that a changed one builds again.
    pub(crate) fn build_secret_digests(&self) -> &[(String, String)] {
        &self.build_secret_digests
    }
}

fn open_value(keyring: &Keyring, value: &EnvValue, context: Context<'_>) -> Result<Secret> {
    match value {
        EnvValue::Plain(value) => Ok(Secret::new(value.clone())),
        EnvValue::Secret { secret } => Ok(secret.clone()),
        EnvValue::Sealed(sealed) => open(keyring, sealed, context),
    }
}

fn open(keyring: &Keyring, sealed: &SealedSecret, context: Context<'_>) -> Result<Secret> {
    keyring.open(sealed, context).map_err(|error| {
        let message = format!("the secret {} cannot be opened", context.column);
        Error::new(ErrorKind::PermissionDenied, message)
            .with_source(error)
            .with_hint("start the engine with the key that sealed it, or set the secret again")
    })
}
