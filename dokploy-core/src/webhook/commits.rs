//! The commits of a push, in the form that GitHub, GitLab and Gitea share.

use std::collections::BTreeSet;

use serde::Deserialize;

/// Most paths that are looked at. Who changes more than these has changed everything.
const PATHS_MAX: usize = 3_000;

/// A commit and what it changed.
#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
    #[serde(default)]
    added: Option<Vec<String>>,
    #[serde(default)]
    removed: Option<Vec<String>>,
    #[serde(default)]
    modified: Option<Vec<String>>,
}

/// Every path that the commits changed, or `None` when one of them does not say or when they are too many.
pub(super) fn paths(commits: &[Commit]) -> Option<Vec<String>> {
    let mut paths = BTreeSet::new();
    for commit in commits {
        let lists = [&commit.added, &commit.removed, &commit.modified];
        for list in lists {
            paths.extend(list.as_ref()?.iter().cloned());
            if paths.len() > PATHS_MAX {
                return None;
            }
        }
    }
    // A push without a single path says nothing: a new branch on a commit that was there before, for example.
    (!paths.is_empty()).then(|| paths.into_iter().collect())
}

/// The message of the commit with this id, or of the last one.
pub(super) fn message(commits: &[Commit], id: Option<&str>) -> Option<String> {
    let named = commits
        .iter()
        .find(|commit| id.is_some() && commit.id.as_deref() == id);
    named.or(commits.last())?.message.clone()
}
