//! What a browser keeps between leaving for the provider and coming back.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dokploy_core::Secret;
use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One attempt to sign in. It lives in a cookie of the browser that began it, and nowhere else, so that any process
/// can end it and nothing has to be cleaned up. It proves nothing but that the same browser came back.
#[derive(Clone, Debug)]
pub struct Attempt {
    state: Secret,
    nonce: Secret,
    verifier: Secret,
    return_to: String,
}

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    state: Cow<'a, str>,
    nonce: Cow<'a, str>,
    verifier: Cow<'a, str>,
    return_to: Cow<'a, str>,
}

impl Attempt {
    pub(super) fn new(
        state: &CsrfToken,
        nonce: &Nonce,
        verifier: &PkceCodeVerifier,
        return_to: Option<&str>,
    ) -> Self {
        Self {
            state: Secret::new(state.secret().clone()),
            nonce: Secret::new(nonce.secret().clone()),
            verifier: Secret::new(verifier.secret().clone()),
            return_to: own_path(return_to).to_owned(),
        }
    }

    /// The value of the cookie.
    pub fn to_cookie(&self) -> String {
        let kept = Kept {
            state: self.state.expose().into(),
            nonce: self.nonce.expose().into(),
            verifier: self.verifier.expose().into(),
            return_to: self.return_to.as_str().into(),
        };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&kept).unwrap_or_default())
    }

    /// The attempt of a cookie; `None` when it is none.
    pub fn from_cookie(cookie: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let kept: Kept<'_> = serde_json::from_slice(&bytes).ok()?;
        Some(Self {
            state: Secret::new(kept.state),
            nonce: Secret::new(kept.nonce),
            verifier: Secret::new(kept.verifier),
            return_to: own_path(Some(&kept.return_to)).to_owned(),
        })
    }

    /// Where the person wanted to go, a path of this server.
    pub fn return_to(&self) -> &str {
        &self.return_to
    }

    /// Compares digests, so that the time it takes says nothing about how much of it is right.
    pub(super) fn has_state(&self, state: Option<&str>) -> bool {
        state.is_some_and(|state| Sha256::digest(state) == Sha256::digest(self.state.expose()))
    }

    pub(super) fn nonce(&self) -> &str {
        self.nonce.expose()
    }

    pub(super) fn verifier(&self) -> &str {
        self.verifier.expose()
    }
}

/// A path of this server, and never the address of another one. Browsers take `\` for `/`, and drop control
/// characters.
fn own_path(path: Option<&str>) -> &str {
    let is_own = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    path.filter(is_own).unwrap_or("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(return_to: &str) -> Attempt {
        let verifier = PkceCodeVerifier::new("v".repeat(43));
        let nonce = Nonce::new("nonce".to_owned());
        Attempt::new(
            &CsrfToken::new("state".to_owned()),
            &nonce,
            &verifier,
            Some(return_to),
        )
    }

    #[test]
    fn an_attempt_survives_its_cookie() {
        let back = Attempt::from_cookie(&attempt("/projects?x=1").to_cookie()).unwrap();
        assert_eq!(back.return_to(), "/projects?x=1");
        assert_eq!(back.nonce(), "nonce");
        assert!(back.has_state(Some("state")));
        assert!(!back.has_state(Some("stat")) && !back.has_state(None));
        assert!(Attempt::from_cookie("e30").is_none());
        assert!(Attempt::from_cookie("%%%").is_none());
    }

    #[test]
    fn nobody_is_sent_to_another_server() {
        for path in [
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "",
        ] {
            assert_eq!(attempt(path).return_to(), "/", "{path}");
            let mut forged = attempt("/");
            path.clone_into(&mut forged.return_to);
            let back = Attempt::from_cookie(&forged.to_cookie()).unwrap();
            assert_eq!(back.return_to(), "/", "{path}");
        }
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let shown = format!("{:?}", attempt("/"));
        assert!(
            !shown.contains("nonce\"") && !shown.contains("vvv"),
            "{shown}"
        );
    }
}
