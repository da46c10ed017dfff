//! Releases of an application, and the upload of what the next one is made of.

use axum::Json;
use axum::body::{Body, BodyDataStream};
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::header;
use dokploy_core::id::ApplicationId;
use dokploy_core::{Error, ErrorKind, Result as CoreResult};
use futures::stream::{self, BoxStream};
use futures::{SinkExt as _, StreamExt as _, TryStreamExt as _};
use serde::Serialize;
use utoipa::ToSchema;

use super::ListQuery;
use crate::server::AppState;
use crate::server::extract::{Caller, Params, PathId};
use crate::server::middleware::deadline::DEADLINE;
use crate::server::problem::{Problem, Refusal};
use crate::shape::{ListShape, ReleaseShape};

/// Chunks of an upload that wait to be written.
const CHUNKS_WAITING: usize = 4;

/// An archive that was uploaded.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Uploaded {
    /// SHA-256 of its bytes, in hexadecimal.
    digest: String,
    /// How many bytes it has.
    bytes: u64,
    /// The version of the application, whose source it is now.
    version: i64,
}

/// An archive in the body of a request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is only described")]
pub(crate) struct Archive {
    /// A tar, a gzipped tar or a zip.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Lists the releases of an application, those that can no longer be gone back to included.
#[utoipa::path(
    get, path = "/api/applications/{id}/releases", tag = "applications",
    params(("id" = ApplicationId, Path, description = "the application"), ListQuery),
    responses((status = 200, description = "releases, newest first", body = ListShape<ReleaseShape>))
)]
pub(crate) async fn list_releases(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    Params(query): Params<ListQuery>,
) -> Result<Json<ListShape<ReleaseShape>>, Problem> {
    let page = state.control().releases(&actor, id, query.page()?).await?;
    Ok(Json(ListShape::of(page, ReleaseShape::of)))
}

/// Uploads an archive as the source of an application: a form with one file, or the bytes themselves. It takes effect
/// with the next deployment.
#[utoipa::path(
    post, path = "/api/applications/{id}/archive", tag = "applications",
    request_body(content((Archive = "multipart/form-data"), (Vec<u8> = "application/octet-stream"))),
    params(("id" = ApplicationId, Path, description = "the application")),
    responses((status = 200, description = "it is the source now", body = Uploaded))
)]
pub(crate) async fn upload_archive(
    State(state): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<ApplicationId>,
    request: Request,
) -> Result<Json<Uploaded>, Problem> {
    let request = request.map(moving);
    let uploaded = if is_form(&request) {
        let form = Multipart::from_request(request, &state)
            .await
            .map_err(|rejection| Problem::refusal(Refusal::Malformed, rejection.body_text()))?;
        let (sender, receiver) = futures::channel::mpsc::channel(CHUNKS_WAITING);
        let stored = state.control().upload_archive(&actor, id, receiver.boxed());
        let (uploaded, ()) = futures::join!(stored, forward(form, sender));
        uploaded?
    } else {
        let bytes = content(request.into_body().into_data_stream());
        state.control().upload_archive(&actor, id, bytes).await?
    };
    Ok(Json(Uploaded {
        digest: uploaded.digest,
        bytes: uploaded.bytes,
        version: uploaded.application.version,
    }))
}

/// An upload may take as long as it takes, but it may not stand still.
fn moving(body: Body) -> Body {
    let chunks = tokio_stream::StreamExt::timeout(body.into_data_stream(), DEADLINE);
    Body::from_stream(chunks.map(|chunk| match chunk {
        Ok(chunk) => chunk,
        Err(stalled) => Err(axum::Error::new(stalled)),
    }))
}

fn is_form(request: &Request) -> bool {
    let media_type = request.headers().get(header::CONTENT_TYPE);
    media_type.is_some_and(|value| value.as_bytes().starts_with(b"multipart/form-data"))
}

fn content(body: BodyDataStream) -> BoxStream<'static, CoreResult<bytes::Bytes>> {
    body.map_err(broken).boxed()
}

/// Passes the first file of a form on. Who reads it may stop early, and is told when the form does.
async fn forward(
    mut form: Multipart,
    mut sender: futures::channel::mpsc::Sender<CoreResult<bytes::Bytes>>,
) {
    let field = match form.next_field().await {
        Ok(Some(field)) => field,
        Ok(None) => return,
        Err(error) => {
            let _gone = sender.send(Err(broken(error))).await;
            return;
        }
    };
    let mut chunks = field.map_err(broken).chain(stream::empty());
    while let Some(chunk) = chunks.next().await {
        let is_broken = chunk.is_err();
        if sender.send(chunk).await.is_err() || is_broken {
            return;
        }
    }
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::InvalidSpec, "the upload broke off").with_source(error)
}
