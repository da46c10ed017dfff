//! Names of branches, tags and commits: which ones are accepted, and which ones are near when one is unknown.

use std::fmt;

use gix::ObjectId;

use super::remote::RemoteReference;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Revision;

/// Most names that a hint lists.
const NEAR_MAX: usize = 3;

/// Which reference is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// What the remote has chosen.
    Head,
    /// A full name.
    Named(String),
}

impl Wanted {
    /// Reads a branch, or anything by its full name.
    pub(super) fn parse(name: Option<&str>) -> Result<Self> {
        let Some(name) = name else {
            return Ok(Self::Head);
        };
        let full = if name.starts_with("refs/") {
            name.to_owned()
        } else {
            format!("refs/heads/{name}")
        };
        if name.starts_with('-') || name.len() > 512 {
            return Err(invalid(name));
        }
        gix::refs::FullName::try_from(full.as_str())
            .map_err(|error| invalid(name).with_source(error))?;
        Ok(Self::Named(full))
    }

    /// The full name to ask for.
    pub(super) fn full_name(&self) -> &str {
        match self {
            Self::Head => "HEAD",
            Self::Named(name) => name,
        }
    }

    /// The reference among those that a remote listed. Only the whole name counts: servers match by prefix.
    pub(super) fn find<'a>(
        &self,
        references: &'a [RemoteReference],
    ) -> Option<&'a RemoteReference> {
        references
            .iter()
            .find(|reference| reference.name == self.full_name())
    }

    /// The error for a reference that is not there, with the names that may have been meant.
    pub(super) fn unknown(&self, at: &dyn fmt::Display, references: &[RemoteReference]) -> Error {
        let error = |what: String| Error::new(ErrorKind::SourceFailed, what);
        match self {
            Self::Head if references.is_empty() => {
                error(format!("{at} has no branches yet")).with_hint("push a commit first")
            }
            Self::Head => error(format!("HEAD of {at} names a branch that does not exist"))
                .with_hint("name the branch to deploy"),
            Self::Named(name) => {
                let error = error(format!("{at} has no {name}"));
                match near(name, references).as_slice() {
                    [] => error.with_hint("check the name of the branch or tag"),
                    names => error.with_hint(format!("did you mean {}?", names.join(", "))),
                }
            }
        }
    }
}

/// The revision that a reference means.
pub(super) fn revision(reference: &RemoteReference) -> Revision {
    let name = reference.target.as_ref().unwrap_or(&reference.name);
    Revision {
        reference: Some(name.clone()),
        ..bare(reference.commit)
    }
}

/// A revision of which only the commit is known.
pub(super) fn bare(commit: ObjectId) -> Revision {
    Revision {
        id: commit.to_string(),
        reference: None,
        message: None,
        author: None,
        committed_at: None,
    }
}

/// Reads a full commit id.
pub(super) fn commit(text: &str) -> Result<ObjectId> {
    let expected = "is no full commit id: 40 hexadecimal digits are expected";
    match ObjectId::from_hex(text.as_bytes()) {
        Ok(id) if id.kind() == gix::hash::Kind::Sha1 => Ok(id),
        _ => Err(Error::invalid_field("commit", expected)),
    }
}

/// The names most like `name`, as a user would write them.
fn near(name: &str, references: &[RemoteReference]) -> Vec<String> {
    let short = |name: &str| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned();
    let wanted = short(name);
    let mut found: Vec<(f64, String)> = references
        .iter()
        .filter(|reference| {
            reference.name.starts_with("refs/heads/") || reference.name.starts_with("refs/tags/")
        })
        .map(|reference| {
            let last = reference.name.rsplit('/').next().unwrap_or_default();
            let likeness = strsim::jaro_winkler(&wanted, &short(&reference.name));
            (
                likeness.max(strsim::jaro_winkler(&wanted, last)),
                short(&reference.name),
            )
        })
        .filter(|(likeness, _)| *likeness > 0.7)
        .collect();
    found.sort_by(|left, right| {
        right
            .0
            .total_cmp(&left.0)
            .then_with(|| left.1.cmp(&right.1))
    });
    found
        .into_iter()
        .map(|(_, name)| name)
        .take(NEAR_MAX)
        .collect()
}

fn invalid(name: &str) -> Error {
    Error::invalid_field(
        "branch",
        format!("{name:?} is no name of a branch or a full reference"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(names: &[&str]) -> Vec<RemoteReference> {
        let commit = ObjectId::null(gix::hash::Kind::Sha1);
        names
            .iter()
            .map(|name| RemoteReference {
                name: (*name).to_owned(),
                target: None,
                commit,
            })
            .collect()
    }

    #[test]
    fn a_branch_is_asked_for_by_its_full_name() {
        assert_eq!(
            Wanted::parse(Some("main")).unwrap().full_name(),
            "refs/heads/main"
        );
        assert_eq!(
            Wanted::parse(Some("x/main")).unwrap().full_name(),
            "refs/heads/x/main"
        );
        assert_eq!(
            Wanted::parse(Some("refs/tags/v1")).unwrap().full_name(),
            "refs/tags/v1"
        );
        assert_eq!(Wanted::parse(None).unwrap().full_name(), "HEAD");
        let references = listed(&["refs/heads/x/main", "refs/heads/main2"]);
        assert!(
            Wanted::parse(Some("main"))
                .unwrap()
                .find(&references)
                .is_none()
        );
    }

    #[test]
    fn a_name_that_git_refuses_is_refused() {
        for name in [
            "",
            "-main",
            "--upload-pack=x",
            "a b",
            "a..b",
            "a\nb",
            "a\0b",
            "a~1",
            "a^",
            "a:b",
            "x.lock",
            "/a",
            "a/",
            "@{",
            "a\\b",
        ] {
            let error = Wanted::parse(Some(name)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidSpec, "{name:?}");
        }
    }

    #[test]
    fn a_name_with_shell_characters_is_a_name() {
        for name in ["a;b", "$(touch${IFS}x)", "a&&b", "a|b", "`id`", "a'b\"c"] {
            assert_eq!(
                Wanted::parse(Some(name)).unwrap().full_name(),
                format!("refs/heads/{name}")
            );
        }
    }

    #[test]
    fn an_unknown_branch_is_named_with_its_neighbours() {
        let references = listed(&[
            "refs/heads/main",
            "refs/heads/develop",
            "refs/heads/team/mian",
        ]);
        let error = Wanted::parse(Some("mian"))
            .unwrap()
            .unknown(&"it", &references);
        assert_eq!(error.message(), "it has no refs/heads/mian");
        assert_eq!(error.hint(), Some("did you mean team/mian, main?"));
    }

    #[test]
    fn only_a_full_commit_id_is_a_commit() {
        let id = "95d09f2b10159347eece71399a7e2e907ea3df4f";
        assert_eq!(commit(id).unwrap().to_string(), id);
        assert_eq!(commit(&id.to_uppercase()).unwrap().to_string(), id);
        for text in [
            "",
            "main",
            "95d09f2",
            "95d09f2b10159347eece71399a7e2e907ea3df4g",
        ] {
            assert_eq!(commit(text).unwrap_err().kind(), ErrorKind::InvalidSpec);
        }
    }
}
