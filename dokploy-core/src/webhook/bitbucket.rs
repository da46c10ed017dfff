//! Bitbucket Cloud (`repo:push`, `X-Request-UUID`) and Data Center (`repo:refs_changed`, `X-Request-Id`), both with
//! `X-Event-Key` and `X-Hub-Signature`. Neither says which paths were changed.

use serde::Deserialize;

use super::delivery::Delivery;
use super::proof::Proof;
use super::push::{self, Event, Parsed, Push};
use super::verdict::Ignored;
use super::{Provider, malformed};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::RepositoryKey;

/// Most references that one delivery may move.
const CHANGES_MAX: usize = 100;

#[derive(Deserialize)]
struct Payload {
    push: Option<CloudPush>,
    changes: Option<Vec<ServerChange>>,
    date: Option<String>,
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    #[serde(default)]
    links: Links,
}

#[derive(Default, Deserialize)]
struct Links {
    html: Option<Link>,
    #[serde(default)]
    clone: Vec<Link>,
}

#[derive(Deserialize)]
struct Link {
    href: String,
}

impl Repository {
    fn keys(&self) -> Vec<RepositoryKey> {
        let links = self.links.html.iter().chain(&self.links.clone);
        push::repositories(links.map(|link| Some(link.href.as_str())))
    }
}

#[derive(Deserialize)]
struct CloudPush {
    #[serde(default)]
    changes: Vec<CloudChange>,
}

#[derive(Deserialize)]
struct CloudChange {
    new: Option<Tip>,
    old: Option<Tip>,
}

#[derive(Deserialize)]
struct Tip {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    hash: Option<String>,
    message: Option<String>,
}

impl Tip {
    /// Mercurial's kinds are long gone; what is no tag is a branch.
    fn reference(&self) -> String {
        let folder = if self.kind.ends_with("tag") {
            "tags"
        } else {
            "heads"
        };
        format!("refs/{folder}/{}", self.name)
    }

    fn commit(&self) -> Option<String> {
        push::commit(self.target.as_ref()?.hash.as_deref())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerChange {
    ref_id: String,
    from_hash: Option<String>,
    to_hash: Option<String>,
}

pub(super) fn parse(delivery: &Delivery) -> Result<Parsed> {
    let event = delivery.headers.first(&["X-Event-Key"]);
    let event = event.ok_or_else(|| malformed(Provider::Bitbucket, "no X-Event-Key is there"))?;
    let signature = delivery.headers.get("X-Hub-Signature");
    let proof = Proof::signature(signature, &delivery.body);
    // The test of a connection carries whatever the server likes.
    if event == "diagnostics:ping" {
        let event = Event::Other {
            reason: Ignored::event(event),
            repositories: Vec::new(),
        };
        return Ok(Parsed { proof, event });
    }
    let payload: Payload = delivery.json()?;
    let repositories = payload.repository.as_ref().map(Repository::keys);
    let repositories = repositories.unwrap_or_default();
    let event = match event {
        "repo:push" | "repo:refs_changed" => {
            Event::Pushes(pushes(delivery, payload, &repositories)?)
        }
        other => Event::Other {
            reason: Ignored::event(other),
            repositories,
        },
    };
    Ok(Parsed { proof, event })
}

fn pushes(
    delivery: &Delivery,
    payload: Payload,
    repositories: &[RepositoryKey],
) -> Result<Vec<Push>> {
    let fail = |why| Err(malformed(Provider::Bitbucket, why));
    let id = delivery.id(&["X-Request-UUID", "X-Request-Id"]);
    let blank = Blank {
        id,
        repositories,
        pushed_at: server_time(payload.date.as_deref()),
    };
    let pushes: Vec<Push> = match (payload.push, payload.changes) {
        (Some(cloud), _) => cloud
            .changes
            .iter()
            .filter_map(|change| blank.cloud(change))
            .take(CHANGES_MAX + 1)
            .collect(),
        (None, Some(changes)) => changes
            .into_iter()
            .map(|change| blank.server(change))
            .take(CHANGES_MAX + 1)
            .collect(),
        (None, None) => return fail("a push has no changes"),
    };
    if pushes.len() > CHANGES_MAX {
        return fail("a push changes more than 100 references");
    }
    Ok(pushes)
}

/// Data Center writes the offset of its zone without a colon.
fn server_time(text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    let (head, minutes) = text.split_at_checked(text.len().checked_sub(2)?)?;
    push::time(Some(&format!("{head}:{minutes}")))
}

/// What all changes of a delivery have in common.
struct Blank<'a> {
    id: String,
    repositories: &'a [RepositoryKey],
    pushed_at: Option<Timestamp>,
}

impl Blank<'_> {
    fn cloud(&self, change: &CloudChange) -> Option<Push> {
        let tip = change.new.as_ref().or(change.old.as_ref())?;
        let after = change.new.as_ref().and_then(Tip::commit);
        let target = change.new.as_ref().and_then(|new| new.target.as_ref());
        Some(Push {
            message: target.and_then(|target| target.message.clone()),
            deleted: change.new.is_none(),
            ..self.push(
                tip.reference(),
                change.old.as_ref().and_then(Tip::commit),
                after,
            )
        })
    }

    fn server(&self, change: ServerChange) -> Push {
        let before = push::commit(change.from_hash.as_deref());
        let after = push::commit(change.to_hash.as_deref());
        self.push(change.ref_id, before, after)
    }

    fn push(&self, reference: String, before: Option<String>, after: Option<String>) -> Push {
        Push {
            delivery_id: self.id.clone(),
            repositories: self.repositories.to_vec(),
            reference,
            default_branch: None,
            before,
            deleted: after.is_none(),
            after,
            message: None,
            paths: None,
            pushed_at: self.pushed_at,
        }
    }
}
