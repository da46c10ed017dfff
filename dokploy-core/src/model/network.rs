//! How a service is reached.

use serde::{Deserialize, Serialize};

/// A port of the container that is published.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Port {
    /// Port in the container.
    pub target: u16,
    /// Port outside; unset: the engine picks one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<u16>,
    /// Where it is published.
    #[serde(default)]
    pub mode: PortMode,
    /// Transport.
    #[serde(default)]
    pub protocol: Protocol,
}

/// Where a port is published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PortMode {
    /// On every node, through the routing mesh.
    #[default]
    Ingress,
    /// On the node that runs the task. Two tasks cannot share it, hence stop-first updates.
    Host,
}

/// Transport of a port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    #[default]
    Tcp,
    /// UDP.
    Udp,
}

/// How the name of a service resolves within its networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum EndpointMode {
    /// To one virtual address, balanced by the kernel.
    #[default]
    Vip,
    /// To the addresses of all tasks.
    Dnsrr,
}

/// A host name that Traefik routes to the application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Domain {
    /// DNS name; no pattern.
    pub host: String,
    /// Port in the container that answers.
    pub port: u16,
    /// Path prefix; unset: the whole host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Whether it is served over TLS (plain http is then redirected).
    #[serde(default)]
    pub https: bool,
    /// Traefik certificate resolver; unset: the default certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_resolver: Option<String>,
    /// Redirects `www.<host>` to `<host>`.
    #[serde(default)]
    pub redirect_www: bool,
}
