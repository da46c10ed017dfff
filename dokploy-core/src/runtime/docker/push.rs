//! Pushes an image to its registry.

use bollard::query_parameters::TagImageOptions;
use bollard::{Docker, body_full};
use bytes::Bytes;
use hyper::Request;
use tokio_util::sync::CancellationToken;

use super::connect::Engine;
use super::image::cancelled;
use super::messages::Messages;
use super::{error, registry};
use crate::error::{Error, Result};
use crate::runtime::reference::Reference;
use crate::runtime::{LogSink, LogStream, RegistryCredential};

type BollardError = bollard::errors::Error;

/// Names the image and pushes it under that name; returns the name with the digest that the registry told.
pub(super) async fn push(
    docker: &Docker,
    engine: &Engine,
    image_id: &str,
    name: &str,
    credential: Option<&RegistryCredential>,
    log: &dyn LogSink,
    cancel: &CancellationToken,
) -> Result<String> {
    let reference = Reference::parse(name)?;
    if reference.digest().is_some() || !reference.has_tag() {
        return Err(Error::invalid_field(
            "image",
            format!("{name} is pushed under a tag, not under a digest and not without one"),
        ));
    }
    let options = TagImageOptions {
        repo: Some(reference.repository()),
        tag: Some(reference.tag().to_owned()),
    };
    docker
        .tag_image(image_id, Some(options))
        .await
        .map_err(error::during("push_image"))?;
    let pushed = cancel
        .run_until_cancelled(stream_push(engine, &reference, credential, log))
        .await
        .ok_or_else(|| cancelled("push_image"))?
        .map_err(|error| registry::refused(&reference, error::during("push_image")(error)))?;
    match pushed {
        Some(digest) => reference.pinned(&digest),
        None => registry::resolve_digest(docker, name, credential).await,
    }
}

async fn stream_push(
    engine: &Engine,
    reference: &Reference,
    credential: Option<&RegistryCredential>,
    log: &dyn LogSink,
) -> Result<Option<String>, BollardError> {
    let credentials = registry::credentials_for(reference, credential);
    let path = format!(
        "/images/{}/push?tag={}",
        reference.repository(),
        reference.tag()
    );
    let request = Request::post(path)
        .header(
            "X-Registry-Auth",
            registry::auth_header(credentials.as_ref()),
        )
        .body(body_full(Bytes::new()))?;
    let mut messages = Messages::new(engine.answer_in_time(request).await?.into_body());
    let mut digest = None;
    while let Some(message) = messages.next().await? {
        if let Some((_, error)) = message.failure() {
            return Err(BollardError::DockerStreamError {
                error: error.to_owned(),
            });
        }
        if let Some(line) = message.status_line() {
            log.line(LogStream::System, line.as_bytes());
        }
        if let Some(told) = message.aux.as_ref().and_then(|aux| aux["Digest"].as_str()) {
            digest = Some(told.to_owned());
        }
    }
    Ok(digest)
}
