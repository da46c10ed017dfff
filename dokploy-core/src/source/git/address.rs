//! The address of a repository: which ones are accepted, and what of them may be shown.

use std::fmt;
use std::path::Path;

use sha2::{Digest, Sha256};
use url::{Host, Url};

use crate::error::{Error, Result};

/// The longest address that is accepted, in bytes.
const LENGTH_MAX: usize = 2048;

/// How a repository is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Https,
    Http,
    Ssh,
    File,
}

impl Scheme {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
            Self::File => "file",
        }
    }

    fn default_port(self) -> Option<u16> {
        match self {
            Self::Https => Some(443),
            Self::Http => Some(80),
            Self::Ssh => Some(22),
            Self::File => None,
        }
    }
}

/// A checked address. It never holds a password, so that it may be shown and stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) scheme: Scheme,
    /// User of an ssh address.
    pub(super) user: Option<String>,
    /// Host name or address, without brackets; empty for a file.
    pub(super) host: String,
    /// Port, where it is not the scheme's own.
    pub(super) port: Option<u16>,
    /// Path as it is written in the address, percent-encoded for http and decoded otherwise.
    pub(super) path: String,
}

impl Address {
    /// Reads an address. The text itself is never repeated in an error, because it may hold a credential.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if text.is_empty() || text.len() > LENGTH_MAX {
            return Err(refused(format!("must have 1 to {LENGTH_MAX} characters")));
        }
        if text.starts_with('-') {
            return Err(refused("must not begin with a hyphen"));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(refused("must not hold spaces or control characters"));
        }
        match text.split_once("://") {
            Some((scheme, _)) => Self::from_url(scheme, text),
            None => Self::from_short_ssh(text),
        }
    }

    fn from_url(scheme: &str, text: &str) -> Result<Self> {
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            "ssh" => Scheme::Ssh,
            "file" => Scheme::File,
            other if other.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                return Err(refused(format!(
                    "uses the transport {other}, which is refused"
                )));
            }
            _ => return Err(refused("uses a transport that is refused")),
        };
        let url = Url::parse(text).map_err(|error| refused("is not a URL").with_source(error))?;
        if url.password().is_some() || (scheme != Scheme::Ssh && !url.username().is_empty()) {
            return Err(refused("must not hold credentials")
                .with_hint("store a credential for this host and name it in the source"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("must not hold a query or a fragment"));
        }
        if scheme == Scheme::File {
            return Self::from_file_url(&url);
        }
        let address = Self {
            scheme,
            user: (!url.username().is_empty())
                .then(|| decoded(url.username()))
                .transpose()?,
            host: checked_host(url.host_str().unwrap_or_default())?,
            port: url
                .port()
                .filter(|port| Some(*port) != scheme.default_port()),
            path: match scheme {
                Scheme::Ssh => home_relative(decoded(url.path())?),
                _ => url.path().to_owned(),
            },
        };
        address.checked()
    }

    fn from_file_url(url: &Url) -> Result<Self> {
        if url
            .host_str()
            .is_some_and(|host| !host.is_empty() && host != "localhost")
        {
            return Err(refused("must not name a host after file://"));
        }
        let path = decoded(url.path())?;
        Self {
            scheme: Scheme::File,
            user: None,
            host: String::new(),
            port: None,
            path,
        }
        .checked()
    }

    /// Reads `user@host:path`, the short form that git and everybody's web page use.
    fn from_short_ssh(text: &str) -> Result<Self> {
        let expected = "must be https://…, http://…, ssh://… or user@host:path";
        let (authority, path) = text.split_once(':').ok_or_else(|| refused(expected))?;
        if path.starts_with(':') {
            return Err(refused("names a transport helper, which is refused"));
        }
        if authority.contains('/') || path.is_empty() {
            return Err(refused(expected));
        }
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, authority),
        };
        let address = Self {
            scheme: Scheme::Ssh,
            user,
            host: checked_host(host)?,
            port: None,
            path: path.to_owned(),
        };
        address.checked()
    }

    fn checked(self) -> Result<Self> {
        if self.path.trim_matches('/').is_empty() {
            return Err(refused("names no repository after the host"));
        }
        if self.path.starts_with('-') {
            return Err(refused("must not have a path that begins with a hyphen"));
        }
        let user = self.user.as_deref().unwrap_or_default();
        if user.starts_with('-') || user.contains([':', '@', '/']) {
            return Err(refused(
                "must not hold credentials or a user that begins with a hyphen",
            ));
        }
        let shown = [user, self.path.as_str()];
        if shown.iter().any(|part| part.chars().any(char::is_control)) {
            return Err(refused("must not hold control characters"));
        }
        Ok(self)
    }

    /// The port to connect to.
    pub(super) fn port_or_default(&self) -> u16 {
        self.port.or(self.scheme.default_port()).unwrap_or_default()
    }

    /// Whether a credential for `host` (`name` or `name:port`) may be sent there.
    pub(super) fn is_at(&self, host: &str) -> bool {
        is_at(
            host,
            &self.host,
            self.port_or_default(),
            self.scheme.default_port(),
        )
    }

    /// The directory that a file address names.
    pub(super) fn directory(&self) -> Option<&Path> {
        (self.scheme == Scheme::File).then(|| Path::new(&self.path))
    }

    /// A file name that stands for this address.
    pub(super) fn key(&self) -> String {
        hex::encode(&Sha256::digest(self.to_string())[..16])
    }

    /// The address that a submodule's `url` means within this repository.
    pub(super) fn join(&self, url: &str) -> Result<Self> {
        if !(url.starts_with("./") || url.starts_with("../")) {
            return Self::parse(url);
        }
        if url.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '?' | '#')) {
            return Err(refused("must be a plain path when it is relative"));
        }
        let mut segments: Vec<&str> = self.path.trim_end_matches('/').split('/').collect();
        for part in url.split('/') {
            match part {
                "" | "." => {}
                ".." => match segments.pop() {
                    Some(segment) if !segment.is_empty() => {}
                    _ => return Err(refused("leads out of its host")),
                },
                part => segments.push(part),
            }
        }
        let path = segments.join("/");
        Self {
            path,
            ..self.clone()
        }
        .checked()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self
            .user
            .as_ref()
            .map(|user| format!("{user}@"))
            .unwrap_or_default();
        if self.scheme == Scheme::Ssh && !self.path.starts_with(['/', '~']) && self.port.is_none() {
            return write!(f, "{user}{}:{}", self.host, self.path);
        }
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        let slash = if self.path.starts_with('/') { "" } else { "/" };
        write!(
            f,
            "{}://{user}{host}{port}{slash}{}",
            self.scheme.name(),
            self.path
        )
    }
}

/// Whether `name:port` is the host that a credential is bound to. A credential without a port belongs to the
/// port of the scheme.
pub(super) fn is_at(bound: &str, name: &str, port: u16, default_port: Option<u16>) -> bool {
    let bound = bound.trim();
    let (bound_name, bound_port) = match bound.rsplit_once(':') {
        Some((head, tail)) if !head.contains(':') || head.ends_with(']') => {
            (head, tail.parse().ok())
        }
        _ => (bound, None),
    };
    let bound_name = bound_name.trim_start_matches('[').trim_end_matches(']');
    bound_name.eq_ignore_ascii_case(name) && bound_port.or(default_port) == Some(port)
}

fn refused(message: impl Into<String>) -> Error {
    Error::invalid_field("repoUrl", message)
}

fn checked_host(host: &str) -> Result<String> {
    if host.starts_with('-') {
        return Err(refused("must not have a host that begins with a hyphen"));
    }
    let host =
        Host::parse(host).map_err(|error| refused("names no valid host").with_source(error))?;
    Ok(host
        .to_string()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned())
}

/// `ssh://host/~user/x` means a path in a home directory, which the shell at the other end expands.
fn home_relative(path: String) -> String {
    match path.strip_prefix('/') {
        Some(rest) if rest.starts_with('~') => rest.to_owned(),
        _ => path,
    }
}

fn decoded(text: &str) -> Result<String> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|error| refused("is not UTF-8").with_source(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn an_accepted_address_reads_back_what_it_shows() {
        for (text, shown) in [
            (
                "https://example.com/team/app.git",
                "https://example.com/team/app.git",
            ),
            (
                "HTTPS://Example.COM:443/team/app",
                "https://example.com/team/app",
            ),
            ("http://127.0.0.1:3000/a", "http://127.0.0.1:3000/a"),
            (
                "ssh://git@example.com:2222/srv/app.git",
                "ssh://git@example.com:2222/srv/app.git",
            ),
            (
                "ssh://git@example.com/~ann/app.git",
                "ssh://git@example.com/~ann/app.git",
            ),
            (
                "git@example.com:team/app.git",
                "git@example.com:team/app.git",
            ),
            (
                "https://[2001:db8::1]:8443/app",
                "https://[2001:db8::1]:8443/app",
            ),
            ("file:///srv/git/app", "file:///srv/git/app"),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(Address::parse(shown).unwrap(), address);
        }
    }

    #[test]
    fn an_odd_address_is_refused_without_repeating_it() {
        for text in [
            "",
            "-uroot@example.com:app",
            "--upload-pack=touch",
            "ext::sh -c touch% /tmp/x",
            "ext::sh",
            "fd::17/foo",
            "git://example.com/app",
            "ftp://example.com/app",
            "javascript://example.com/app",
            "/srv/git/app",
            "../app",
            "https://",
            "https:///app",
            "https://example.com",
            "https://example.com/",
            "https://ann:hunter2@example.com/app",
            "https://hunter2@example.com/app",
            "ssh://git:hunter2@example.com/app",
            "ssh://-oProxyCommand=hunter2/app",
            "-oProxyCommand=hunter2@example.com:app",
            "git@-oProxyCommand=hunter2:app",
            "git@example.com:-u",
            "git@example.com:",
            "https://example.com/app?token=hunter2",
            "https://example.com/app#hunter2",
            "https://example.com/app\nHost: evil",
            "https://example.com/a b",
            "ssh://git@example.com/a%0ab",
            "file://elsewhere/srv/git",
            "https://exa mple.com/app",
        ] {
            let error = Address::parse(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{text}");
            assert!(
                !format!("{error:?}").contains("hunter2"),
                "{text}: {error:?}"
            );
        }
        assert!(Address::parse(&format!("https://example.com/{}", "a".repeat(4096))).is_err());
    }

    #[test]
    fn numeric_spellings_of_a_host_become_the_address_they_mean() {
        for text in [
            "http://2130706433/app",
            "http://0x7f.1/app",
            "http://0177.0.0.1/app",
        ] {
            assert_eq!(Address::parse(text).unwrap().host, "127.0.0.1");
        }
    }

    #[test]
    fn a_relative_submodule_address_stays_on_its_host() {
        let parent = Address::parse("https://example.com/team/app.git").unwrap();
        assert_eq!(
            parent.join("../lib.git").unwrap().to_string(),
            "https://example.com/team/lib.git"
        );
        assert_eq!(
            parent.join("./lib").unwrap().to_string(),
            "https://example.com/team/app.git/lib"
        );
        assert!(parent.join("../../../evil").is_err());
        assert!(parent.join("../lib?x=y").is_err());
        let short = Address::parse("git@example.com:team/app.git").unwrap();
        assert_eq!(
            short.join("../lib.git").unwrap().to_string(),
            "git@example.com:team/lib.git"
        );
        assert!(short.join("../../../evil").is_err());
    }

    #[test]
    fn a_credential_belongs_to_one_host_and_port() {
        let address = Address::parse("https://example.com/app").unwrap();
        assert!(address.is_at("example.com") && address.is_at("Example.com:443"));
        assert!(!address.is_at("example.com:8443") && !address.is_at("evil.example.com"));
        assert!(!address.is_at("example.com.evil.org") && !address.is_at(""));
        let other_port = Address::parse("http://[::1]:3000/app").unwrap();
        assert!(other_port.is_at("[::1]:3000") && !other_port.is_at("::1"));
    }
}
