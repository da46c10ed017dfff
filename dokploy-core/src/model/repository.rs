//! What a repository is known by, however its address is written.

use std::fmt;

use url::Url;

use super::application::ApplicationSpec;
use crate::runtime::Reference;

/// Bytes of an address that is looked at.
const ADDRESS_LEN_MAX: usize = 2048;

/// Hosts that answer for another one on a port that firewalls let through.
const HOST_ALIASES: [(&str, &str); 3] = [
    ("ssh.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
    ("altssh.bitbucket.org", "bitbucket.org"),
];

/// Names a repository: the same for every address of it (`https`, `ssh`, `user@host:path`, with or without `.git`, any
/// port), and for every way to write an image's name. It selects, and proves nothing: two repositories may share one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryKey(String);

impl RepositoryKey {
    /// The repository that an application is built from, or the image that it runs.
    pub fn of(spec: &ApplicationSpec) -> Option<Self> {
        match (&spec.git_source, &spec.image) {
            (Some(git), _) => Self::of_git(&git.repo_url),
            (None, Some(image)) => Self::of_image(image),
            (None, None) => None,
        }
    }

    /// The key of a git address, or `None` when it is none.
    pub fn of_git(address: &str) -> Option<Self> {
        let odd = |c: char| c.is_control() || c.is_whitespace();
        if address.len() > ADDRESS_LEN_MAX || address.contains(odd) {
            return None;
        }
        let (host, path) = match address.split_once("://") {
            Some((scheme, _)) => {
                let url = Url::parse(address).ok()?;
                let is_file = scheme.eq_ignore_ascii_case("file");
                let host = url.host_str().unwrap_or_default().to_owned();
                if host.is_empty() != is_file {
                    return None;
                }
                (host, url.path().to_owned())
            }
            None => {
                let (authority, path) = address.split_once(':')?;
                let host = authority.rsplit_once('@').map_or(authority, |at| at.1);
                if host.is_empty() || host.contains('/') {
                    return None;
                }
                (host.to_owned(), path.to_owned())
            }
        };
        let host = host.to_lowercase();
        let known = HOST_ALIASES.iter().find(|(alias, _)| *alias == host);
        let host = known.map_or(host.as_str(), |(_, host)| host);
        let path = path.trim_matches('/').to_lowercase();
        let path = path.strip_suffix(".git").unwrap_or(&path);
        let path = path.trim_end_matches('/');
        (!path.is_empty()).then(|| Self(format!("git:{host}/{path}")))
    }

    /// The key of an image, without tag and digest, or `None` when the name is none.
    pub fn of_image(name: &str) -> Option<Self> {
        let reference = Reference::parse(name).ok()?;
        let repository = reference.repository().to_lowercase();
        Some(Self(format!("image:{repository}")))
    }

    /// The text that is stored and looked up.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepositoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The tag that an image's name follows; `None` when it is pinned to a digest or is no name.
pub(crate) fn image_tag(name: &str) -> Option<String> {
    let reference = Reference::parse(name).ok()?;
    reference
        .digest()
        .is_none()
        .then(|| reference.tag().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn git(address: &str) -> Option<String> {
        RepositoryKey::of_git(address).map(|key| key.to_string())
    }

    #[test]
    fn every_address_of_a_repository_has_one_key() {
        for address in [
            "https://github.com/Team/App",
            "https://github.com/Team/App/",
            "https://github.com/team/app.git",
            "https://GitHub.com:443/team/app.git/",
            "http://github.com/team/app",
            "git://github.com/team/app.git",
            "ssh://git@github.com/team/app.git",
            "ssh://git@github.com:22/team/app.git",
            "ssh://git@ssh.github.com:443/team/app.git",
            "git@github.com:team/app.git",
            "git@GitHub.com:/team/app",
            "github.com:team/app",
        ] {
            assert_eq!(
                git(address).as_deref(),
                Some("git:github.com/team/app"),
                "{address}"
            );
        }
    }

    #[test]
    fn different_repositories_have_different_keys() {
        let keys: std::collections::BTreeSet<_> = [
            "https://github.com/team/app",
            "https://github.com/team/app2",
            "https://github.com/team/ap",
            "https://github.com/other/app",
            "https://gitlab.com/team/app",
            "https://github.com.evil.example/team/app",
            "https://evil.example/github.com/team/app",
            "file:///github.com/team/app",
        ]
        .into_iter()
        .map(|address| git(address).unwrap())
        .collect();
        assert_eq!(keys.len(), 8);
    }

    #[test]
    fn what_is_no_address_has_no_key() {
        let long = format!("https://example.com/{}", "a".repeat(4096));
        for address in [
            "",
            "app",
            "https://",
            "https://example.com",
            "https://example.com/.git",
            "file://elsewhere/x",
            "a b:c",
            "x\n:y",
            "/srv/git/app",
            ":app",
            &long,
        ] {
            assert_eq!(git(address), None, "{address}");
        }
    }

    #[test]
    fn every_name_of_an_image_has_one_key() {
        let image = |name| RepositoryKey::of_image(name).map(|key| key.to_string());
        for name in [
            "redis",
            "redis:7",
            "library/redis",
            "docker.io/redis",
            "index.docker.io/library/redis:7",
        ] {
            assert_eq!(
                image(name).as_deref(),
                Some("image:docker.io/library/redis"),
                "{name}"
            );
        }
        assert_eq!(
            image("Registry.example:5000/team/app:1").as_deref(),
            Some("image:registry.example:5000/team/app")
        );
        assert_eq!(image("Not An Image"), None);
    }

    #[test]
    fn a_tag_is_followed_unless_a_digest_pins_it() {
        assert_eq!(image_tag("app").as_deref(), Some("latest"));
        assert_eq!(image_tag("r.example:5000/app:1").as_deref(), Some("1"));
        assert_eq!(image_tag(&format!("app:1@sha256:{}", "0".repeat(64))), None);
    }
}
