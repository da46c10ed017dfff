//! AES-256-GCM sealing with keys that carry ids, so that they can be rotated.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Secret;
use crate::error::Result;

/// A sealed value as it is stored: unreadable without the key it names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecret {
    /// Which key of the ring sealed it.
    pub key_id: String,
    /// Nonce, ciphertext and tag, base64.
    pub sealed: String,
}

/// Where a sealed value lives. It is bound into the seal, so that a value copied to another place does not open.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Table or aggregate.
    pub table: &'a str,
    /// Row.
    pub row: &'a str,
    /// Column or name within the row.
    pub column: &'a str,
}

/// Keys by id. New values are sealed with the primary one; the others still open what they sealed.
pub struct Keyring {
    primary: String,
    keys: BTreeMap<String, Zeroizing<[u8; 32]>>,
}

impl Keyring {
    /// A ring with one key.
    pub fn new(key_id: impl Into<String>, key: [u8; 32]) -> Result<Self> {
        let _ = (key_id.into(), key);
        Err(crate::Error::new(
            crate::ErrorKind::Unexpected,
            "not written yet",
        ))
    }

    /// Adds a key that still opens what it sealed.
    pub fn with_retired(self, key_id: impl Into<String>, key: [u8; 32]) -> Result<Self> {
        let _ = (key_id.into(), key);
        Ok(self)
    }

    /// Seals a value for the place where it will be stored.
    pub fn seal(&self, value: &Secret, context: Context<'_>) -> Result<SealedSecret> {
        let _ = (value, context, &self.primary, &self.keys);
        Err(crate::Error::new(
            crate::ErrorKind::Unexpected,
            "not written yet",
        ))
    }

    /// Opens a value that was sealed for this place.
    pub fn open(&self, sealed: &SealedSecret, context: Context<'_>) -> Result<Secret> {
        let _ = (sealed, context);
        Err(crate::Error::new(
            crate::ErrorKind::Unexpected,
            "not written yet",
        ))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("primary", &self.primary)
            .finish_non_exhaustive()
    }
}
