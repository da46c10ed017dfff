//! Tokens for programs: random, shown once, and kept as a digest only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::secret::{Secret, random};

/// What every API token begins with, so that a scanner for leaked secrets recognises it.
const PREFIX: &str = "dkp_";
/// Random bytes of a token: too many to guess, so that a plain digest is enough at rest.
const RANDOM_LEN: usize = 32;
/// Characters of a token: the prefix, and the bytes in base64 without padding.
const LEN: usize = PREFIX.len() + 43;

/// Makes a token, `dkp_` and 43 random characters.
///
/// # Errors
///
/// `unavailable` when the operating system gives no random bytes.
pub(crate) fn generate() -> Result<Secret> {
    let mut bytes = [0; RANDOM_LEN];
    random(&mut bytes)?;
    Ok(Secret::new(format!(
        "{PREFIX}{}",
        URL_SAFE_NO_PAD.encode(bytes)
    )))
}

/// The SHA-256 digest under which a token is kept, in hexadecimal; `None` for what is no token by its form.
pub(crate) fn digest(token: &str) -> Option<String> {
    let is_token = token.len() == LEN && token.starts_with(PREFIX);
    is_token.then(|| hex::encode(Sha256::digest(token)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_has_a_digest_and_nothing_else_has() {
        let token = generate().unwrap();
        let digest_of_it = digest(token.expose()).unwrap();
        assert_eq!(digest_of_it.len(), 64);
        assert_ne!(digest(generate().unwrap().expose()).unwrap(), digest_of_it);
        for other in [
            "",
            "dkp_",
            "dkp_short",
            &"x".repeat(LEN),
            &format!("{}x", token.expose()),
        ] {
            assert_eq!(digest(other), None, "{other}");
        }
    }
}
