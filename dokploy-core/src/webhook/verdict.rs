//! What a push means for one application. Pure.

use std::fmt;

use super::order::PushRef;
use super::push::Push;
use crate::model::limits::TITLE_LEN_MAX;
use crate::model::{ApplicationSpec, DeploymentRequest, DeploymentTrigger, GitSource, image_tag};
use crate::source::Dockerignore;

/// Marks in the message of the last commit that keep a push from being deployed, in any case of letters.
pub const SKIP_MARKS: [&str; 4] = ["[skip ci]", "[ci skip]", "[skip deploy]", "[deploy skip]"];

/// Most characters of a name that is repeated in an answer.
const SHOWN_MAX: usize = 100;

/// Why a delivery starts no deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// It is no push.
    Event(String),
    /// The reference is gone.
    Deleted(String),
    /// The application follows another reference.
    OtherReference(String),
    /// The application is deployed by hand only.
    AutoDeployOff,
    /// The last commit asks for it.
    SkipMark(&'static str),
    /// No path that the application watches was changed.
    OutsideWatchPaths,
    /// A newer push was taken before.
    Older,
}

impl Ignored {
    /// Something that is no push.
    pub(super) fn event(name: &str) -> Self {
        Self::Event(shown(name))
    }
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(name) => write!(f, "the event is {name}, and only a push deploys"),
            Self::Deleted(name) => write!(f, "{name} was deleted"),
            Self::OtherReference(name) => write!(f, "no application follows {name}"),
            Self::AutoDeployOff => f.write_str("automatic deployment is off"),
            Self::SkipMark(mark) => write!(f, "the commit message holds {mark}"),
            Self::OutsideWatchPaths => f.write_str("no watched path was changed"),
            Self::Older => f.write_str("a newer push was taken before"),
        }
    }
}

/// What is asked for when the push is one for the application.
///
/// A branch deploys its head and not the commit of the push: when several pushes come at once, or in another order,
/// the last commit runs in the end.
pub fn verdict(push: &Push, spec: &ApplicationSpec) -> Result<DeploymentRequest, Ignored> {
    if push.deleted {
        return Err(Ignored::Deleted(shown(&push.reference)));
    }
    if !follows(push, spec) {
        return Err(Ignored::OtherReference(shown(&push.reference)));
    }
    if !spec.auto_deploy {
        return Err(Ignored::AutoDeployOff);
    }
    if let Some(mark) = skip_mark(push.message.as_deref().unwrap_or_default()) {
        return Err(Ignored::SkipMark(mark));
    }
    let watched = spec
        .git_source
        .as_ref()
        .map_or(&[][..], |git| &git.watch_paths);
    if !touches(push.paths.as_deref(), watched) {
        return Err(Ignored::OutsideWatchPaths);
    }
    Ok(DeploymentRequest {
        title: Some(title(push)),
        trigger: DeploymentTrigger::Webhook,
        push: Some(PushRef::from(push)),
        ..DeploymentRequest::default()
    })
}

fn follows(push: &Push, spec: &ApplicationSpec) -> bool {
    match (&spec.git_source, &spec.image) {
        (Some(git), _) => follows_reference(push, git),
        (None, Some(image)) => image_tag(image).as_deref() == Some(&push.reference),
        (None, None) => false,
    }
}

fn follows_reference(push: &Push, git: &GitSource) -> bool {
    match (&git.branch, &push.default_branch) {
        (Some(full), _) if full.starts_with("refs/") => *full == push.reference,
        (Some(branch), _) => push.reference.strip_prefix("refs/heads/") == Some(branch),
        (None, Some(default)) => *default == push.reference,
        // Which branch the remote has chosen is not known; deploying what has not changed costs little.
        (None, None) => push.reference.starts_with("refs/heads/"),
    }
}

fn skip_mark(message: &str) -> Option<&'static str> {
    let message = message.to_ascii_lowercase();
    SKIP_MARKS.into_iter().find(|mark| message.contains(mark))
}

/// Whether a push touches one of the watched paths: patterns as in a `.dockerignore`, read from top to bottom, where
/// a directory means everything below it and `!` takes away. What is not known is touched.
fn touches(paths: Option<&[String]>, watched: &[String]) -> bool {
    let (Some(paths), Some(first)) = (paths, watched.first()) else {
        return true;
    };
    // A list that begins by taking away takes away from everything.
    let everything = first.starts_with('!').then_some("**");
    let patterns = everything
        .into_iter()
        .chain(watched.iter().map(String::as_str));
    match Dockerignore::of(patterns) {
        Ok(patterns) => paths.iter().any(|path| patterns.matches(path)),
        Err(error) => {
            tracing::warn!(error = %error, "the watched paths cannot be read, so that every push deploys");
            true
        }
    }
}

fn title(push: &Push) -> String {
    let line = push.message.as_deref().unwrap_or_default();
    let line = line.lines().next().unwrap_or_default().trim();
    let text = if line.is_empty() {
        format!("push of {}", push.reference)
    } else {
        line.to_owned()
    };
    let mut title = String::new();
    for char in text.chars().filter(|char| !char.is_control()) {
        if title.len() + char.len_utf8() > TITLE_LEN_MAX {
            break;
        }
        title.push(char);
    }
    title
}

/// A name of somebody else's making, short and in one line.
fn shown(name: &str) -> String {
    name.escape_debug().take(SHOWN_MAX).collect()
}

#[cfg(test)]
mod tests;
