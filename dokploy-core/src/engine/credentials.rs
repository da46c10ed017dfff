//! Stored credentials, opened for one use and bound to their host.

use super::{Engine, Inner};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ApplicationId, CredentialId, ProjectId};
use crate::model::{
    ApplicationSpec, Credential, CredentialKind, CredentialSecret, DeploymentRequest, Source,
};
use crate::runtime::RegistryCredential;
use crate::secret::{Context, Keyring, Secret};
use crate::source::{SourceCredential, SourceRequest};
use crate::store::CredentialStore;

/// Opens stored credentials.
pub(crate) struct Credentials<'a> {
    pub(crate) store: &'a dyn CredentialStore,
    pub(crate) keyring: &'a Keyring,
}

impl Inner {
    /// Asks the store as it is.
    pub(crate) fn credentials(&self) -> Credentials<'_> {
        Credentials {
            store: self.store.as_ref(),
            keyring: &self.keyring,
        }
    }
}

impl Credentials<'_> {
    /// The source of an application with what a caller asks for instead.
    pub(crate) async fn source_request(
        &self,
        application: ApplicationId,
        spec: &ApplicationSpec,
        request: &DeploymentRequest,
    ) -> Result<SourceRequest> {
        let source = spec.source()?;
        let credential = match &source {
            Source::Git(git) => match git.credential_id {
                Some(id) => Some(self.open(id, CredentialKind::Git).await?),
                None => None,
            },
            _ => None,
        };
        Ok(SourceRequest {
            application,
            source,
            branch: request.branch.clone(),
            commit: request.commit_sha.clone(),
            credential: credential.map(|(host, secret)| SourceCredential { host, secret }),
        })
    }

    /// The registry credential of an application.
    pub(crate) async fn registry(
        &self,
        spec: &ApplicationSpec,
    ) -> Result<Option<RegistryCredential>> {
        let Some(id) = spec.registry_credential_id else {
            return Ok(None);
        };
        match self.open(id, CredentialKind::Registry).await? {
            (host, CredentialSecret::Basic { username, password }) => {
                Ok(Some(RegistryCredential {
                    host,
                    username,
                    password,
                }))
            }
            (host, CredentialSecret::Token { token }) => Ok(Some(RegistryCredential {
                host,
                username: "token".to_owned(),
                password: token,
            })),
            (_, CredentialSecret::SshKey { .. }) => Err(Error::invalid_field(
                "registryCredentialId",
                "an ssh key does not open a registry",
            )),
        }
    }

    async fn open(
        &self,
        id: CredentialId,
        kind: CredentialKind,
    ) -> Result<(String, CredentialSecret)> {
        let found = self.store.find_credential(id).await?;
        let credential = found
            .filter(|credential| credential.kind == kind)
            .ok_or_else(|| Error::not_found("credential", id))?;
        let row = credential.id.to_string();
        let text = self.keyring.open(&credential.sealed, context(&row))?;
        let secret = CredentialSecret::from_sealed_text(&text)?;
        Ok((credential.host, secret))
    }
}

fn context(row: &str) -> Context<'_> {
    Context {
        table: "credential",
        row,
        column: "secret",
    }
}

impl Engine {
    /// Stores a credential, sealed. Its secret is never read back.
    ///
    /// # Errors
    ///
    /// `already_exists` when the name is taken, `invalid_spec` for an empty name or host, or an ssh key without a
    /// host key.
    pub async fn create_credential(
        &self,
        kind: CredentialKind,
        name: &str,
        host: &str,
        secret: &CredentialSecret,
    ) -> Result<Credential> {
        self.create_credential_in(None, kind, name, host, secret)
            .await
    }

    /// The same for the applications of one project.
    pub(crate) async fn create_credential_in(
        &self,
        project_id: Option<ProjectId>,
        kind: CredentialKind,
        name: &str,
        host: &str,
        secret: &CredentialSecret,
    ) -> Result<Credential> {
        if name.trim().is_empty() {
            return Err(Error::invalid_field("name", "must not be empty"));
        }
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            return Err(Error::invalid_field(
                "host",
                "a host name is expected, as in git.example.com",
            ));
        }
        if let CredentialSecret::SshKey { host_keys, .. } = secret
            && (kind == CredentialKind::Registry || host_keys.is_empty())
        {
            return Err(Error::invalid_field(
                "hostKeys",
                "an ssh key is for git and needs a host key",
            ));
        }
        let id = CredentialId::new();
        let row = id.to_string();
        let sealed = self
            .inner
            .keyring
            .seal(&secret.to_sealed_text(), context(&row))?;
        let credential = Credential {
            id,
            project_id,
            kind,
            name: name.to_owned(),
            host: host.to_ascii_lowercase(),
            sealed,
            created_at: self.inner.clock.now(),
        };
        self.inner.store.create_credential(&credential).await?;
        Ok(credential)
    }

    /// Deletes a credential. Applications that name it fail to fetch from then on, and say so.
    pub async fn delete_credential(&self, id: CredentialId) -> Result<()> {
        self.inner
            .store
            .delete_credential(id, self.inner.clock.now())
            .await
    }
}

impl CredentialSecret {
    /// The text that is sealed. Serialised by hand, because a secret has no `Serialize`.
    fn to_sealed_text(&self) -> Secret {
        let value = match self {
            Self::Basic { username, password } => {
                serde_json::json!({"basic": {"username": username, "password": password.expose()}})
            }
            Self::Token { token } => serde_json::json!({"token": {"token": token.expose()}}),
            Self::SshKey {
                private_key,
                passphrase,
                host_keys,
            } => serde_json::json!({"sshKey": {
                "privateKey": private_key.expose(),
                "passphrase": passphrase.as_ref().map(Secret::expose),
                "hostKeys": host_keys,
            }}),
        };
        Secret::new(value.to_string())
    }

    fn from_sealed_text(text: &Secret) -> Result<Self> {
        serde_json::from_str(text.expose())
            .map_err(|_| Error::new(ErrorKind::Unexpected, "a stored credential is malformed"))
    }
}
