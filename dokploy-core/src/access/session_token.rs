//! What a signed-in person carries: the name of a session in the store, signed, so that a guess costs no look-up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionId;
use crate::secret::{Keyring, Secret};

/// What every session token begins with, so that it is recognised where it should not be.
const PREFIX: &str = "dks_";
const SESSION: &str = "session token";
const CSRF: &str = "csrf token";

/// Whether a bearer is a session token by its form.
pub(crate) fn is_session_token(bearer: &str) -> bool {
    bearer.starts_with(PREFIX)
}

/// Makes and reads session tokens: `dks_<id>.<mac>`.
///
/// The signature only says that this installation made the token. Whether the session lives is asked of the store
/// each time, so that it can end at once.
pub(crate) struct SessionTokens<'a>(pub(crate) &'a Keyring);

impl SessionTokens<'_> {
    /// The token of a session.
    pub(crate) fn token(&self, session: SessionId) -> Secret {
        let id = session.as_uuid().simple().to_string();
        let mac = self.0.mac(SESSION, id.as_bytes());
        Secret::new(format!("{PREFIX}{id}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    /// The session that a token names.
    ///
    /// # Errors
    ///
    /// `unauthenticated` for a token that this installation did not make; which part of it is wrong is not said.
    pub(crate) fn session(&self, token: &str) -> Result<SessionId> {
        self.parse(token).ok_or_else(|| {
            Error::new(ErrorKind::Unauthenticated, "the session token is not valid")
                .with_hint("sign in again")
        })
    }

    fn parse(&self, token: &str) -> Option<SessionId> {
        let (id, mac) = token.strip_prefix(PREFIX)?.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        if !self.0.verify_mac(SESSION, id.as_bytes(), &mac) {
            return None;
        }
        id.parse().ok()
    }

    /// What a page has to send with each change that it makes with a cookie.
    pub(crate) fn csrf(&self, session: SessionId) -> String {
        let mac = self.0.mac(CSRF, session.as_uuid().as_bytes());
        URL_SAFE_NO_PAD.encode(mac)
    }

    /// Whether a page sent the token of its session, compared in constant time.
    pub(crate) fn is_csrf(&self, session: SessionId, sent: &str) -> bool {
        URL_SAFE_NO_PAD
            .decode(sent)
            .is_ok_and(|mac| self.0.verify_mac(CSRF, session.as_uuid().as_bytes(), &mac))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(seed: u8) -> Keyring {
        let key = std::array::from_fn(|index| index.wrapping_mul(37).to_le_bytes()[0] ^ seed);
        Keyring::new(format!("key-{seed}"), key).unwrap()
    }

    #[test]
    fn a_token_names_its_session() {
        let ring = ring(0x5a);
        let session = SessionId::new();
        let token = SessionTokens(&ring).token(session);
        assert_eq!(
            SessionTokens(&ring).session(token.expose()).unwrap(),
            session
        );
    }

    #[test]
    fn a_token_of_which_any_character_changed_names_nothing() {
        let ring = ring(0x5a);
        let token = SessionTokens(&ring).token(SessionId::new());
        for at in 0..token.expose().len() {
            let mut changed = token.expose().as_bytes().to_vec();
            changed[at] = if changed[at] == b'A' { b'C' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let error = SessionTokens(&ring).session(&changed).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated, "{changed}");
        }
    }

    #[test]
    fn malformed_tokens_are_refused_alike() {
        let ring = ring(0x5a);
        let other = SessionTokens(&self::ring(0x11)).token(SessionId::new());
        let long = format!("dks_{}.{}", "0".repeat(32), "A".repeat(100_000));
        let cases = [
            "",
            "dks_",
            "dks_.",
            "dks_x.y",
            "none",
            &long,
            other.expose(),
        ];
        let messages: std::collections::HashSet<_> = cases
            .iter()
            .map(|case| SessionTokens(&ring).session(case).unwrap_err().to_string())
            .collect();
        assert_eq!(messages.len(), 1, "{messages:?}");
    }

    #[test]
    fn a_token_that_a_retired_key_signed_is_still_read() {
        let old = ring(0x5a);
        let session = SessionId::new();
        let token = SessionTokens(&old).token(session);
        let key = std::array::from_fn(|index| index.wrapping_mul(37).to_le_bytes()[0] ^ 0x5a);
        let rotated = ring(0x33).with_retired("key-90", key).unwrap();
        let read = SessionTokens(&rotated).session(token.expose()).unwrap();
        assert_eq!(read, session);
    }

    #[test]
    fn the_csrf_token_of_one_session_is_not_that_of_another() {
        let ring = ring(0x5a);
        let tokens = SessionTokens(&ring);
        let (mine, other) = (SessionId::new(), SessionId::new());
        assert!(tokens.is_csrf(mine, &tokens.csrf(mine)));
        assert!(!tokens.is_csrf(mine, &tokens.csrf(other)));
        assert!(!tokens.is_csrf(mine, ""));
    }
}
