//! Readable pages of the API, made of the OpenAPI document: plain HTML that needs no script and loads nothing from
//! elsewhere.

mod page;
mod schema;

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::openapi;

const STYLE: &str = include_str!("docs/style.css");
/// The page needs its own style sheet and nothing else.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let document = serde_json::to_value(openapi::document()).unwrap_or_default();
    page::render(&document)
});

/// `GET /api/docs`
pub(crate) async fn page() -> Response {
    served("text/html; charset=utf-8", PAGE.as_str())
}

/// `GET /api/docs/style.css`
pub(crate) async fn style() -> Response {
    served("text/css; charset=utf-8", STYLE)
}

fn served(media_type: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(CONTENT_SECURITY_POLICY),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        ),
    ];
    (headers, text).into_response()
}

/// Text as it is written between two tags, or into an attribute.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// Prose: paragraphs, and code between backticks.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for paragraph in text
        .split("\n\n")
        .filter(|paragraph| !paragraph.trim().is_empty())
    {
        html.push_str("<p>");
        for (index, part) in paragraph.split('`').enumerate() {
            let part = escape(part);
            // Every second part stands between backticks.
            let _infallible = if index % 2 == 1 {
                write!(html, "<code>{part}</code>")
            } else {
                write!(html, "{part}")
            };
        }
        html.push_str("</p>");
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_cannot_become_markup() {
        assert_eq!(
            prose("a `<b>` & \"c\"\n\nd"),
            "<p>a <code>&lt;b&gt;</code> &amp; &quot;c&quot;</p><p>d</p>"
        );
    }
}
