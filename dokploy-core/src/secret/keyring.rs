//! AES-256-GCM sealing with keys that carry ids, so that they can be rotated.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::Secret;
use crate::error::{Error, ErrorKind, Result};

mod file;

/// Bytes of a key.
const KEY_LEN: usize = 32;
/// Bytes of the nonce in front of each ciphertext.
const NONCE_LEN: usize = 12;
/// Bound into every seal, so that a later scheme cannot be mistaken for this one.
const SCHEME: &str = "dokploy-seal-v1";
/// What the canary holds. Its text is no secret: whether it opens is the answer.
const CANARY: &str = "dokploy canary";
/// Fewer different bytes than this never happen in a random key (the odds are below 2^-90).
const DISTINCT_BYTES_MIN: usize = 16;
/// What to do about a key that is refused.
const KEY_HINT: &str = "make one with `openssl rand -base64 32`";

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

impl Context<'static> {
    const CANARY: Self = Self {
        table: "dokploy",
        row: "canary",
        column: "canary",
    };
}

impl Context<'_> {
    /// The associated data of a seal. Each part is preceded by its length, so that no two places share one encoding.
    fn associated_data(self, key_id: &str) -> Vec<u8> {
        let mut data = Vec::new();
        for part in [SCHEME, self.table, self.row, self.column, key_id] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

/// Keys by id. New values are sealed with the primary one; the others still open what they sealed.
pub struct Keyring {
    primary: String,
    keys: BTreeMap<String, Zeroizing<[u8; KEY_LEN]>>,
}

impl Keyring {
    /// A ring with one key.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a key that nobody can have drawn at random: zeros, a repetition, a series, a text.
    pub fn new(key_id: impl Into<String>, key: [u8; KEY_LEN]) -> Result<Self> {
        let primary = key_id.into();
        let ring = Self {
            primary: primary.clone(),
            keys: BTreeMap::new(),
        };
        ring.with_retired(primary, key)
    }

    /// A ring with one new random key, whose id is derived from it.
    ///
    /// # Errors
    ///
    /// `unavailable` when the operating system gives no random bytes.
    pub fn generate() -> Result<Self> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        random(key.as_mut())?;
        Self::new(derived_id(&key), *key)
    }

    /// Reads one or more keys in base64, separated by white space or commas. The first one seals; the others
    /// still open what they sealed. Each key's id is derived from the key, so that there is none to keep in order.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for a text without keys, one that is not base64 of 32 bytes, or a key that is weak.
    pub fn from_base64(keys: &str) -> Result<Self> {
        let mut ring: Option<Self> = None;
        let texts = keys
            .split(|c: char| c == ',' || c.is_whitespace())
            .filter(|text| !text.is_empty());
        for text in texts {
            let key = decode_key(text)?;
            let id = derived_id(&key);
            ring = Some(match ring {
                None => Self::new(id, *key)?,
                Some(ring) => ring.with_retired(id, *key)?,
            });
        }
        ring.ok_or_else(|| refused("is empty: at least one key is expected"))
    }

    /// Adds a key that still opens what it sealed.
    ///
    /// # Errors
    ///
    /// `invalid_spec` for an id that is empty, too long or taken, and for a weak key.
    pub fn with_retired(mut self, key_id: impl Into<String>, key: [u8; KEY_LEN]) -> Result<Self> {
        let key = Zeroizing::new(key);
        let key_id = key_id.into();
        let well_formed = (1..=64).contains(&key_id.len())
            && key_id
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        if !well_formed {
            return Err(refused(
                "has an id that is not 1 to 64 letters, digits, hyphens and underscores",
            ));
        }
        if let Some(why) = weakness(&key) {
            return Err(refused(why));
        }
        if self.keys.insert(key_id, key).is_some() {
            return Err(refused(
                "has an id that another key of the ring has already",
            ));
        }
        Ok(self)
    }

    /// Id of the key that seals.
    pub fn primary_id(&self) -> &str {
        &self.primary
    }

    /// Seals a value for the place where it will be stored. Sealing the same value twice gives two different seals.
    ///
    /// # Errors
    ///
    /// `unavailable` when the operating system gives no random bytes.
    pub fn seal(&self, value: &Secret, context: Context<'_>) -> Result<SealedSecret> {
        let key_id = self.primary.clone();
        let mut bytes = vec![0; NONCE_LEN];
        random(&mut bytes)?;
        let payload = Payload {
            msg: value.expose().as_bytes(),
            aad: &context.associated_data(&key_id),
        };
        let ciphertext = self
            .cipher(&key_id)?
            .encrypt(&nonce(&bytes), payload)
            .map_err(|_| {
                Error::new(ErrorKind::Unexpected, "the secret is too long to be sealed")
            })?;
        bytes.extend_from_slice(&ciphertext);
        Ok(SealedSecret {
            key_id,
            sealed: STANDARD.encode(bytes),
        })
    }

    /// Keyed digest of a value at a place, in hexadecimal: equal values give equal digests, and nobody without the
    /// key learns anything about the value.
    pub fn digest(&self, value: &Secret, context: Context<'_>) -> String {
        let mut mac = keyed(self.keys[&self.primary].as_ref());
        mac.update(&context.associated_data("digest"));
        mac.update(value.expose().as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    /// Signs a message with a key that is derived from the primary one for this purpose alone, so that no two purposes
    /// share one.
    pub(crate) fn mac(&self, purpose: &str, message: &[u8]) -> [u8; KEY_LEN] {
        let mac = derived_mac(&self.keys[&self.primary], purpose, message);
        mac.finalize().into_bytes().into()
    }

    /// Whether a key of the ring signed a message for this purpose; compared in constant time.
    pub(crate) fn verify_mac(&self, purpose: &str, message: &[u8], mac: &[u8]) -> bool {
        self.keys
            .values()
            .any(|key| derived_mac(key, purpose, message).verify_slice(mac).is_ok())
    }

    /// Opens a value that was sealed for this place.
    ///
    /// # Errors
    ///
    /// `unexpected` when its key is not in the ring, or when it was sealed for another place, with another key of
    /// the same id, or was changed.
    pub fn open(&self, sealed: &SealedSecret, context: Context<'_>) -> Result<Secret> {
        let unreadable = || {
            let message = format!(
                "the sealed value of {} {} {} does not open: it was changed, moved, or sealed with another key",
                context.table, context.row, context.column
            );
            Error::new(ErrorKind::Unexpected, message)
        };
        let cipher = self.cipher(&sealed.key_id)?;
        let bytes = STANDARD.decode(&sealed.sealed).map_err(|_| unreadable())?;
        let (nonce_bytes, ciphertext) = bytes.split_at_checked(NONCE_LEN).ok_or_else(unreadable)?;
        let payload = Payload {
            msg: ciphertext,
            aad: &context.associated_data(&sealed.key_id),
        };
        let plain = cipher
            .decrypt(&nonce(nonce_bytes), payload)
            .map_err(|_| unreadable())?;
        // What was sealed was a text, and the tag proves that these are its bytes.
        String::from_utf8(plain)
            .map(Secret::new)
            .map_err(|_| unreadable())
    }

    /// A sealed text to be stored next to the first secret, for [`Keyring::check_canary`].
    ///
    /// # Errors
    ///
    /// `unavailable` when the operating system gives no random bytes.
    pub fn canary(&self) -> Result<String> {
        let sealed = self.seal(&Secret::new(CANARY), Context::CANARY)?;
        Ok(format!("{}:{}", sealed.key_id, sealed.sealed))
    }

    /// Checks at the start that this ring opens what an earlier one sealed.
    ///
    /// # Errors
    ///
    /// `invalid_spec` when it does not: the key is the wrong one.
    pub fn check_canary(&self, canary: &str) -> Result<()> {
        let wrong = |why: String| {
            Error::invalid_field("secretKey", why).with_hint(
                "start with the key that the stored secrets were sealed with; \
                 to rotate it, put the new key first and keep the old one behind it",
            )
        };
        let Some((key_id, sealed)) = canary.split_once(':') else {
            return Err(wrong(
                "cannot be checked: the stored canary is damaged".to_owned(),
            ));
        };
        if !self.keys.contains_key(key_id) {
            let why = format!("is the wrong key: the stored secrets were sealed with key {key_id}");
            return Err(wrong(why));
        }
        let sealed = SealedSecret {
            key_id: key_id.to_owned(),
            sealed: sealed.to_owned(),
        };
        match self.open(&sealed, Context::CANARY) {
            Ok(opened) if opened.expose() == CANARY => Ok(()),
            _ => Err(wrong(format!(
                "is the wrong key: it has the id {key_id} but does not open what that key sealed"
            ))),
        }
    }

    fn cipher(&self, key_id: &str) -> Result<Aes256Gcm> {
        let key = self.keys.get(key_id).ok_or_else(|| {
            let message = format!("key {key_id} is not in the key ring");
            Error::new(ErrorKind::Unexpected, message)
                .with_hint("add the key that sealed the value as a retired one")
        })?;
        Ok(Aes256Gcm::new(&(**key).into()))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("primary", &self.primary)
            .finish_non_exhaustive()
    }
}

fn refused(why: &str) -> Error {
    Error::invalid_field("secretKey", why).with_hint(KEY_HINT)
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length can be used")
}

fn derived_mac(key: &[u8; KEY_LEN], purpose: &str, message: &[u8]) -> Hmac<Sha256> {
    let mut derived = keyed(key);
    derived.update(b"dokploy derived key: ");
    derived.update(purpose.as_bytes());
    let derived = Zeroizing::new(<[u8; KEY_LEN]>::from(derived.finalize().into_bytes()));
    let mut mac = keyed(derived.as_ref());
    mac.update(message);
    mac
}

/// Fills a buffer with random bytes of the operating system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<()> {
    SysRng.try_fill_bytes(bytes).map_err(|error| {
        Error::new(
            ErrorKind::Unavailable,
            "the operating system gives no random bytes",
        )
        .with_source(error)
    })
}

/// The nonce, which the callers have cut to its length.
fn nonce(bytes: &[u8]) -> aes_gcm::Nonce<aes_gcm::aead::consts::U12> {
    let mut nonce = [0; NONCE_LEN];
    nonce.copy_from_slice(bytes);
    nonce.into()
}

fn decode_key(text: &str) -> Result<Zeroizing<[u8; KEY_LEN]>> {
    let bytes = STANDARD
        .decode(text)
        .map(Zeroizing::new)
        .map_err(|_| refused("is not base64"))?;
    let key: [u8; KEY_LEN] = bytes
        .as_slice()
        .try_into()
        .map_err(|_| refused("is not 32 bytes long"))?;
    Ok(Zeroizing::new(key))
}

/// A name for a key that says nothing about it but whether two are the same.
fn derived_id(key: &[u8; KEY_LEN]) -> String {
    let digest = Sha256::new()
        .chain_update(b"dokploy key id")
        .chain_update(key)
        .finalize();
    hex::encode(&digest[..6])
}

/// Why nobody can have drawn this key at random, or `None`.
fn weakness(key: &[u8; KEY_LEN]) -> Option<&'static str> {
    let step = key[1].wrapping_sub(key[0]);
    if key
        .windows(2)
        .all(|pair| pair[1].wrapping_sub(pair[0]) == step)
    {
        return Some("is weak: its bytes are all equal or count up");
    }
    if key.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return Some("is weak: it is a text, and a passphrase is no key");
    }
    if key.iter().collect::<BTreeSet<_>>().len() < DISTINCT_BYTES_MIN {
        return Some("is weak: its bytes repeat");
    }
    None
}

#[cfg(test)]
mod tests;
