//! A build by `BuildKit`.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bollard::body_full;
use bollard_buildkit_proto::moby::buildkit::v1::StatusResponse;
use bytes::Bytes;
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use super::super::messages::{Message, Messages};
use super::super::{error, image};
use super::context::Context;
use super::failure;
use super::progress::Progress;
use super::request::{Builder, Request};
use super::session::Session;
use crate::error::Result;
use crate::runtime::LogSink;

/// How long the engine may take to end a build that is cancelled, before its connections are closed, which ends it
/// as well but not before our eyes.
const END_MAX: Duration = Duration::from_secs(1);

/// Builds; returns the id of the image where the engine tells it.
pub(super) async fn run(
    request: &Request<'_>,
    session: Session,
    context: &Context,
    log: &dyn LogSink,
    cancel: &CancellationToken,
) -> Result<Option<String>> {
    let id = session.id().to_owned();
    let served = session.serve();
    let built = async {
        let messages = request.send(Builder::BuildKit(&id), context).await?;
        follow(request, messages, log).await
    };
    // The session ends only after the build, or the build tells what it means that it ended.
    let built = async {
        tokio::pin!(built, served);
        tokio::select! {
            result = &mut built => result,
            () = &mut served => built.await,
        }
    };
    tokio::pin!(built);
    tokio::select! {
        result = &mut built => return result,
        () = cancel.cancelled() => {}
    }
    let ended = futures::future::join(ask_to_cancel(request, &id), built);
    if tokio::time::timeout(END_MAX, ended).await.is_err() {
        tracing::debug!(
            "the engine takes long to end a cancelled build; its connections are closed"
        );
    }
    Err(image::cancelled("build_image"))
}

async fn ask_to_cancel(request: &Request<'_>, id: &str) {
    let asked = async {
        let ask =
            hyper::Request::post(format!("/build/cancel?id={id}")).body(body_full(Bytes::new()))?;
        request.engine.answer_in_time(ask).await
    };
    if let Err(error) = asked.await {
        tracing::debug!(%error, "the engine was asked to cancel a build and refused");
    }
}

async fn follow(
    request: &Request<'_>,
    mut messages: Messages,
    log: &dyn LogSink,
) -> Result<Option<String>> {
    let mut progress = Progress::new(log);
    let mut image = None;
    while let Some(message) = messages
        .next()
        .await
        .map_err(error::during("build_image"))?
    {
        if let Some((code, text)) = message.failure() {
            progress.finish();
            return Err(failure::of_step(
                progress.failed_step(),
                text,
                code,
                request.build,
            ));
        }
        match message.id.as_deref() {
            Some("moby.buildkit.trace") => {
                if let Some(status) = status_in(&message) {
                    progress.update(&status);
                }
            }
            Some("moby.image.id") => image = image_id(&message),
            _ => {
                if let Some(line) = message.status_line() {
                    progress.say(&line);
                }
            }
        }
    }
    progress.finish();
    Ok(image)
}

fn status_in(message: &Message) -> Option<StatusResponse> {
    let encoded = message.aux.as_ref()?.as_str()?;
    let bytes = BASE64_STANDARD.decode(encoded).ok()?;
    StatusResponse::decode(bytes.as_slice()).ok()
}

/// The id of the image that was built, in a message of either builder.
pub(super) fn image_id(message: &Message) -> Option<String> {
    let id = message.aux.as_ref()?.get("ID")?.as_str()?;
    Some(id.to_owned())
}
