//! Credentials for the git host and the registry: read from files and variables, stored sealed, replaced as a whole.

use std::path::PathBuf;

use dokploy_core::id::CredentialId;
use dokploy_core::model::{ApplicationSpec, CredentialKind, CredentialSecret};
use dokploy_core::{Engine, Error, ErrorKind, Result, Secret};
use url::Url;

use super::arguments::ApplicationArguments;
use super::known_hosts;
use super::secret::SecretReader;

/// Credentials that were given with a command.
#[derive(Debug, Default)]
pub(crate) struct Given {
    git: Option<CredentialSecret>,
    ssh: Option<SshKey>,
    registry: Option<CredentialSecret>,
}

/// An ssh key, whose host keys can be looked up only when the host is known.
#[derive(Debug)]
struct SshKey {
    private_key: Secret,
    passphrase: Option<Secret>,
    known_hosts: String,
    path: PathBuf,
}

/// Credentials that were stored for a specification, and those whose place they take.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    new: Vec<CredentialId>,
    replaced: Vec<CredentialId>,
}

impl Given {
    /// Reads what the arguments point at.
    ///
    /// # Errors
    ///
    /// `invalid_spec` that names the argument.
    pub(crate) fn read(
        arguments: &ApplicationArguments,
        secrets: &SecretReader<'_>,
        home: Option<&PathBuf>,
    ) -> Result<Self> {
        let given = &arguments.credentials;
        let token = match (&given.token_env, &given.token_file) {
            (Some(name), _) => Some(secrets.variable("--token-env", name)?),
            (None, Some(path)) => Some(secrets.file("--token-file", path)?),
            (None, None) if given.token_user.is_some() => {
                return Err(refused(
                    "--token-user needs --token-env or --token-file".to_owned(),
                ));
            }
            (None, None) => None,
        };
        let git = token.map(|token| match &given.token_user {
            Some(username) => CredentialSecret::Basic {
                username: username.clone(),
                password: token,
            },
            None => CredentialSecret::Token { token },
        });
        let build = &arguments.build;
        let password = match (&build.registry_password_env, &build.registry_password_file) {
            (Some(name), _) => Some(secrets.variable("--registry-password-env", name)?),
            (None, Some(path)) => Some(secrets.file("--registry-password-file", path)?),
            (None, None) if build.registry_user.is_some() => {
                let message =
                    "--registry-user needs --registry-password-env or --registry-password-file";
                return Err(refused(message.to_owned()));
            }
            (None, None) => None,
        };
        let username = build.registry_user.clone().unwrap_or_default();
        let registry = password.map(|password| CredentialSecret::Basic { username, password });
        let ssh = ssh_key(arguments, secrets, home)?;
        Ok(Self { git, ssh, registry })
    }

    /// Stores the credentials sealed and names them in the specification. Call [`Stored::settle`] when the
    /// specification was stored, or [`Stored::withdraw`] when it was not.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when the specification has no use for a credential, and what the engine answers.
    pub(crate) async fn store(
        &self,
        engine: &Engine,
        label: &str,
        spec: &mut ApplicationSpec,
    ) -> Result<Stored> {
        let mut stored = Stored::default();
        let filled = self.fill(engine, label, spec, &mut stored).await;
        if let Err(error) = filled {
            stored.withdraw(engine).await;
            return Err(error);
        }
        Ok(stored)
    }

    async fn fill(
        &self,
        engine: &Engine,
        label: &str,
        spec: &mut ApplicationSpec,
        stored: &mut Stored,
    ) -> Result<()> {
        if self.git.is_some() || self.ssh.is_some() {
            let git = spec.git_source.as_mut();
            let git = git.ok_or_else(|| {
                refused("a token or an ssh key is for a git repository".to_owned())
            })?;
            let (host, port) = git_host(&git.repo_url)?;
            let secret = match (&self.git, &self.ssh) {
                (_, Some(key)) => key.for_host(&host, port.unwrap_or(22))?,
                (Some(secret), None) => secret.clone(),
                (None, None) => return Ok(()),
            };
            let host = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
            let id = create(engine, CredentialKind::Git, label, &host, &secret).await?;
            stored.new.push(id);
            stored.replaced.extend(git.credential_id.replace(id));
        }
        if let Some(secret) = &self.registry {
            let reference = spec
                .registry
                .as_ref()
                .or(spec.image.as_ref())
                .ok_or_else(|| {
                    refused("--registry-user needs a --registry, or an image from one".to_owned())
                })?;
            let host = registry_host(reference);
            let id = create(engine, CredentialKind::Registry, label, host, secret).await?;
            stored.new.push(id);
            stored
                .replaced
                .extend(spec.registry_credential_id.replace(id));
        }
        Ok(())
    }
}

impl Stored {
    /// The specification was stored: what was replaced is of no use any more.
    pub(crate) async fn settle(self, engine: &Engine) -> Result<()> {
        for id in self.replaced {
            engine.delete_credential(id).await?;
        }
        Ok(())
    }

    /// The specification was not stored. What cannot be taken back stays sealed, and nothing names it.
    pub(crate) async fn withdraw(self, engine: &Engine) {
        for id in self.new {
            if let Err(error) = engine.delete_credential(id).await {
                tracing::warn!(error = %error, "a credential that nothing names could not be deleted");
            }
        }
    }
}

impl SshKey {
    fn for_host(&self, host: &str, port: u16) -> Result<CredentialSecret> {
        let host_keys = known_hosts::keys_of(host, port, &self.known_hosts);
        if host_keys.is_empty() {
            let message = format!("{} holds no key of the host {host}", self.path.display());
            return Err(refused(message).with_hint(format!(
                "connect once with `ssh {host}` and check its fingerprint, or name a file with --ssh-known-hosts"
            )));
        }
        Ok(CredentialSecret::SshKey {
            private_key: self.private_key.clone(),
            passphrase: self.passphrase.clone(),
            host_keys,
        })
    }
}

fn ssh_key(
    arguments: &ApplicationArguments,
    secrets: &SecretReader<'_>,
    home: Option<&PathBuf>,
) -> Result<Option<SshKey>> {
    let given = &arguments.credentials;
    let Some(file) = &given.ssh_key_file else {
        return Ok(None);
    };
    // The end of a key file belongs to the key.
    let private_key = Secret::new(format!(
        "{}\n",
        secrets.file("--ssh-key-file", file)?.expose()
    ));
    let passphrase = given.ssh_passphrase_env.as_ref();
    let passphrase = passphrase
        .map(|name| secrets.variable("--ssh-passphrase-env", name))
        .transpose()?;
    let path = given
        .ssh_known_hosts
        .clone()
        .or_else(|| home.map(|home| home.join(".ssh/known_hosts")))
        .ok_or_else(|| {
            refused(
                "HOME is not set: give the accepted host keys with --ssh-known-hosts".to_owned(),
            )
        })?;
    let known_hosts = std::fs::read_to_string(&path).map_err(|error| {
        refused(format!(
            "--ssh-known-hosts: the file {} cannot be read",
            path.display()
        ))
        .with_source(error)
    })?;
    Ok(Some(SshKey {
        private_key,
        passphrase,
        known_hosts,
        path,
    }))
}

async fn create(
    engine: &Engine,
    kind: CredentialKind,
    label: &str,
    host: &str,
    secret: &CredentialSecret,
) -> Result<CredentialId> {
    // Old and new ones exist side by side for a moment, and names are unique.
    let name = format!("{label} {}", CredentialId::new());
    Ok(engine
        .create_credential(kind, &name, host, secret)
        .await?
        .id)
}

/// Host and port of a repository, the port only where it is not the scheme's own.
fn git_host(url: &str) -> Result<(String, Option<u16>)> {
    if let Ok(parsed) = Url::parse(url)
        && let Some(host) = parsed.host_str()
    {
        let own = if parsed.scheme() == "ssh" {
            Some(22)
        } else {
            None
        };
        return Ok((
            host.to_owned(),
            parsed.port().filter(|port| Some(*port) != own),
        ));
    }
    let host = url
        .split_once(':')
        .map(|(host, _)| host.rsplit('@').next().unwrap_or(host));
    host.filter(|host| !host.is_empty() && !url.contains("://"))
        .map(|host| (host.to_owned(), None))
        .ok_or_else(|| {
            refused("the repository's URL names no host that a credential could be for".to_owned())
        })
}

fn registry_host(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => host,
        None if reference.contains('.') && !reference.contains(':') => reference,
        _ => "docker.io",
    }
}

fn refused(message: String) -> Error {
    Error::new(ErrorKind::InvalidSpec, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_bound_to_the_host_of_the_repository() {
        let host = |url| git_host(url).unwrap();
        assert_eq!(
            host("https://git.example.com/shop/web"),
            ("git.example.com".to_owned(), None)
        );
        assert_eq!(
            host("http://127.0.0.1:8080/web"),
            ("127.0.0.1".to_owned(), Some(8080))
        );
        assert_eq!(
            host("https://git.example.com:443/web"),
            ("git.example.com".to_owned(), None)
        );
        assert_eq!(
            host("ssh://git@git.example.com:22/web"),
            ("git.example.com".to_owned(), None)
        );
        assert_eq!(
            host("git@git.example.com:shop/web"),
            ("git.example.com".to_owned(), None)
        );
        assert!(git_host("file:///srv/web").is_err());
    }

    #[test]
    fn a_registry_is_told_from_a_team() {
        assert_eq!(
            registry_host("registry.example.com/team/web:1"),
            "registry.example.com"
        );
        assert_eq!(registry_host("localhost:5000/web"), "localhost:5000");
        assert_eq!(
            registry_host("registry.example.com"),
            "registry.example.com"
        );
        assert_eq!(registry_host("team/web"), "docker.io");
        assert_eq!(registry_host("nginx:1.29"), "docker.io");
    }
}
