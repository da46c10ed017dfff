//! Cookies: out of reach of scripts, and not sent along by other sites with a write.

use axum::http::{HeaderMap, HeaderValue, header};

/// A cookie by its name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cookie(&'static str);

/// Holds the session token.
pub(crate) const SESSION: Cookie = Cookie("dokploy_session");

/// Holds what a browser needs when it comes back from a provider of identities.
pub(crate) const ATTEMPT: Cookie = Cookie("dokploy_oidc");

impl Cookie {
    /// How browsers call it.
    pub(crate) const fn name(self) -> &'static str {
        self.0
    }

    /// The value that a browser sends.
    pub(crate) fn find(self, headers: &HeaderMap) -> Option<&str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == self.0)
            .map(|(_, value)| value)
    }

    /// The header that makes a browser keep a value, for so many seconds.
    pub(crate) fn keep(self, value: &str, seconds: u64, over_tls: bool) -> Option<HeaderValue> {
        let secure = if over_tls { "; Secure" } else { "" };
        let name = self.0;
        let text =
            format!("{name}={value}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}");
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// The header that makes a browser forget it.
    pub(crate) fn forget(self, over_tls: bool) -> Option<HeaderValue> {
        self.keep("", 0, over_tls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=b; dokploy_session=dks_1.2; c=d"),
        );
        assert_eq!(SESSION.find(&headers), Some("dks_1.2"));
        assert_eq!(SESSION.find(&HeaderMap::new()), None);
    }

    #[test]
    fn over_tls_the_cookie_never_leaves_without_it() {
        let value = SESSION.keep("t", 60, true).unwrap();
        let text = value.to_str().unwrap();
        assert_eq!(
            text,
            "dokploy_session=t; HttpOnly; SameSite=Lax; Path=/; Max-Age=60; Secure"
        );
        assert!(
            !SESSION
                .forget(false)
                .unwrap()
                .to_str()
                .unwrap()
                .contains("Secure")
        );
    }
}
