//! Builds: `BuildKit` through the engine's API, and the classic builder where that is asked for or all there is.

mod buildkit;
mod classic;
mod context;
mod failure;
mod progress;
mod request;
mod session;

use bollard::Docker;
use bytes::Bytes;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

use self::context::Context;
use self::request::Request;
use self::session::Session;
use super::connect::Engine;
use super::{error, image};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::reference::Reference;
use crate::runtime::{BuildRequest, Image, LogSink, LogStream};
use crate::secret::Redactor;

type BollardError = bollard::errors::Error;

/// Builds an image from a tar stream.
pub(super) async fn image(
    docker: &Docker,
    engine: &Engine,
    request: &BuildRequest,
    context: BoxStream<'static, Result<Bytes>>,
    log: &dyn LogSink,
    cancel: &CancellationToken,
) -> Result<Image> {
    let context = Context::new(context);
    let request = Request {
        engine,
        build: request,
        name: Reference::parse(&request.image)?,
    };
    let masked = Masked {
        log,
        redactor: Redactor::new(request.build.secrets.values()),
    };
    let built = build(docker, &request, &context, &masked, cancel).await;
    let id = match (built, context.take_error()) {
        // The engine only saw that the context ended early; the context knows why.
        (Err(error), Some(cause)) if error.kind() != ErrorKind::Cancelled => Err(cause),
        (built, _) => built,
    }
    .map_err(|error| error.with_operation("build_image"))?;
    image::get(docker, &id.unwrap_or_else(|| request.name.to_string())).await
}

/// Chooses the builder. Returns the id of the image where the builder tells it.
async fn build(
    docker: &Docker,
    request: &Request<'_>,
    context: &Context,
    log: &dyn LogSink,
    cancel: &CancellationToken,
) -> Result<Option<String>> {
    if request.build.memory_limit.is_some() || request.build.nano_cpus.is_some() {
        refuse_secrets(
            request,
            "a limit of memory or processor needs the classic builder",
        )?;
        return classic::run(docker, request, context, log, cancel).await;
    }
    let opened = cancel
        .run_until_cancelled(Session::open(request.engine, request.build))
        .await
        .ok_or_else(|| image::cancelled("build_image"))?;
    match opened {
        Ok(session) => buildkit::run(request, session, context, log, cancel).await,
        Err(BollardError::DockerResponseServerError { status_code, .. })
            if has_no_sessions(status_code) =>
        {
            refuse_secrets(request, "this engine has only the classic builder")?;
            let line = "the engine offers no BuildKit, the classic builder is used";
            log.line(LogStream::System, line.as_bytes());
            classic::run(docker, request, context, log, cancel).await
        }
        Err(error) => Err(error::during("build_image")(error)),
    }
}

/// How an engine, or a proxy in front of it, says that it opens no sessions.
fn has_no_sessions(status: u16) -> bool {
    matches!(status, 400 | 403 | 404 | 405 | 501)
}

fn refuse_secrets(request: &Request<'_>, why: &str) -> Result<()> {
    if request.build.secrets.is_empty() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unsupported,
        format!("{why}, and the classic builder has no build secrets"),
    )
    .with_hint("remove the build secrets, or the limits, or use an engine with BuildKit"))
}

/// Masks the build's own secrets, which only this build knows, in its output.
struct Masked<'a> {
    log: &'a dyn LogSink,
    redactor: Redactor,
}

impl LogSink for Masked<'_> {
    fn line(&self, stream: LogStream, text: &[u8]) {
        let masked = self.redactor.redact_bytes(text);
        self.log.line(stream, &masked);
    }
}
