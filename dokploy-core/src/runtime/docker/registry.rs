//! Registries: how to sign in, and which digest a name has there.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE;
use bollard::Docker;
use bollard::auth::DockerCredentials;
use serde_json::json;

use super::error;
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::RegistryCredential;
use crate::runtime::reference::{Reference, canonical_host, is_image_id};

/// The key under which the engine's builder looks for credentials of Docker Hub.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// Whether two names mean the same registry.
pub(super) fn is_same_host(one: &str, other: &str) -> bool {
    canonical_host(one).eq_ignore_ascii_case(canonical_host(other))
}

/// What bollard is told about a credential. Nothing when it is one for another registry than the image's, so that no
/// registry ever sees the password of another.
pub(super) fn credentials_for(
    reference: &Reference,
    credential: Option<&RegistryCredential>,
) -> Option<DockerCredentials> {
    credential
        .filter(|credential| is_same_host(&credential.host, reference.host()))
        .map(credentials)
}

/// The same for an image by any name; one that is named by its id comes from no registry.
pub(super) fn credentials_of(
    image: &str,
    credential: Option<&RegistryCredential>,
) -> Result<Option<DockerCredentials>> {
    if is_image_id(image) {
        return Ok(None);
    }
    Ok(credentials_for(&Reference::parse(image)?, credential))
}

/// What bollard is told about a credential.
pub(super) fn credentials(credential: &RegistryCredential) -> DockerCredentials {
    DockerCredentials {
        username: Some(credential.username.clone()),
        password: Some(credential.password.expose().to_owned()),
        serveraddress: Some(server_address(credential).to_owned()),
        ..DockerCredentials::default()
    }
}

/// The header by which the engine signs in to the registry of one image. It has to be there even where there is
/// nothing to say.
pub(super) fn auth_header(credentials: Option<&DockerCredentials>) -> String {
    let value = credentials.map_or_else(
        || json!({}),
        |credentials| {
            json!({
                "username": credentials.username,
                "password": credentials.password,
                "serveraddress": credentials.serveraddress,
            })
        },
    );
    BASE64_URL_SAFE.encode(value.to_string())
}

/// The header by which the classic builder signs in to the registries of base images.
pub(super) fn config_header(credentials: &[RegistryCredential]) -> String {
    let config: serde_json::Map<_, _> = credentials
        .iter()
        .map(|credential| {
            let value = json!({
                "username": credential.username,
                "password": credential.password.expose(),
            });
            (server_address(credential).to_owned(), value)
        })
        .collect();
    BASE64_URL_SAFE.encode(serde_json::Value::Object(config).to_string())
}

fn server_address(credential: &RegistryCredential) -> &str {
    match canonical_host(&credential.host) {
        "docker.io" => DOCKER_HUB_KEY,
        host => host,
    }
}

/// Asks the registry for the digest of a name.
pub(super) async fn resolve_digest(
    docker: &Docker,
    reference: &str,
    credential: Option<&RegistryCredential>,
) -> Result<String> {
    let reference = Reference::parse(reference)?;
    if let Some(digest) = reference.digest() {
        return reference.pinned(digest);
    }
    let inspected = docker
        .inspect_registry_image(
            &reference.to_string(),
            credentials_for(&reference, credential),
        )
        .await
        .map_err(|error| refused(&reference, error::during("resolve_digest")(error)))?;
    let digest = inspected.descriptor.digest.ok_or_else(|| {
        Error::new(
            ErrorKind::Unexpected,
            format!("the registry told no digest of {reference}"),
        )
        .with_operation("resolve_digest")
    })?;
    reference.pinned(&digest)
}

/// Names the image in an error of its registry, and says what to do where a sign-in is missing or wrong.
pub(super) fn refused(reference: &Reference, error: Error) -> Error {
    let host = reference.host();
    let (message, hint) = match error.kind() {
        ErrorKind::Unauthenticated | ErrorKind::PermissionDenied => (
            format!("the registry {host} refuses access to {reference}"),
            format!("check the credential for {host} and what its account may do"),
        ),
        ErrorKind::NotFound => (
            format!("the image {reference} does not exist in its registry"),
            "check its name and tag; a private image also needs a credential".to_owned(),
        ),
        ErrorKind::Unavailable if error.is_retryable() => (
            format!("the registry {host} cannot be reached for {reference}"),
            format!("see whether the engine's machine reaches {host}"),
        ),
        _ => return error,
    };
    let retry = error.retry();
    let mut renamed = Error::new(error.kind(), message)
        .with_hint(hint)
        .with_retry(retry);
    if let Some(operation) = error.operation() {
        renamed = renamed.with_operation(operation);
    }
    renamed.with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn credential(host: &str) -> RegistryCredential {
        RegistryCredential {
            host: host.to_owned(),
            username: "me".to_owned(),
            // Encodes to a plus and a slash in the standard alphabet.
            password: Secret::new("~~~???>>>"),
        }
    }

    #[test]
    fn a_credential_never_goes_to_another_registry() {
        let image = Reference::parse("registry.example.com/app").unwrap();
        for (host, is_sent) in [
            ("registry.example.com", true),
            ("https://registry.example.com", true),
            ("registry.example.com:5000", false),
            ("docker.io", false),
        ] {
            let sent = credentials_for(&image, Some(&credential(host)));
            assert_eq!(sent.is_some(), is_sent, "{host}");
        }
    }

    #[test]
    fn docker_hub_has_one_name_among_many() {
        let image = Reference::parse("nginx").unwrap();
        for host in [
            "docker.io",
            "index.docker.io",
            "https://index.docker.io/v1/",
        ] {
            let sent = credentials_for(&image, Some(&credential(host))).unwrap();
            assert_eq!(sent.serveraddress.as_deref(), Some(DOCKER_HUB_KEY));
        }
    }

    #[test]
    fn headers_use_the_alphabet_that_the_engine_reads() {
        let header = auth_header(Some(&credentials(&credential("r.example.com"))));
        assert!(!header.contains(['+', '/']), "{header}");
        let read = BASE64_URL_SAFE.decode(header).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&read).unwrap();
        assert_eq!(read["password"], "~~~???>>>");
        let config = BASE64_URL_SAFE
            .decode(config_header(&[credential("docker.io")]))
            .unwrap();
        let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
        assert_eq!(config[DOCKER_HUB_KEY]["username"], "me");
    }
}
