//! What arrives.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::malformed;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Characters of a delivery's id that are kept as they are.
const ID_LEN_MAX: usize = 100;

/// Whose form a delivery has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// GitHub and GitHub Enterprise.
    GitHub,
    /// GitLab.
    GitLab,
    /// Gitea and Forgejo.
    Gitea,
    /// Bitbucket Cloud and Bitbucket Data Center.
    Bitbucket,
    /// Docker Hub and the notifications of a registry.
    Docker,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 5] = [
        Self::GitHub,
        Self::GitLab,
        Self::Gitea,
        Self::Bitbucket,
        Self::Docker,
    ];

    /// Its name in addresses and records.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Gitea => "gitea",
            Self::Bitbucket => "bitbucket",
            Self::Docker => "docker",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|provider| provider.as_str() == text)
            .ok_or_else(|| Error::not_found("webhook", text.escape_debug()))
    }
}

/// The headers of a request. Names are compared without regard to case; of a repeated one the first counts.
#[derive(Clone, Default)]
pub struct Headers(BTreeMap<String, String>);

impl Headers {
    /// The value of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(&name.to_ascii_lowercase()).map(String::as_str)
    }

    /// The first of several headers that is there and not empty.
    pub(super) fn first(&self, names: &[&str]) -> Option<&str> {
        let mut values = names.iter().filter_map(|name| self.get(name));
        values.find(|value| !value.is_empty())
    }
}

impl<N: AsRef<str>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let mut kept = BTreeMap::new();
        for (name, value) in headers {
            kept.entry(name.as_ref().to_ascii_lowercase())
                .or_insert_with(|| value.into());
        }
        Self(kept)
    }
}

// Some providers send the secret itself, so that the values are not shown.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Whose form it has.
    pub provider: Provider,
    /// Its headers.
    pub headers: Headers,
    /// The secret in the address, for registries that can send no header of one's own.
    pub token: Option<Secret>,
    /// Its body, byte by byte: that is what was signed.
    pub body: Bytes,
}

impl Delivery {
    /// The body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T> {
        self.json_of(&self.body)
    }

    /// JSON that was in the body in some other form.
    pub(super) fn json_of<T: DeserializeOwned>(&self, text: &[u8]) -> Result<T> {
        serde_json::from_slice(text).map_err(|error| malformed(self.provider, error))
    }

    /// The first of the headers that names the delivery, or a digest of the body where none does. It is put into
    /// keys, so that it has a bounded length and no odd characters.
    pub(super) fn id(&self, names: &[&str]) -> String {
        match self.headers.first(names) {
            Some(id) => bounded_id(id),
            None => digest(&self.body),
        }
    }
}

/// An id of somebody else's making, made fit for a key.
pub(super) fn bounded_id(id: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.{}".contains(&byte);
    if !id.is_empty() && id.len() <= ID_LEN_MAX && id.bytes().all(is_plain) {
        id.to_owned()
    } else {
        digest(id.as_bytes())
    }
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(headers: &[(&str, &str)], body: &'static str) -> Delivery {
        Delivery {
            provider: Provider::GitHub,
            headers: headers.iter().copied().collect(),
            token: Some("hunter2".into()),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[test]
    fn headers_are_found_in_any_case_and_the_first_counts() {
        let headers: Headers = [("X-Event", "one"), ("x-event", "two")]
            .into_iter()
            .collect();
        assert_eq!(headers.get("X-EVENT"), Some("one"));
        assert_eq!(headers.get("x-other"), None);
    }

    #[test]
    fn a_delivery_shows_no_secret() {
        let shown = format!("{:?}", delivery(&[("X-Gitlab-Token", "hunter2")], "{}"));
        assert!(!shown.contains("hunter2"), "{shown}");
    }

    #[test]
    fn an_id_is_bounded_and_the_body_stands_in_for_it() {
        let names = ["X-Delivery"];
        let id = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
        assert_eq!(delivery(&[("x-delivery", id)], "").id(&names), id);
        let long = "x".repeat(10_000);
        for odd in ["a b", "a/b", "a\nb", long.as_str()] {
            let made = delivery(&[("x-delivery", odd)], "").id(&names);
            assert!(made.starts_with("sha256:") && made.len() == 71, "{made}");
        }
        assert_eq!(
            delivery(&[], "{}").id(&names),
            delivery(&[("x-delivery", "")], "{}").id(&names)
        );
        assert_ne!(
            delivery(&[], "{}").id(&names),
            delivery(&[], "{ }").id(&names)
        );
    }

    #[test]
    fn a_provider_reads_back_its_name() {
        for provider in Provider::ALL {
            assert_eq!(provider.to_string().parse::<Provider>().unwrap(), provider);
        }
        assert!("GitHub".parse::<Provider>().is_err());
    }
}
