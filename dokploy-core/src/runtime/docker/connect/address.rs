//! Where an engine listens, as `DOCKER_HOST` says it.

#[cfg(unix)]
use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use url::Url;

use crate::error::{Error, Result};
use crate::runtime::docker::DockerTls;

/// Where an engine listens.
pub(super) enum Address {
    /// A socket on this machine.
    #[cfg(unix)]
    Unix(PathBuf),
    /// A port in clear.
    Tcp {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
    },
    /// A port with TLS.
    Tls {
        /// Name or address.
        host: String,
        /// Port.
        port: u16,
        /// What the engine's certificate has to be for.
        name: ServerName<'static>,
        /// Certificates.
        connector: TlsConnector,
    },
}

impl Address {
    /// Reads `unix:///path`, `tcp://host:port`, `http://…` and `https://…`, and the certificates.
    pub(super) fn parse(host: &str, tls: Option<&DockerTls>) -> Result<Self> {
        #[cfg(unix)]
        if let Some(path) = host.strip_prefix("unix://") {
            if !path.starts_with('/') {
                return Err(invalid(host, "names no absolute path"));
            }
            return Ok(Self::Unix(path.into()));
        }
        let url = Url::parse(host).map_err(|_| invalid(host, "is no address"))?;
        let encrypted = match url.scheme() {
            "tcp" => tls.is_some(),
            "http" => false,
            "https" => true,
            _ => return Err(invalid(host, "has a scheme that is not supported")),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid("the address", "must not hold credentials"));
        }
        let name = url
            .host_str()
            .filter(|name| !name.is_empty())
            .ok_or_else(|| invalid(host, "names no host"))?
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = url.port().unwrap_or(if encrypted { 2376 } else { 2375 });
        if !encrypted {
            return Ok(Self::Tcp { host: name, port });
        }
        let tls = tls.ok_or_else(|| invalid(host, "needs certificates"))?;
        Ok(Self::Tls {
            connector: TlsConnector::from(Arc::new(client_config(tls)?)),
            name: ServerName::try_from(name.clone())
                .map_err(|_| invalid(host, "names no valid host"))?,
            host: name,
            port,
        })
    }

    /// Whether the engine can only be on this machine.
    pub(super) fn is_local(&self) -> bool {
        match self {
            #[cfg(unix)]
            Self::Unix(_) => true,
            Self::Tcp { .. } | Self::Tls { .. } => false,
        }
    }

    /// What goes into the `Host` header.
    pub(super) fn authority(&self) -> String {
        match self {
            #[cfg(unix)]
            Self::Unix(_) => "localhost".to_owned(),
            Self::Tcp { host, port } | Self::Tls { host, port, .. } if host.contains(':') => {
                format!("[{host}]:{port}")
            }
            Self::Tcp { host, port } | Self::Tls { host, port, .. } => format!("{host}:{port}"),
        }
    }
}

fn invalid(host: &str, why: &str) -> Error {
    Error::invalid_field("docker.host", format!("{host} {why}")).with_hint(
        "give the engine's address as unix:///var/run/docker.sock, tcp://host:2375, or tcp://host:2376 with certificates",
    )
}

fn client_config(tls: &DockerTls) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&tls.ca)? {
        roots
            .add(certificate)
            .map_err(|error| unreadable(&tls.ca).with_source(error))?;
    }
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|error| unreadable(&tls.key).with_source(error))?;
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_root_certificates(roots)
                .with_client_auth_cert(certificates(&tls.certificate).unwrap_or_default(), key)
        })
        .map_err(|error| unreadable(&tls.certificate).with_source(error))
}

fn certificates(path: &std::path::Path) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(path).with_source(error))
}

fn unreadable(path: &std::path::Path) -> Error {
    Error::invalid_field("docker.tls", format!("{} cannot be used", path.display())).with_hint(
        "the files are those that `DOCKER_CERT_PATH` holds: ca.pem, cert.pem and key.pem",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn an_address_is_read_as_docker_reads_it() {
        for (host, authority) in [
            ("unix:///var/run/docker.sock", "localhost"),
            ("tcp://engine.example.com", "engine.example.com:2375"),
            ("tcp://10.0.0.1:4243", "10.0.0.1:4243"),
            ("tcp://[::1]:2375", "[::1]:2375"),
        ] {
            let address = Address::parse(host, None).unwrap();
            assert_eq!(address.authority(), authority, "{host}");
        }
    }

    #[test]
    fn an_address_that_cannot_be_used_is_refused_with_what_would_do() {
        for host in [
            "",
            "unix://docker.sock",
            "ssh://engine",
            "npipe:////./pipe/docker_engine",
            "https://engine",
            "tcp://user:password@engine",
            "engine",
        ] {
            let error = Address::parse(host, None).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{host}");
            assert!(error.hint().is_some(), "{host}");
            assert!(!error.to_string().contains("password"), "{error}");
        }
    }
}
