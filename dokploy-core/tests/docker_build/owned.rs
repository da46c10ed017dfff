//! Images that are ours, and those that only look like it.

use std::collections::BTreeMap;

use dokploy_core::runtime::{DockerOptions, DockerRuntime, OwnedKind, OwnedObject};
use dokploy_core::{ContainerRuntime, ErrorKind};

use crate::engine::Engine;

async fn build(engine: &Engine, tag: &str) -> OwnedObject {
    let mut request = engine.request();
    request.image = format!("{}:{tag}", engine.name);
    let built = engine
        .build(
            &request,
            &engine.dockerfile(&format!("RUN echo {tag} >/tag")),
        )
        .await;
    OwnedObject {
        kind: OwnedKind::Image,
        id: built.image().id.clone(),
        name: request.image,
        labels: request.labels,
    }
}

async fn listed(engine: &Engine) -> Vec<String> {
    let listed = engine
        .runtime
        .list_owned(OwnedKind::Image, &engine.labels())
        .await
        .unwrap();
    listed.into_iter().map(|object| object.name).collect()
}

#[tokio::test]
async fn our_images_are_listed_by_their_labels_and_removed_with_all_their_names() {
    let Some(engine) = Engine::find() else { return };
    let one = build(&engine, "one").await;
    let two = build(&engine, "two").await;
    assert_eq!(listed(&engine).await.len(), 2);
    engine.tag(&one.id, &format!("localhost:1/team/{}", engine.name), "one");
    assert!(engine.runtime.remove_owned(&one).await.unwrap());
    assert_eq!(listed(&engine).await, [two.name.as_str()]);
    assert!(
        engine.runtime.remove_owned(&one).await.unwrap(),
        "what is absent is gone"
    );
    assert!(engine.runtime.remove_owned(&two).await.unwrap());
    assert_eq!(listed(&engine).await, [""; 0]);
}

#[tokio::test]
async fn an_image_that_somebody_named_himself_is_kept() {
    let Some(engine) = Engine::find() else { return };
    let object = build(&engine, "one").await;
    let own = format!("my-{}", engine.name);
    engine.tag(&object.id, &own, "keep");
    assert!(!engine.runtime.remove_owned(&object).await.unwrap());
    let kept = engine
        .runtime
        .find_image(&object.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.tags.len(), 2, "{kept:?}");
    engine.untag(&format!("{own}:keep"));
    assert!(engine.runtime.remove_owned(&object).await.unwrap());
}

#[tokio::test]
async fn an_image_that_lost_its_name_is_still_ours() {
    let Some(engine) = Engine::find() else { return };
    let first = build(&engine, "one").await;
    let request = engine.request();
    let mut request = request.clone();
    request.image = first.name.clone();
    let second = engine
        .build(&request, &engine.dockerfile("RUN echo other >/tag"))
        .await;
    assert_ne!(second.image().id, first.id);
    let names = listed(&engine).await;
    assert!(names.contains(&first.id), "{names:?}");
    assert!(engine.runtime.remove_owned(&first).await.unwrap());
    assert_eq!(listed(&engine).await, [first.name]);
}

#[tokio::test]
async fn an_image_without_our_label_is_not_touched() {
    let Some(engine) = Engine::find() else { return };
    let foreign = OwnedObject {
        kind: OwnedKind::Image,
        id: engine.base.clone(),
        name: engine.base.clone(),
        labels: BTreeMap::new(),
    };
    let error = engine.runtime.remove_owned(&foreign).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert!(
        engine
            .runtime
            .find_image(&engine.base)
            .await
            .unwrap()
            .is_some()
    );
}

#[tokio::test]
async fn the_engine_says_what_it_is() {
    let Some(engine) = Engine::find() else { return };
    let info = engine.runtime.info().await.unwrap();
    assert!(!info.version.is_empty());
    assert!(info.api_version.starts_with("1."), "{info:?}");
    assert!(info.swarm_manager, "{info:?}");
    assert!(info.nodes >= 1, "{info:?}");
    assert!(info.build_kit, "{info:?}");
    assert!(info.disk_free.is_some_and(|free| free > 0), "{info:?}");
    engine.runtime.ensure_swarm().await.unwrap();
}

#[tokio::test]
async fn an_engine_that_is_away_is_said_to_be_so() {
    let options = DockerOptions {
        host: "unix:///nowhere/docker.sock".to_owned(),
        ..DockerOptions::default()
    };
    let error = DockerRuntime::new(options)
        .unwrap()
        .info()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_retryable());
    assert!(error.hint().is_some());
}
