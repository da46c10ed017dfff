//! JSON bodies, in which nothing is left unread.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use dokploy_core::Error;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use crate::server::problem::{Problem, Refusal};

/// A JSON body.
///
/// # Errors
///
/// 415 for another media type, 413 for one that is too large, 400 for what is no JSON, 422 with the field for a
/// value that does not fit or a field that is not known.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::refusal(
                Refusal::UnsupportedMediaType,
                "the body has to be application/json",
            ));
        }
        parse(&bytes(request, state).await?).map(Self)
    }
}

/// A JSON body that may be left out.
///
/// # Errors
///
/// As [`Body`].
#[derive(Clone, Debug)]
pub struct OptionalBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Default> FromRequest<S> for OptionalBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let json = is_json(request.headers());
        let typed = request.headers().contains_key(header::CONTENT_TYPE);
        let bytes = bytes(request, state).await?;
        if bytes.is_empty() {
            return Ok(Self(T::default()));
        }
        if typed && !json {
            return Err(Problem::refusal(
                Refusal::UnsupportedMediaType,
                "the body has to be application/json",
            ));
        }
        // Programs write what they leave out as `null`, too.
        if bytes.trim_ascii() == b"null" {
            return Ok(Self(T::default()));
        }
        parse(&bytes).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let named = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    named.is_some_and(|value| value.trim().eq_ignore_ascii_case("application/json"))
}

async fn bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            Problem::of_status(rejection.status())
                .unwrap_or_else(|| Problem::refusal(Refusal::Malformed, "the body cannot be read"))
        })
}

/// Reads JSON, and says at which field a mistake is.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A list would be taken for the fields in their order, which nobody means.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| wrong("", &error))?;
        return Err(Error::invalid_field("body", "an object is expected").into());
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        if error.inner().is_syntax() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
            // What holds two things of which one is expected is JSON, although the reader says that it is none.
            return Error::invalid_field(field(&path, ""), "one thing is expected").into();
        }
        wrong(&path, error.inner())
    })?;
    reader.end().map_err(|error| wrong("", &error))?;
    Ok(value)
}

/// Turns a value that was read before into a type.
pub(crate) fn convert<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        wrong(&path, error.inner())
    })
}

fn wrong(path: &str, error: &serde_json::Error) -> Problem {
    if error.classify() != Category::Data {
        return Problem::refusal(Refusal::Malformed, format!("the body is no JSON: {error}"));
    }
    let message = without_position(&error.to_string());
    let field = field(path, &message);
    let message = without_value(message);
    Error::invalid_field(field, message).into()
}

/// The position within the bytes says nothing that the name of the field does not say better.
fn without_position(message: &str) -> String {
    let end = message.rfind(" at line ").unwrap_or(message.len());
    message[..end].to_owned()
}

/// What is expected, without what was sent: that may be a secret.
pub(crate) fn without_value(message: String) -> String {
    let names_a_field = ["unknown field", "missing field", "duplicate field"]
        .iter()
        .any(|start| message.starts_with(start));
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if !names_a_field => format!("{expected} is expected"),
        _ => message,
    }
}

/// The field in the wire's names. Where a field is missing, the path ends at what should hold it.
fn field(path: &str, message: &str) -> String {
    let named = message
        .strip_prefix("missing field `")
        .and_then(|rest| rest.split('`').next());
    match (path, named) {
        ("." | "", None) => "body".to_owned(),
        ("." | "", Some(name)) => name.to_owned(),
        (path, Some(name)) => format!("{path}.{name}"),
        (path, None) => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Outer {
        #[serde(rename = "inner")]
        _inner: Vec<Inner>,
        #[serde(rename = "choice")]
        _choice: Option<Choice>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Choice {
        One {},
        Other {},
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "port")]
        _port: u16,
    }

    #[test]
    fn each_mistake_names_its_field() {
        let cases = [
            (r#"{"inner": [], "extra": 1}"#, 422, "extra"),
            (
                r#"{"inner": [{"port": 1}, {"port": 70000}]}"#,
                422,
                "inner[1].port",
            ),
            (
                r#"{"inner": [{"port": 1, "deep": 2}]}"#,
                422,
                "inner[0].deep",
            ),
            (r#"{"inner": [{}]}"#, 422, "inner[0].port"),
            (
                r#"{"inner": [], "choice": {"one": {}, "other": {}}}"#,
                422,
                "choice",
            ),
            ("{}", 422, "inner"),
            ("[]", 422, "body"),
            ("7", 422, "body"),
            ("", 400, ""),
            ("{", 400, ""),
            (r#"{"inner": []} trailing"#, 400, ""),
        ];
        for (text, status, field) in cases {
            let problem = parse::<Outer>(text.as_bytes()).unwrap_err();
            assert_eq!(problem.status().as_u16(), status, "{text}");
            let shown = format!("{problem:?}");
            assert!(
                field.is_empty() || shown.contains(&format!("field: {field:?}")),
                "{text}: {shown}"
            );
            // Where no field can be named, the position is all there is.
            assert!(
                status == 400 || !shown.contains(" at line "),
                "{text}: {shown}"
            );
            assert!(
                !shown.contains("70000"),
                "what was sent may be a secret: {shown}"
            );
            assert!(problem.into_response().status().is_client_error());
        }
    }
}
