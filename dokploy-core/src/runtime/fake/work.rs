//! Calls of a fake engine that take time: builds, pushes, one-off tasks, removals.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::stream::{BoxStream, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::{BuildRequest, Image, LogSink, LogStream, TaskOutcome, TaskSpec, label};
use super::image::{FakeBuild, FakeBuildInput, StoredImage, image_id, pinned};
use super::journal::FakeEffect;
use super::one_off::Stop;
use super::verbs::{cancelled, foreign, with_our_label};
use super::world::World;
use super::{FakeRuntime, FakeVerb};
use crate::error::{Error, ErrorKind, Result};

/// How long a push takes.
const PUSH: Duration = Duration::from_millis(50);

impl FakeRuntime {
    pub(super) async fn build(
        &self,
        request: &BuildRequest,
        context: BoxStream<'static, Result<Bytes>>,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<Image> {
        let mut strikes = self.enter(FakeVerb::BuildImage);
        strikes.before().await?;
        let files = tokio::select! {
            files = read_context(context) => files?,
            () = cancel.cancelled() => return Err(cancelled("build", &request.image)),
        };
        if !files.contains_key(request.dockerfile.trim_start_matches("./")) {
            let message = format!("the context has no file {}", request.dockerfile);
            return Err(Error::new(ErrorKind::BuildFailed, message));
        }
        let script = self.change(|world| {
            let image = request.image.clone();
            world.journal.push(FakeEffect::BuildStarted { image });
            let input = FakeBuildInput {
                request,
                files: &files,
            };
            world.around.behaviors.choose_build(&input)
        });
        play(&script, &request.image, log.as_ref(), cancel).await?;
        if let Some(failure) = &script.failure {
            return Err(Error::new(ErrorKind::BuildFailed, failure.clone()));
        }
        let stored = built(request, &files, &script);
        let image = stored.image.clone();
        self.change(|world| {
            world.around.images.add_local(stored);
            let image = request.image.clone();
            world.journal.push(FakeEffect::ImageBuilt { image });
        });
        strikes.after().await?;
        Ok(image)
    }

    pub(super) async fn push(
        &self,
        image: &str,
        name: &str,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<String> {
        let mut strikes = self.enter(FakeVerb::PushImage);
        strikes.before().await?;
        let found = self.look(|world| world.around.images.find_local(image).cloned());
        let found = found.ok_or_else(|| Error::not_found("image", image))?;
        log.line(LogStream::System, format!("pushing {name}").as_bytes());
        pause(PUSH, "push", name, cancel).await?;
        let id = found.image.id.clone();
        self.change(|world| {
            let present = world.around.images.find_remote(name);
            if present.is_none_or(|present| present.image.id != id) {
                world.around.images.add_remote(name, found);
                let image = name.to_owned();
                world.journal.push(FakeEffect::ImagePushed { image });
            }
        });
        strikes.after().await?;
        Ok(pinned(name, &id))
    }

    pub(super) async fn remove(&self, service: &str) -> Result<()> {
        let mut strikes = self.enter(FakeVerb::RemoveService);
        strikes.before().await?;
        let mut changes = self.0.changes.subscribe();
        let name = self.change(|world| {
            let mut services = world.services.iter_mut();
            let found = services.find(|(name, found)| *name == service || found.id == service);
            let Some((name, found)) = found else {
                return Ok(None);
            };
            if !label::is_ours(&found.spec().labels) {
                return Err(foreign(name));
            }
            let name = name.clone();
            if !std::mem::replace(&mut found.removed, true) {
                world.touch(&name);
                let name = name.clone();
                world.journal.push(FakeEffect::ServiceRemoved { name });
            }
            Ok(Some(name))
        })?;
        let draining = |world: &World| {
            let found = name.as_ref().and_then(|name| world.services.get(name));
            found.is_some_and(|found| found.removed)
        };
        while self.look(draining) {
            self.next_change(&mut changes).await;
        }
        strikes.after().await
    }

    pub(super) async fn run_one_off(
        &self,
        spec: &TaskSpec,
        deadline: Duration,
        log: Arc<dyn LogSink>,
        cancel: &CancellationToken,
    ) -> Result<TaskOutcome> {
        let latest = Instant::now() + deadline;
        let mut strikes = self.enter(FakeVerb::RunTask);
        strikes.before().await?;
        let mut changes = self.0.changes.subscribe();
        let (lines, due) = self.change(|world| {
            if world.one_offs.find(&spec.name).is_none() {
                let has_image = world.around.images.find(&spec.image).is_some();
                let (labels, now) = (with_our_label(&spec.labels), world.now());
                world.one_offs.start(spec, has_image, labels, now);
                let name = spec.name.clone();
                world.journal.push(FakeEffect::TaskStarted { name });
            }
            let started = world.one_offs.find(&spec.name);
            started.map_or((Vec::new(), latest), |one_off| {
                (one_off.lines().to_vec(), one_off.ends_at)
            })
        });
        for line in &lines {
            log.line(LogStream::Stdout, line.as_bytes());
        }
        loop {
            let outcome = self.look(|world| world.one_offs.outcome(&spec.name, world.now()));
            if let Some(outcome) = outcome {
                strikes.after().await?;
                return outcome;
            }
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(latest) => self.stop_one_off(&spec.name, Stop::TimedOut),
                () = cancel.cancelled() => self.stop_one_off(&spec.name, Stop::Cancelled),
            }
        }
    }

    fn stop_one_off(&self, name: &str, why: Stop) {
        self.change(|world| {
            let now = world.now();
            if world.one_offs.stop(name, now, why) {
                let name = name.to_owned();
                world.journal.push(FakeEffect::TaskStopped { name });
            }
        });
    }
}

async fn pause(
    duration: Duration,
    what: &str,
    name: &str,
    cancel: &CancellationToken,
) -> Result<()> {
    tokio::select! {
        () = tokio::time::sleep(duration) => Ok(()),
        () = cancel.cancelled() => Err(cancelled(what, name)),
    }
}

async fn play(
    script: &FakeBuild,
    image: &str,
    log: &dyn LogSink,
    cancel: &CancellationToken,
) -> Result<()> {
    let steps = u32::try_from(script.lines.len()).unwrap_or(u32::MAX).max(1);
    for line in &script.lines {
        log.line(LogStream::Stdout, line.as_bytes());
        pause(script.duration / steps, "build", image, cancel).await?;
    }
    if script.lines.is_empty() {
        pause(script.duration, "build", image, cancel).await?;
    }
    Ok(())
}

fn built(
    request: &BuildRequest,
    files: &BTreeMap<String, Bytes>,
    script: &FakeBuild,
) -> StoredImage {
    let contents = files
        .iter()
        .map(|(path, content)| image_id(&[path, &hex::encode(content)]));
    let inputs = format!(
        "{:?}",
        (
            &request.dockerfile,
            &request.target,
            &request.args,
            &request.labels,
            contents.collect::<Vec<_>>()
        )
    );
    StoredImage {
        image: Image {
            id: image_id(&["built", &inputs]),
            tags: vec![request.image.clone()],
            labels: request.labels.clone(),
            has_health_check: script.has_health_check,
            size: script.size,
        },
        behavior: script.behavior.clone(),
    }
}

/// Regular files of a tar stream, by path.
async fn read_context(
    mut context: BoxStream<'static, Result<Bytes>>,
) -> Result<BTreeMap<String, Bytes>> {
    let mut tar = BytesMut::new();
    while let Some(chunk) = context.next().await {
        tar.extend_from_slice(&chunk?);
    }
    let mut files = BTreeMap::new();
    let broken = |error| {
        Error::new(
            ErrorKind::BuildFailed,
            "the build context is no tar archive",
        )
        .with_source(error)
    };
    let mut archive = tar::Archive::new(&tar[..]);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        if entry.header().entry_type().is_file() {
            let path = entry.path().map_err(broken)?.to_string_lossy().into_owned();
            let mut text = Vec::new();
            entry.read_to_end(&mut text).map_err(broken)?;
            files.insert(path.trim_start_matches("./").to_owned(), text.into());
        }
    }
    Ok(files)
}
