//! The session cookie: out of reach of scripts, and not sent along by other sites with a write.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

/// Name of the cookie.
pub const NAME: &str = "dokploy_session";

/// The session token that a browser sends.
pub(crate) fn session(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == NAME)
        .map(|(_, value)| value)
}

/// The header that makes a browser keep the token.
pub(crate) fn keep(token: &str, lasts: Duration, over_tls: bool) -> Option<HeaderValue> {
    header_value(token, lasts.as_secs(), over_tls)
}

/// The header that makes a browser forget it.
pub(crate) fn forget(over_tls: bool) -> Option<HeaderValue> {
    header_value("", 0, over_tls)
}

fn header_value(token: &str, max_age: u64, over_tls: bool) -> Option<HeaderValue> {
    let secure = if over_tls { "; Secure" } else { "" };
    let text = format!("{NAME}={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age={max_age}{secure}");
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
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
        assert_eq!(session(&headers), Some("dks_1.2"));
        assert_eq!(session(&HeaderMap::new()), None);
    }

    #[test]
    fn over_tls_the_cookie_never_leaves_without_it() {
        let value = keep("t", Duration::from_secs(60), true).unwrap();
        let text = value.to_str().unwrap();
        assert_eq!(
            text,
            "dokploy_session=t; HttpOnly; SameSite=Lax; Path=/; Max-Age=60; Secure"
        );
        assert!(!forget(false).unwrap().to_str().unwrap().contains("Secure"));
    }
}
