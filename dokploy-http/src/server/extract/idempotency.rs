//! The name that a client gives to a request, so that sending it twice does it once.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use dokploy_core::access::Actor;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use crate::server::problem::{Problem, Refusal};

/// The header.
pub(crate) const HEADER: &str = "idempotency-key";
/// Characters of a key.
const LENGTH_MAX: usize = 255;

/// The name that a client gave to a request, if it did.
///
/// # Errors
///
/// 400 for an empty or overlong key, or one that is not of visible ASCII characters.
#[derive(Clone, Debug)]
pub struct IdempotencyKey(pub Option<Key>);

/// A name that a client gave to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key of a header.
    pub(crate) fn read(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(HEADER) else {
            return Ok(None);
        };
        let text = value.to_str().unwrap_or_default();
        let fits = (1..=LENGTH_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits {
            return Ok(Some(Self(text.to_owned())));
        }
        Err(Problem::refusal(
            Refusal::Malformed,
            format!("Idempotency-Key has to be of 1 to {LENGTH_MAX} visible ASCII characters"),
        ))
    }

    /// The key as a client wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The key among those of all callers: two who choose the same one mean different requests.
    pub fn of(&self, actor: &Actor) -> String {
        format!("{}:{}", actor.key(), self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Key::read(&parts.headers).map(Self)
    }
}

impl IntoParams for IdempotencyKey {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(LENGTH_MAX))
            .pattern(Some("^[!-~]+$"));
        vec![
            ParameterBuilder::new()
                .name("Idempotency-Key")
                .parameter_in(ParameterIn::Header)
                .required(Required::False)
                .description(Some(
                    "The same key and body give the same answer for 24 hours.",
                ))
                .schema(Some(schema))
                .build(),
        ]
    }
}
