//! The OpenAPI document: what the handlers and shapes say about themselves, and what holds for all of them.

use std::sync::LazyLock;

use bytes::Bytes;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem,
    Ref, RefOr, Response, ResponseBuilder, Schema, SecurityRequirement,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::problem::{self, MEDIA_TYPE, ProblemShape};
use crate::routes;

const DESCRIPTION: &str = "\
Turns a git commit into a healthy service on Docker Swarm. JSON in camelCase, ids are UUIDv7 texts, times RFC 3339 in \
UTC, durations in seconds.

Sign in with `POST /api/auth/login` and send the token as `Authorization: Bearer …`, or let the browser keep the \
cookie; a write with the cookie also needs the `X-CSRF-Token` header. An API token of `POST /api/auth/tokens` is sent \
the same way.

Lists are `{items, nextCursor}`, newest first, with `?limit=` (1 to 200, default 50) and `&cursor=`. A resource's \
`version` is also its `ETag`; a write with `If-Match` is refused with 409 when somebody else was faster. A POST that \
creates or deploys takes an `Idempotency-Key`: the same key and body give the same answer for 24 hours.

Errors are `application/problem+json`, RFC 9457. What you may not see does not exist for you: it answers 404.";

/// The document of this server.
pub fn document() -> OpenApi {
    let (_, document) = routes::router().split_for_parts();
    document
}

/// The document as it is written to a file: indented, with a final line break.
pub fn text() -> String {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// The document as it is served. It never changes while the server runs.
pub(crate) static SERVED: LazyLock<Bytes> =
    LazyLock::new(|| Bytes::from(document().to_json().unwrap_or_default()));

/// What the document says before the first route.
pub(crate) fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("dokploy")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(
            LicenseBuilder::new()
                .name("Apache-2.0")
                .identifier(Some("Apache-2.0"))
                .build(),
        ));
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("a session token or an API token"))
        .build();
    let cookie = ApiKeyValue::with_description(
        super::cookie::SESSION.name(),
        "set by the login; a write also needs X-CSRF-Token",
    );
    let mut components = Components::new();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.add_security_scheme("cookie", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    let mut schemas = vec![(ProblemShape::name().into_owned(), problem_schema())];
    ProblemShape::schemas(&mut schemas);
    components.schemas.extend(schemas);
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([
            SecurityRequirement::new::<_, [&str; 0], &str>("bearer", []),
            SecurityRequirement::new::<_, [&str; 0], &str>("cookie", []),
        ]))
        .build()
}

/// Adds what holds for every route: each may answer with a problem.
pub(crate) fn complete(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        for operation in operations(item) {
            for class in ["4XX", "5XX"] {
                operation
                    .responses
                    .responses
                    .entry(class.to_owned())
                    .or_insert_with(|| RefOr::T(problem()));
            }
        }
    }
}

/// The schema of a problem, with every code that there is.
fn problem_schema() -> RefOr<Schema> {
    let mut schema = ProblemShape::schema();
    if let RefOr::T(Schema::Object(object)) = &mut schema
        && let Some(RefOr::T(Schema::Object(code))) = object.properties.get_mut("code")
    {
        let codes = problem::table().into_iter().map(|(code, ..)| code.into());
        code.enum_values = Some(codes.collect());
    }
    schema
}

fn problem() -> Response {
    let reference = Ref::from_schema_name(ProblemShape::name());
    ResponseBuilder::new()
        .description("a problem")
        .content(
            MEDIA_TYPE,
            ContentBuilder::new().schema(Some(reference)).build(),
        )
        .build()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}
