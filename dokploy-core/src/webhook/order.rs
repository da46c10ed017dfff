//! Which of two pushes is the older one.

use serde::{Deserialize, Serialize};

use super::push::Push;
use crate::clock::Timestamp;

/// What a deployment remembers of the push that started it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushRef {
    /// Full name of the reference, or the tag of an image.
    pub reference: String,
    /// Commit before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Commit after, or the digest of an image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// When the provider took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<Timestamp>,
}

impl From<&Push> for PushRef {
    fn from(push: &Push) -> Self {
        Self {
            reference: push.reference.clone(),
            before: push.before.clone(),
            after: push.after.clone(),
            pushed_at: push.pushed_at,
        }
    }
}

impl Push {
    /// Whether a newer push of the same reference is among those that were taken, newest first.
    ///
    /// The provider's times decide where both are known. Otherwise the commits do: a push whose result another one
    /// started from is the older one, unless it starts itself from where the last one ended, as the push that goes
    /// back does. Pushes between which there is a gap are taken in the order in which they arrive; as a branch
    /// deploys its head, the last commit runs all the same.
    pub fn is_older_than_one_of(&self, taken: &[PushRef]) -> bool {
        let same: Vec<_> = taken
            .iter()
            .filter(|other| other.reference == self.reference)
            .collect();
        let latest = same.iter().filter_map(|other| other.pushed_at).max();
        if let (Some(at), Some(latest)) = (self.pushed_at, latest)
            && at != latest
        {
            return at < latest;
        }
        let tip = same.first().and_then(|last| last.after.as_ref());
        let continues = self.before.is_some() && self.before.as_ref() == tip;
        let mut starts = same.iter().filter_map(|other| other.before.as_ref());
        !continues && starts.any(|start| Some(start) == self.after.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(before: &str, after: &str, at: Option<i64>) -> Push {
        Push {
            delivery_id: "1".to_owned(),
            repositories: Vec::new(),
            reference: "refs/heads/main".to_owned(),
            default_branch: None,
            before: Some(before.to_owned()).filter(|id| !id.is_empty()),
            after: Some(after.to_owned()),
            message: None,
            paths: None,
            deleted: false,
            pushed_at: at.map(|at| Timestamp::from_unix_micros(at).unwrap()),
        }
    }

    /// Which of some pushes are taken when they arrive in this order.
    fn taken(arriving: &[Push]) -> Vec<bool> {
        let mut taken = Vec::new();
        let mut answers = Vec::new();
        for push in arriving {
            let is_older = push.is_older_than_one_of(&taken);
            if !is_older {
                taken.insert(0, PushRef::from(push));
            }
            answers.push(!is_older);
        }
        answers
    }

    #[test]
    fn a_push_that_another_one_started_from_is_the_older_one() {
        let (first, second) = (push("", "a", None), push("a", "b", None));
        assert_eq!(taken(&[first.clone(), second.clone()]), [true, true]);
        assert_eq!(taken(&[second, first]), [true, false]);
    }

    #[test]
    fn going_back_to_an_earlier_commit_is_a_new_push() {
        let pushes = [
            push("", "a", None),
            push("a", "b", None),
            push("b", "a", None),
            push("a", "b", None),
        ];
        assert_eq!(taken(&pushes), [true, true, true, true]);
    }

    #[test]
    fn the_time_of_the_provider_decides_where_it_is_known() {
        let late = push("x", "y", Some(5));
        assert_eq!(
            taken(&[push("a", "b", Some(9)), late.clone()]),
            [true, false]
        );
        assert_eq!(
            taken(&[late.clone(), push("a", "b", Some(9))]),
            [true, true]
        );
        // Within one second the commits say it.
        let pushes = [push("a", "b", Some(5)), push("", "a", Some(5))];
        assert_eq!(taken(&pushes), [true, false]);
    }

    #[test]
    fn another_reference_has_an_order_of_its_own() {
        let tag = Push {
            reference: "refs/tags/v1".to_owned(),
            ..push("", "a", Some(1))
        };
        assert_eq!(taken(&[push("a", "b", Some(9)), tag]), [true, true]);
    }
}
