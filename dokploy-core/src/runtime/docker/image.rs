//! Images on the engine: found, fetched, listed and removed.

use std::collections::{BTreeMap, HashMap};

use bollard::Docker;
use bollard::models::ImageInspect;
use bollard::query_parameters::{ListContainersOptions, ListImagesOptions, RemoveImageOptions};
use hyper::Request;
use tokio_util::sync::CancellationToken;

use super::connect::Engine;
use super::messages::Messages;
use super::{error, registry};
use crate::error::{Error, ErrorKind, Result};
use crate::runtime::reference::{self, Reference};
use crate::runtime::{Image, OwnedKind, OwnedObject, RegistryCredential, label};

type BollardError = bollard::errors::Error;

/// The image with this name or id.
pub(super) async fn find(docker: &Docker, reference: &str) -> Result<Option<Image>> {
    let name = if reference::is_image_id(reference) {
        reference.to_owned()
    } else {
        Reference::parse(reference)?.to_string()
    };
    match docker.inspect_image(&name).await {
        Ok(found) => Ok(Some(image_of(found))),
        Err(error) if error::is_not_found(&error) => Ok(None),
        Err(error) => Err(error::during("find_image")(error)),
    }
}

/// The image with this name or id, of which it is known that it has to be there.
pub(super) async fn get(docker: &Docker, reference: &str) -> Result<Image> {
    find(docker, reference)
        .await?
        .ok_or_else(|| Error::not_found("the image", reference))
}

fn image_of(found: ImageInspect) -> Image {
    let config = found.config.unwrap_or_default();
    let probe = config.healthcheck.and_then(|check| check.test);
    Image {
        id: found.id.unwrap_or_default(),
        tags: found.repo_tags.unwrap_or_default(),
        labels: config.labels.unwrap_or_default().into_iter().collect(),
        has_health_check: probe
            .is_some_and(|test| test.first().is_some_and(|first| first != "NONE")),
        size: found
            .size
            .and_then(|size| size.try_into().ok())
            .unwrap_or(0),
    }
}

/// Fetches an image.
pub(super) async fn pull(
    docker: &Docker,
    engine: &Engine,
    reference: &str,
    credential: Option<&RegistryCredential>,
    cancel: &CancellationToken,
) -> Result<Image> {
    let reference = Reference::parse(reference)?;
    let pulled = async {
        stream_pull(engine, &reference, credential)
            .await
            .map_err(|error| registry::refused(&reference, error::during("pull_image")(error)))
    };
    cancel
        .run_until_cancelled(pulled)
        .await
        .ok_or_else(|| cancelled("pull_image"))??;
    get(docker, &reference.to_string()).await
}

async fn stream_pull(
    engine: &Engine,
    reference: &Reference,
    credential: Option<&RegistryCredential>,
) -> Result<(), BollardError> {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("fromImage", &reference.repository())
        .append_pair("tag", reference.digest().unwrap_or(reference.tag()))
        .finish();
    let credentials = registry::credentials_for(reference, credential);
    let request = Request::post(format!("/images/create?{query}"))
        .header(
            "X-Registry-Auth",
            registry::auth_header(credentials.as_ref()),
        )
        .body(bollard::body_full(bytes::Bytes::new()))?;
    let mut messages = Messages::new(engine.answer_in_time(request).await?.into_body());
    while let Some(message) = messages.next().await? {
        if let Some((_, error)) = message.failure() {
            return Err(BollardError::DockerStreamError {
                error: error.to_owned(),
            });
        }
    }
    Ok(())
}

/// What a call returns that was cancelled.
pub(super) fn cancelled(operation: &'static str) -> Error {
    Error::new(ErrorKind::Cancelled, "the work was cancelled").with_operation(operation)
}

/// The images that carry our label and all the given ones, also those that have lost their name.
pub(super) async fn list_owned(
    docker: &Docker,
    labels: &BTreeMap<String, String>,
) -> Result<Vec<OwnedObject>> {
    let wanted = labels
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .chain([format!("{}={}", label::MANAGED_BY, label::OURS)])
        .collect();
    let options = ListImagesOptions {
        filters: Some(HashMap::from([("label".to_owned(), wanted)])),
        ..ListImagesOptions::default()
    };
    let found = docker
        .list_images(Some(options))
        .await
        .map_err(error::during("list_owned"))?;
    let mut objects: Vec<_> = found
        .into_iter()
        .map(|image| OwnedObject {
            kind: OwnedKind::Image,
            name: names(&image.repo_tags)
                .next()
                .unwrap_or(&image.id)
                .to_owned(),
            id: image.id,
            labels: image.labels.into_iter().collect(),
        })
        .collect();
    objects.sort();
    Ok(objects)
}

/// The engine lists an image without a name as `<none>:<none>`.
fn names(tags: &[String]) -> impl Iterator<Item = &str> {
    tags.iter()
        .map(String::as_str)
        .filter(|tag| !tag.starts_with("<none>"))
}

/// Removes an image with all its names, unless a container uses it or somebody gave it a name of another kind.
pub(super) async fn remove_owned(docker: &Docker, object: &OwnedObject) -> Result<bool> {
    let Some(image) = find(docker, &object.id).await? else {
        return Ok(true);
    };
    if !label::is_ours(&image.labels) {
        return Err(Error::new(
            ErrorKind::PermissionDenied,
            format!("the image {} is not ours", object.name),
        )
        .with_operation("remove_owned"));
    }
    let names: Vec<_> = names(&image.tags).collect();
    if !are_one_application(&names) || is_used(docker, &image.id).await? {
        return Ok(false);
    }
    if names.is_empty() {
        return remove(docker, &image.id).await;
    }
    for name in names {
        if !remove(docker, name).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether all names say the same but for the registry and the tag. Another one was given by a person who wants to
/// keep the image.
fn are_one_application(names: &[&str]) -> bool {
    let mut parts = names.iter().map(|name| {
        Reference::parse(name)
            .ok()
            .map(|reference| reference.last_component().to_owned())
    });
    match parts.next() {
        None => true,
        Some(None) => false,
        Some(first) => parts.all(|part| part == first),
    }
}

/// Whether there is a container of the image, running or not. The engine itself looks only when the last name goes.
async fn is_used(docker: &Docker, id: &str) -> Result<bool> {
    let options = ListContainersOptions {
        all: true,
        filters: Some(HashMap::from([(
            "ancestor".to_owned(),
            vec![id.to_owned()],
        )])),
        ..ListContainersOptions::default()
    };
    let containers = docker
        .list_containers(Some(options))
        .await
        .map_err(error::during("remove_owned"))?;
    Ok(!containers.is_empty())
}

/// Never by force, so that the engine keeps what is still needed.
async fn remove(docker: &Docker, name: &str) -> Result<bool> {
    let removed = docker
        .remove_image(name, None::<RemoveImageOptions>, None)
        .await;
    match removed {
        Ok(_) => Ok(true),
        Err(error) if error::is_not_found(&error) => Ok(true),
        Err(BollardError::DockerResponseServerError {
            status_code: 409, ..
        }) => Ok(false),
        Err(error) => Err(error::during("remove_owned")(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_one_application_differ_only_in_registry_and_tag() {
        for (names, expected) in [
            (&[][..], true),
            (&["app:1"][..], true),
            (&["app:1", "registry.example.com/team/app:1"][..], true),
            (&["app:1", "app:2"][..], true),
            (&["app:1", "backup:keep"][..], false),
            (&["not a name"][..], false),
        ] {
            assert_eq!(are_one_application(names), expected, "{names:?}");
        }
    }

    #[test]
    fn a_health_check_that_is_switched_off_is_none() {
        for (test, expected) in [
            ("null", false),
            (r#"{"Test":[]}"#, false),
            (r#"{"Test":["NONE"]}"#, false),
            (r#"{"Test":["CMD","true"]}"#, true),
        ] {
            let json = format!(r#"{{"Id":"sha256:1","Size":5,"Config":{{"Healthcheck":{test}}}}}"#);
            let image = image_of(serde_json::from_str(&json).unwrap());
            assert_eq!(image.has_health_check, expected, "{test}");
            assert_eq!(image.size, 5);
        }
    }
}
