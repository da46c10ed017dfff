//! Names of images: `host:port/path:tag@digest`, as registries and the engine understand them.

use std::fmt;

use crate::error::{Error, Result};

/// The registry that a name without a host means.
const DOCKER_HUB: &str = "docker.io";

/// A name of an image, complete: with its host and, on Docker Hub, with `library/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    host: String,
    path: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Reference {
    /// Reads a name. What cannot be one is refused, so that a name is safe to be put into an address.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // The colon of a port is followed by a slash, that of a tag never.
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
            _ => (rest, None),
        };
        let (host, path) = match name.split_once('/') {
            Some((first, path)) if is_host(first) => (canonical_host(first), path),
            _ => (DOCKER_HUB, name),
        };
        let is_valid = is_host_name(host)
            && path.split('/').all(is_path_component)
            && tag.is_none_or(is_tag)
            && digest.is_none_or(is_digest)
            && text.len() <= 512;
        if !is_valid {
            return Err(invalid(text));
        }
        let is_official = host == DOCKER_HUB && !path.contains('/');
        Ok(Self {
            host: host.to_owned(),
            path: if is_official {
                format!("library/{path}")
            } else {
                path.to_owned()
            },
            tag: tag.map(str::to_owned),
            digest: digest.map(str::to_owned),
        })
    }

    /// Host of the registry, with a port where it has one.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Host and path.
    pub(crate) fn repository(&self) -> String {
        format!("{}/{}", self.host, self.path)
    }

    /// The last part of the path.
    pub(crate) fn last_component(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Tag; `latest` where none is given.
    pub(crate) fn tag(&self) -> &str {
        self.tag.as_deref().unwrap_or("latest")
    }

    /// Whether there is a tag.
    pub(crate) fn has_tag(&self) -> bool {
        self.tag.is_some()
    }

    /// Digest.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The name with another digest and without its tag.
    pub(crate) fn pinned(&self, digest: &str) -> Result<String> {
        if !is_digest(digest) {
            return Err(invalid(digest));
        }
        Ok(format!("{}@{digest}", self.repository()))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)?;
        match (&self.tag, &self.digest) {
            // The engine wants one or the other, and the digest says more.
            (_, Some(digest)) => write!(f, "@{digest}"),
            _ => write!(f, ":{}", self.tag()),
        }
    }
}

/// The one name of a registry that has several.
pub(crate) fn canonical_host(host: &str) -> &str {
    let host = host
        .trim_start_matches("https://")
        .trim_start_matches("http://");
    let host = host.split('/').next().unwrap_or(host);
    match host {
        "index.docker.io" | "registry-1.docker.io" | "registry.hub.docker.com" => DOCKER_HUB,
        other => other,
    }
}

/// Whether the text is the id of an image on an engine, and no name.
pub(crate) fn is_image_id(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    hex.len() == 64 && is_lower_hex(hex)
}

fn invalid(text: &str) -> Error {
    Error::invalid_field(
        "image",
        format!("`{}` is no name of an image", text.escape_debug()),
    )
    .with_hint("write it as in registry.example.com/team/app:1.2.3, in lower case")
}

fn is_host(component: &str) -> bool {
    component.contains(['.', ':']) || component == "localhost"
}

fn is_host_name(host: &str) -> bool {
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        _ => (host, None),
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let address = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'));
    let is_name = match address {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        }),
    };
    is_name && port.is_none_or(is_port)
}

fn is_path_component(component: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let separators = component
        .split(|char: char| char.is_ascii() && is_word(char as u8))
        .filter(|between| !between.is_empty());
    let is_separator = |between: &str| {
        matches!(between, "." | "_" | "__") || between.bytes().all(|byte| byte == b'-')
    };
    component.bytes().next().is_some_and(is_word)
        && component.bytes().last().is_some_and(is_word)
        && separators.into_iter().all(is_separator)
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(is_word)
        && tag
            .bytes()
            .all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(digest: &str) -> bool {
    digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && is_lower_hex(hex))
}

fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn a_short_name_is_completed_as_docker_completes_it() {
        for (text, complete) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.25", "docker.io/library/nginx:1.25"),
            ("docker.io/nginx", "docker.io/library/nginx:latest"),
            (
                "index.docker.io/library/nginx",
                "docker.io/library/nginx:latest",
            ),
            ("team/app:1", "docker.io/team/app:1"),
            ("localhost/app", "localhost/app:latest"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("10.0.0.1:5000/a/b/c:v1", "10.0.0.1:5000/a/b/c:v1"),
            ("[::1]:5000/app", "[::1]:5000/app:latest"),
            (
                "Registry.Example.com/app",
                "Registry.Example.com/app:latest",
            ),
            ("a.b/x__y/z--z", "a.b/x__y/z--z:latest"),
        ] {
            assert_eq!(
                Reference::parse(text).unwrap().to_string(),
                complete,
                "{text}"
            );
        }
    }

    #[test]
    fn a_digest_takes_the_place_of_the_tag() {
        let reference = Reference::parse(&format!("a.example/team/app:1@{DIGEST}")).unwrap();
        assert_eq!(reference.host(), "a.example");
        assert_eq!(reference.last_component(), "app");
        assert_eq!(reference.tag(), "1");
        assert_eq!(reference.digest(), Some(DIGEST));
        assert_eq!(
            reference.to_string(),
            format!("a.example/team/app@{DIGEST}")
        );
        let tagged = Reference::parse("app:1").unwrap();
        assert_eq!(
            tagged.pinned(DIGEST).unwrap(),
            format!("docker.io/library/app@{DIGEST}")
        );
        assert!(tagged.pinned("sha256:beef").is_err());
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for text in [
            "",
            ":tag",
            "App",
            "app:",
            "app@",
            "app@sha256:beef",
            "app/../other",
            "app?all=1",
            "app#x",
            "app tag",
            "-app",
            "app-",
            "a//b",
            "host:port/app",
            "user@host/app",
            "https://host/app",
            "app:tag:tag",
            "äpp",
            "app\n",
            "a._b",
        ] {
            assert!(Reference::parse(text).is_err(), "{text:?}");
        }
        assert!(Reference::parse(&"a".repeat(513)).is_err());
    }

    #[test]
    fn an_id_is_told_from_a_name() {
        assert!(is_image_id(DIGEST));
        assert!(is_image_id(&DIGEST[7..]));
        assert!(!is_image_id("nginx"));
        assert!(!is_image_id("sha256:0123"));
    }
}
