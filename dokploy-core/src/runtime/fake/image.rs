//! Images, builds and registries of a fake engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::super::{BuildRequest, Image};
use super::behavior::{FakeBehavior, FakeLaunch, FakeOutput};

/// What a build on a [`FakeRuntime`](super::FakeRuntime) says, how long it takes, and what comes of it.
#[derive(Clone, Debug)]
pub struct FakeBuild {
    /// Lines of output, spread over `duration`.
    pub lines: Vec<String>,
    /// How long it takes.
    pub duration: Duration,
    /// The message with which it fails; unset: it succeeds.
    pub failure: Option<String>,
    /// What containers of the image do; unset: what the table of the runtime says.
    pub behavior: Option<FakeBehavior>,
    /// Whether the image has a health check of its own.
    pub has_health_check: bool,
    /// Size of the image in bytes.
    pub size: u64,
}

impl Default for FakeBuild {
    fn default() -> Self {
        Self {
            lines: vec!["building".to_owned(), "done".to_owned()],
            duration: Duration::from_millis(100),
            failure: None,
            behavior: None,
            has_health_check: false,
            size: 1024,
        }
    }
}

/// A build that is about to start, for closures that choose its [`FakeBuild`].
#[derive(Debug)]
pub struct FakeBuildInput<'a> {
    /// What is asked for.
    pub request: &'a BuildRequest,
    /// Regular files of the context, by path.
    pub files: &'a BTreeMap<String, Bytes>,
}

#[derive(Clone, Debug)]
pub(super) struct StoredImage {
    pub(super) image: Image,
    pub(super) behavior: Option<FakeBehavior>,
}

/// Images on the engine, and those in registries.
#[derive(Debug, Default)]
pub(super) struct Images {
    local: BTreeMap<String, StoredImage>,
    remote: BTreeMap<String, StoredImage>,
}

impl Images {
    /// The image that a task would run: one on the engine, or one that it could fetch.
    pub(super) fn find(&self, reference: &str) -> Option<&StoredImage> {
        self.find_local(reference)
            .or_else(|| self.find_remote(reference))
    }

    pub(super) fn find_local(&self, reference: &str) -> Option<&StoredImage> {
        let with_tag = tagged(reference);
        self.local.values().find(|stored| {
            stored.image.id == reference
                || stored.image.tags.contains(&with_tag)
                || reference.split_once('@').is_some_and(|(name, digest)| {
                    stored.image.id == digest
                        && stored.image.tags.iter().any(|tag| repository(tag) == name)
                })
        })
    }

    pub(super) fn find_remote(&self, reference: &str) -> Option<&StoredImage> {
        match reference.split_once('@') {
            Some((name, digest)) => self
                .remote
                .iter()
                .find(|(tag, stored)| {
                    repository(tag) == repository(name) && stored.image.id == digest
                })
                .map(|(_, stored)| stored),
            None => self.remote.get(&tagged(reference)),
        }
    }

    /// Puts an image on the engine; a tag moves to it.
    pub(super) fn add_local(&mut self, mut stored: StoredImage) {
        stored.image.tags = stored.image.tags.iter().map(|tag| tagged(tag)).collect();
        for other in self.local.values_mut() {
            other
                .image
                .tags
                .retain(|tag| !stored.image.tags.contains(tag));
        }
        match self.local.get_mut(&stored.image.id) {
            Some(present) => {
                let mut tags: BTreeSet<String> = present.image.tags.drain(..).collect();
                tags.extend(stored.image.tags);
                present.image.tags = tags.into_iter().collect();
            }
            None => {
                self.local.insert(stored.image.id.clone(), stored);
            }
        }
    }

    pub(super) fn add_remote(&mut self, name: &str, stored: StoredImage) {
        self.remote.insert(tagged(name), stored);
    }

    pub(super) fn local(&self) -> impl Iterator<Item = &StoredImage> {
        self.local.values()
    }

    pub(super) fn remove_local(&mut self, id: &str) -> Option<StoredImage> {
        self.local.remove(id)
    }

    pub(super) fn remove_remote(&mut self, name: &str) {
        self.remote.remove(&tagged(name));
    }
}

/// `name@sha256:…` for an image that was pushed as `name`.
pub(super) fn pinned(name: &str, id: &str) -> String {
    format!(
        "{}@{id}",
        repository(name.split('@').next().unwrap_or(name))
    )
}

/// An id that depends on what goes into the image alone, so that the same build gives the same image.
pub(super) fn image_id(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part);
        digest.update([0]);
    }
    format!("sha256:{}", hex::encode(digest.finalize()))
}

fn repository(reference: &str) -> &str {
    match reference.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => reference,
    }
}

fn tagged(reference: &str) -> String {
    if repository(reference) == reference {
        format!("{reference}:latest")
    } else {
        reference.to_owned()
    }
}

type ChooseBehavior = dyn Fn(&FakeLaunch<'_>) -> Option<FakeBehavior> + Send + Sync;
type ChooseBuild = dyn Fn(&FakeBuildInput<'_>) -> Option<FakeBuild> + Send + Sync;

/// Which container does what, and which build goes how. The closure that was set last is asked first.
#[derive(Default)]
pub(super) struct Scripts {
    behaviors: Vec<Arc<ChooseBehavior>>,
    by_image: BTreeMap<String, FakeBehavior>,
    outputs: BTreeMap<String, FakeOutput>,
    builds: Vec<Arc<ChooseBuild>>,
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts")
            .field("by_image", &self.by_image)
            .finish_non_exhaustive()
    }
}

impl Scripts {
    pub(super) fn set_behavior(&mut self, image: &str, behavior: FakeBehavior) {
        self.by_image.insert(image.to_owned(), behavior);
    }

    pub(super) fn set_output(&mut self, image: &str, output: FakeOutput) {
        self.outputs.insert(image.to_owned(), output);
    }

    /// What a container of an image writes: that it has started, when nothing else is said.
    pub(super) fn output(&self, image: &str) -> FakeOutput {
        let of = |name| self.outputs.get(name).cloned();
        let said = of(image).or_else(|| of(repository(image)));
        said.unwrap_or_else(|| FakeOutput {
            lines: vec![format!("started {image}")],
            repeated: None,
        })
    }

    pub(super) fn push_behavior(&mut self, choose: Arc<ChooseBehavior>) {
        self.behaviors.push(choose);
    }

    pub(super) fn push_build(&mut self, choose: Arc<ChooseBuild>) {
        self.builds.push(choose);
    }

    /// A specification may pin the image to an id or a digest: the behaviour of one of its names holds then, too.
    pub(super) fn choose(&self, launch: &FakeLaunch<'_>, stored: &StoredImage) -> FakeBehavior {
        let chosen = self
            .behaviors
            .iter()
            .rev()
            .find_map(|choose| choose(launch));
        let tags = stored.image.tags.iter().map(String::as_str);
        let names = || std::iter::once(launch.image).chain(tags.clone());
        chosen
            .or_else(|| names().find_map(|name| self.by_image.get(name)).cloned())
            .or_else(|| stored.behavior.clone())
            .or_else(|| {
                names()
                    .find_map(|name| self.by_image.get(repository(name)))
                    .cloned()
            })
            .unwrap_or_default()
    }

    pub(super) fn choose_build(&self, input: &FakeBuildInput<'_>) -> FakeBuild {
        let chosen = self.builds.iter().rev().find_map(|choose| choose(input));
        chosen.unwrap_or_default()
    }
}
