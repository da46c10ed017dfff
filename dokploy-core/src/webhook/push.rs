//! What a delivery tells of.

use super::proof::Proof;
use super::verdict::Ignored;
use crate::clock::Timestamp;
use crate::model::RepositoryKey;

/// A delivery, read. Nothing of it is true before the proof was held against a secret.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What shows that it may be believed.
    pub proof: Proof,
    /// What it tells of.
    pub event: Event,
}

/// What a delivery tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One or several references have moved.
    Pushes(Vec<Push>),
    /// Something that never deploys.
    Other {
        /// Why.
        reason: Ignored,
        /// The repository that it is about, under each of its addresses; empty when it names none.
        repositories: Vec<RepositoryKey>,
    },
}

impl Event {
    /// Every repository that it is about.
    pub fn repositories(&self) -> Vec<RepositoryKey> {
        let mut keys: Vec<_> = match self {
            Self::Other { repositories, .. } => repositories.clone(),
            Self::Pushes(pushes) => pushes
                .iter()
                .flat_map(|push| push.repositories.iter().cloned())
                .collect(),
        };
        keys.sort();
        keys.dedup();
        keys
    }
}

/// One reference that has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Id of the delivery, or of the event within it. The same push that is sent again has the same one.
    pub delivery_id: String,
    /// The repository, under each of the addresses that it has.
    pub repositories: Vec<RepositoryKey>,
    /// Full name, as in `refs/heads/main`; for an image its tag.
    pub reference: String,
    /// Full name of the branch that an application without a branch follows, where the provider says so.
    pub default_branch: Option<String>,
    /// What the reference meant before: a commit. Absent when it is new or unknown.
    pub before: Option<String>,
    /// What it means now: a commit, or the digest of an image. Absent when it was deleted or unknown.
    pub after: Option<String>,
    /// Message of the last commit.
    pub message: Option<String>,
    /// Paths that were changed; absent when the provider did not say all of them.
    pub paths: Option<Vec<String>>,
    /// Whether the reference is gone.
    pub deleted: bool,
    /// When the provider took the push, where it says so. Not when somebody committed.
    pub pushed_at: Option<Timestamp>,
}

/// A commit id, unless it is the zeros that stand for none or is no id at all.
pub(super) fn commit(text: Option<&str>) -> Option<String> {
    let text = text?;
    let is_id = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_zero = text.bytes().all(|byte| byte == b'0');
    (is_id && !is_zero).then(|| text.to_ascii_lowercase())
}

/// The keys of all addresses that are ones.
pub(super) fn repositories<'a>(
    addresses: impl IntoIterator<Item = Option<&'a str>>,
) -> Vec<RepositoryKey> {
    let mut keys: Vec<_> = addresses
        .into_iter()
        .flatten()
        .filter_map(RepositoryKey::of_git)
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// The full name of a branch.
pub(super) fn branch(name: Option<&str>) -> Option<String> {
    let name = name.filter(|name| !name.is_empty())?;
    Some(format!("refs/heads/{name}"))
}

/// A time of the provider; one that cannot be read is as good as none.
pub(super) fn time(text: Option<&str>) -> Option<Timestamp> {
    text?.parse().ok()
}
