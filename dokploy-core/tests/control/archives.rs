//! Uploads.

use bytes::Bytes;
use dokploy_core::control::{ControlOptions, ControlPlane, UploadedArchive};
use dokploy_core::id::ApplicationId;
use dokploy_core::model::{ApplicationSpec, Role};
use dokploy_core::{Actor, DeployRequest, Error, ErrorKind, Result};
use futures::StreamExt;
use futures::stream;

use crate::scene::{Scene, application_in, code, fresh_name, project_of};

async fn upload(
    control: &ControlPlane,
    actor: &Actor,
    id: ApplicationId,
    content: &'static str,
) -> Result<UploadedArchive> {
    let chunks: Vec<_> = content
        .as_bytes()
        .chunks(3)
        .map(|chunk| Ok(Bytes::from(chunk)))
        .collect();
    control
        .upload_archive(actor, id, stream::iter(chunks).boxed())
        .await
}

struct Uploads {
    scene: Scene,
    control: ControlPlane,
    anna: Actor,
    id: ApplicationId,
}

impl Uploads {
    async fn on(scene: Scene) -> Self {
        let control = scene
            .control_with(ControlOptions {
                archive_bytes_max: 20,
                archives_kept: 2,
                ..ControlOptions::default()
            })
            .await;
        let anna = scene.person(&control, Role::Developer).await;
        let project = project_of(&control, &anna).await.id;
        let named = ApplicationSpec::named(fresh_name());
        let id = control
            .create_application(&anna, project, named)
            .await
            .unwrap()
            .id;
        Self {
            scene,
            control,
            anna,
            id,
        }
    }

    fn files(&self) -> Vec<String> {
        let directory = self
            .scene
            .directory
            .path()
            .join("archives")
            .join(self.id.to_string());
        let Ok(entries) = std::fs::read_dir(directory) else {
            return Vec::new();
        };
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    async fn upload(&self, content: &'static str) -> Result<UploadedArchive> {
        upload(&self.control, &self.anna, self.id, content).await
    }
}

#[tokio::test]
async fn an_upload_becomes_the_source_under_the_name_of_its_digest() {
    for scene in Scene::each().await {
        let uploads = Uploads::on(scene).await;
        let uploaded = uploads.upload("first version").await.unwrap();
        assert_eq!(uploaded.bytes, 13);
        let path = uploaded.application.spec.archive.clone().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first version");
        assert!(path.ends_with(&uploaded.digest));
        assert_eq!(uploads.files(), [uploaded.digest.as_str()]);
        let request = DeployRequest::of(uploads.id);
        let deployment = uploads
            .control
            .deploy(&uploads.anna, request)
            .await
            .unwrap();
        assert_eq!(deployment.spec.archive, Some(path));

        let again = uploads.upload("first version").await.unwrap();
        assert_eq!(again.digest, uploaded.digest);
        assert_eq!(uploads.files().len(), 1);
    }
}

#[tokio::test]
async fn what_is_too_large_empty_or_broken_off_leaves_nothing() {
    let uploads = Uploads::on(Scene::in_memory()).await;
    assert_eq!(
        code(uploads.upload("this is longer than allowed").await),
        "invalid_spec"
    );
    assert_eq!(code(uploads.upload("").await), "invalid_spec");
    let gone = Error::new(ErrorKind::Unavailable, "the client went away");
    let broken = stream::iter([Ok(Bytes::from_static(b"half")), Err(gone)]).boxed();
    let broken = uploads
        .control
        .upload_archive(&uploads.anna, uploads.id, broken)
        .await;
    assert_eq!(code(broken), "unavailable");
    assert!(uploads.files().is_empty(), "{:?}", uploads.files());
}

#[tokio::test]
async fn the_newest_few_are_kept_and_those_that_a_deployment_waits_for() {
    let uploads = Uploads::on(Scene::in_memory()).await;
    let first = uploads.upload("one").await.unwrap();
    let request = DeployRequest::of(uploads.id);
    let waiting = uploads
        .control
        .deploy(&uploads.anna, request)
        .await
        .unwrap();
    let mut digests = Vec::new();
    for content in ["two", "three", "four", "five"] {
        digests.push(uploads.upload(content).await.unwrap().digest);
    }
    let files = uploads.files();
    assert!(files.contains(&first.digest), "a deployment waits for it");
    assert!(files.contains(&digests[3]), "it is the source");
    assert_eq!(files.len(), 3, "{files:?}");
    uploads
        .control
        .cancel(&uploads.anna, waiting.id)
        .await
        .unwrap();
    uploads.upload("six").await.unwrap();
    assert!(!uploads.files().contains(&first.digest));
}

#[tokio::test]
async fn deleting_the_application_deletes_its_uploads() {
    let uploads = Uploads::on(Scene::in_memory()).await;
    uploads.upload("one").await.unwrap();
    uploads
        .control
        .delete_application(&uploads.anna, uploads.id)
        .await
        .unwrap();
    assert!(uploads.files().is_empty());
}

#[tokio::test]
async fn nobody_uploads_to_what_he_does_not_reach_and_nothing_of_it_is_written() {
    let uploads = Uploads::on(Scene::in_memory()).await;
    let stranger = uploads
        .scene
        .person(&uploads.control, Role::Developer)
        .await;
    let refused = upload(&uploads.control, &stranger, uploads.id, "one").await;
    assert_eq!(code(refused), "not_found");
    assert!(uploads.files().is_empty());
}

#[tokio::test]
async fn an_upload_takes_the_place_of_another_source() {
    let scene = Scene::in_memory();
    let control = scene.control().await;
    let anna = scene.person(&control, Role::Developer).await;
    let made = application_in(&control, project_of(&control, &anna).await.id).await;
    let uploaded = upload(&control, &anna, made.id, "one").await.unwrap();
    assert_eq!(uploaded.application.spec.image, None);
}
