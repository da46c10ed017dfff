//! Images: built, found, pushed and fetched.

#![expect(missing_docs, reason = "the name of a case is its description")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::{Fixture, Remembered, never};
use crate::error::{ErrorKind, Result};
use crate::runtime::{BuildRequest, Image, label};

/// A context that holds nothing but a Dockerfile.
fn context(dockerfile: &str) -> BoxStream<'static, Result<Bytes>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(dockerfile.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let appended = archive.append_data(&mut header, "Dockerfile", dockerfile.as_bytes());
    appended.expect("a file is appended");
    let bytes = archive.into_inner().expect("the archive ends");
    stream::iter([Ok(Bytes::from(bytes))]).boxed()
}

fn request(fixture: &dyn Fixture, part: &str) -> BuildRequest {
    BuildRequest {
        image: format!("{}:1", fixture.name(part)),
        dockerfile: "Dockerfile".to_owned(),
        target: None,
        args: BTreeMap::new(),
        secrets: BTreeMap::new(),
        labels: BTreeMap::from([
            (label::MANAGED_BY.to_owned(), label::OURS.to_owned()),
            (label::FINGERPRINT.to_owned(), fixture.name(part)),
        ]),
        memory_limit: None,
        nano_cpus: None,
        no_cache: false,
        credentials: Vec::new(),
    }
}

async fn build(fixture: &dyn Fixture, part: &str) -> (BuildRequest, Image, Vec<String>) {
    let request = request(fixture, part);
    let dockerfile = format!("FROM {}\nRUN echo built-for-{part}\n", fixture.base_image());
    let log = Arc::new(Remembered::default());
    let built = fixture.runtime();
    let built = built
        .build_image(&request, context(&dockerfile), log.clone(), &never())
        .await;
    (request, built.expect("it can be built"), log.lines())
}

pub async fn a_build_tells_its_lines_and_makes_an_image(fixture: &dyn Fixture) {
    let (request, image, lines) = build(fixture, "build").await;
    assert!(
        lines.iter().any(|line| line.contains("built-for-build")),
        "{lines:?}"
    );
    assert!(image.tags.contains(&request.image), "{image:?}");
    assert_eq!(
        image.labels[label::FINGERPRINT],
        request.labels[label::FINGERPRINT]
    );
    assert!(image.size > 0 && !image.has_health_check);
    let runtime = fixture.runtime();
    for reference in [&request.image, &image.id] {
        let found = runtime
            .find_image(reference)
            .await
            .expect("images can be found");
        assert_eq!(found.as_ref(), Some(&image), "{reference}");
    }
}

pub async fn an_equal_build_makes_an_equal_image(fixture: &dyn Fixture) {
    let (_, first, _) = build(fixture, "same").await;
    let (_, second, _) = build(fixture, "same").await;
    assert_eq!(second.id, first.id);
}

pub async fn a_failing_build_names_the_instruction(fixture: &dyn Fixture) {
    let dockerfile = format!("FROM {}\nRUN echo before && exit 7\n", fixture.base_image());
    let log = Arc::new(Remembered::default());
    let request = request(fixture, "broken");
    let runtime = fixture.runtime();
    let built = runtime
        .build_image(&request, context(&dockerfile), log, &never())
        .await;
    let error = built.expect_err("the instruction fails");
    assert_eq!(error.kind(), ErrorKind::BuildFailed);
    assert!(error.message().contains("exit 7"), "{error}");
    let found = runtime
        .find_image(&request.image)
        .await
        .expect("images can be found");
    assert_eq!(found, None);
}

pub async fn a_cancelled_build_ends(fixture: &dyn Fixture) {
    let dockerfile = format!(
        "FROM {}\nRUN echo begun-{} && sleep 3600\n",
        fixture.base_image(),
        fixture.name("slow")
    );
    let log = Arc::new(Remembered::default());
    let (request, cancel) = (request(fixture, "slow"), never());
    let runtime = fixture.runtime();
    let built = runtime.build_image(&request, context(&dockerfile), log.clone(), &cancel);
    let cancelling = async {
        log.wait_for("begun-").await;
        cancel.cancel();
    };
    let both = async { tokio::join!(built, cancelling).0 };
    let built = tokio::time::timeout(Duration::from_mins(1), both).await;
    let error = built.expect("it ends soon").expect_err("it was cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}

pub async fn an_absent_image_is_none(fixture: &dyn Fixture) {
    let reference = format!("{}:1", fixture.name("absent"));
    let found = fixture
        .runtime()
        .find_image(&reference)
        .await
        .expect("images can be found");
    assert_eq!(found, None);
}

pub async fn a_pushed_image_has_a_digest_and_can_be_fetched(fixture: &dyn Fixture) {
    let Some(registry) = fixture.registry() else {
        return;
    };
    let runtime = fixture.runtime();
    let (_, image, _) = build(fixture, "push").await;
    let name = format!("{registry}/{}:1", fixture.name("push"));
    let absent = runtime
        .resolve_digest(&name, None)
        .await
        .expect_err("it is not there yet");
    assert_eq!(absent.kind(), ErrorKind::NotFound);
    let log = Arc::new(Remembered::default());
    let pinned = runtime
        .push_image(&image.id, &name, None, log, &never())
        .await;
    let pinned = pinned.expect("it can be pushed");
    assert!(pinned.contains("@sha256:"), "{pinned}");
    let resolved = runtime
        .resolve_digest(&name, None)
        .await
        .expect("it is there");
    assert_eq!(resolved, pinned);
    let fetched = runtime
        .pull_image(&pinned, None, &never())
        .await
        .expect("it can be fetched");
    assert_eq!(fetched.id, image.id);
}
