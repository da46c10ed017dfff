//! Secrets: a value that does not show itself, and the key ring that seals it for storage.

mod keyring;
mod redactor;

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

pub(crate) use self::keyring::random;
pub use self::keyring::{Context, Keyring, SealedSecret};
pub use self::redactor::{Redactor, RedactorStream};

/// A secret text. It has no `Display`, its `Debug` shows nothing, it is never serialised, and its memory is
/// overwritten when it is dropped. [`Secret::expose`] is the only way to the value, so that a search for it
/// finds every use.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Zeroizing::new(value.into()))
    }

    /// The value in clear.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
