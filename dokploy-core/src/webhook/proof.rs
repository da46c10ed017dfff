//! What shows that a delivery comes from somebody who knows the secret of an application.

use std::fmt;

use bytes::Bytes;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::secret::Secret;

/// What a delivery brings to be believed.
#[derive(Clone)]
pub enum Proof {
    /// HMAC-SHA256 of the body.
    Signature {
        /// The signature, as bytes.
        signature: Vec<u8>,
        /// What was signed.
        body: Bytes,
    },
    /// The secret itself.
    Token(Secret),
    /// Nothing, or something that cannot be one.
    Missing,
}

impl Proof {
    /// A signature in hexadecimal, with or without the `sha256=` in front of it.
    pub(super) fn signature(header: Option<&str>, body: &Bytes) -> Self {
        let signature = header.map(|text| text.trim().trim_start_matches("sha256="));
        match signature.map(hex::decode) {
            Some(Ok(signature)) => Self::Signature {
                signature,
                body: body.clone(),
            },
            _ => Self::Missing,
        }
    }

    /// The secret as it was sent.
    pub(super) fn token(token: Option<&str>) -> Self {
        match token {
            Some(token) if !token.is_empty() => Self::Token(Secret::new(token)),
            _ => Self::Missing,
        }
    }

    /// Whether it was made with this secret. The time that this takes says nothing about the secret.
    pub fn holds(&self, secret: &Secret) -> bool {
        // An empty secret is no secret: anybody can sign with it.
        let is_secret = !secret.expose().is_empty();
        let proven = match self {
            Self::Signature { signature, body } => keyed(secret)
                .chain_update(body)
                .verify_slice(signature)
                .is_ok(),
            // Two digests of the same length are compared, so that not even the length of the secret shows.
            Self::Token(token) => {
                let expected = keyed(secret)
                    .chain_update(secret.expose())
                    .finalize()
                    .into_bytes();
                keyed(secret)
                    .chain_update(token.expose())
                    .verify_slice(&expected)
                    .is_ok()
            }
            Self::Missing => false,
        };
        is_secret && proven
    }
}

fn keyed(secret: &Secret) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.expose().as_bytes()).expect("a key of any length can be used")
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signature { .. } => "Signature(…)",
            Self::Token(_) => "Token(…)",
            Self::Missing => "Missing",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub's documentation.
    const SECRET: &str = "It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello, World!";
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn signed(header: Option<&str>) -> Proof {
        Proof::signature(header, &Bytes::from_static(BODY))
    }

    #[test]
    fn the_documented_signature_holds_for_its_secret_only() {
        let proof = signed(Some(SIGNATURE));
        assert!(proof.holds(&SECRET.into()));
        assert!(!proof.holds(&"It's a Secret to Nobody".into()));
        assert!(!proof.holds(&"".into()));
        let without_prefix = SIGNATURE.trim_start_matches("sha256=");
        assert!(signed(Some(without_prefix)).holds(&SECRET.into()));
        let upper = without_prefix.to_uppercase();
        assert!(signed(Some(&upper)).holds(&SECRET.into()));
    }

    #[test]
    fn what_is_no_signature_never_holds() {
        let cut = &SIGNATURE[..SIGNATURE.len() - 2];
        let longer = format!("{SIGNATURE}00");
        let odd = format!("{SIGNATURE}0");
        for header in ["", "sha256=", "sha1=00", "zz", cut, &longer, &odd] {
            assert!(!signed(Some(header)).holds(&SECRET.into()), "{header}");
        }
        assert!(!signed(None).holds(&SECRET.into()));
    }

    #[test]
    fn a_signature_is_of_this_body_to_the_byte() {
        let other = Bytes::from_static(b"Hello, World! ");
        assert!(!Proof::signature(Some(SIGNATURE), &other).holds(&SECRET.into()));
    }

    #[test]
    fn a_token_is_the_whole_secret() {
        for wrong in ["", "hunter", "hunter22", "HUNTER2", " hunter2"] {
            assert!(!Proof::token(Some(wrong)).holds(&"hunter2".into()));
        }
        assert!(Proof::token(Some("hunter2")).holds(&"hunter2".into()));
        assert!(!Proof::token(Some("")).holds(&"".into()));
        assert!(!Proof::token(None).holds(&"".into()));
    }

    #[test]
    fn a_proof_does_not_show_itself() {
        let shown = format!(
            "{:?} {:?}",
            Proof::token(Some("hunter2")),
            signed(Some(SIGNATURE))
        );
        assert!(!shown.contains("hunter2") && !shown.contains("7571"));
    }
}
