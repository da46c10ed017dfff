//! GitHub: `X-GitHub-Event`, `X-GitHub-Delivery`, `X-Hub-Signature-256`.

use std::borrow::Cow;

use serde::Deserialize;

use super::commits::{self, Commit};
use super::delivery::Delivery;
use super::proof::Proof;
use super::push::{self, Event, Parsed, Push};
use super::verdict::Ignored;
use super::{Provider, malformed};
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::RepositoryKey;

/// GitHub lists at most this many commits of a push.
const COMMITS_MAX: usize = 2_048;

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    forced: bool,
    #[serde(default)]
    commits: Vec<Commit>,
    head_commit: Option<Commit>,
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    html_url: Option<String>,
    clone_url: Option<String>,
    ssh_url: Option<String>,
    git_url: Option<String>,
    default_branch: Option<String>,
    pushed_at: Option<Moment>,
}

impl Repository {
    fn keys(&self) -> Vec<RepositoryKey> {
        push::repositories([
            self.html_url.as_deref(),
            self.clone_url.as_deref(),
            self.ssh_url.as_deref(),
            self.git_url.as_deref(),
        ])
    }
}

/// Seconds since 1970 in a push, a text in every other event.
#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Seconds(i64),
    Text(String),
}

impl Moment {
    fn timestamp(&self) -> Option<Timestamp> {
        match self {
            Self::Seconds(seconds) => {
                Timestamp::from_unix_micros(seconds.checked_mul(1_000_000)?).ok()
            }
            Self::Text(text) => push::time(Some(text)),
        }
    }
}

pub(super) fn parse(delivery: &Delivery) -> Result<Parsed> {
    let event = delivery.headers.first(&["X-GitHub-Event"]);
    let event = event.ok_or_else(|| malformed(Provider::GitHub, "no X-GitHub-Event is there"))?;
    let signature = delivery.headers.get("X-Hub-Signature-256");
    let proof = Proof::signature(signature, &delivery.body);
    let payload: Payload = delivery.json_of(&json(delivery))?;
    let event = match event {
        "push" => Event::Pushes(vec![push(delivery, &payload)?]),
        other => Event::Other {
            reason: Ignored::event(other),
            repositories: payload
                .repository
                .as_ref()
                .map(Repository::keys)
                .unwrap_or_default(),
        },
    };
    Ok(Parsed { proof, event })
}

/// The JSON of the body, which comes bare or as the field of a form, as the webhook was set up.
fn json(delivery: &Delivery) -> Cow<'_, [u8]> {
    let content_type = delivery.headers.get("Content-Type").unwrap_or_default();
    if !content_type.starts_with("application/x-www-form-urlencoded") {
        return Cow::Borrowed(&delivery.body);
    }
    let mut fields = url::form_urlencoded::parse(&delivery.body);
    let payload = fields.find(|(name, _)| name == "payload");
    Cow::Owned(
        payload
            .map(|(_, value)| value.into_owned().into_bytes())
            .unwrap_or_default(),
    )
}

fn push(delivery: &Delivery, payload: &Payload) -> Result<Push> {
    let missing = |what| malformed(Provider::GitHub, format!("a push has no {what}"));
    let repository = payload
        .repository
        .as_ref()
        .ok_or_else(|| missing("repository"))?;
    let reference = payload
        .reference
        .clone()
        .ok_or_else(|| missing("reference"))?;
    // After a forced push the commits that are gone have changed paths, too, and nobody lists them.
    let is_whole = !payload.created && !payload.forced && payload.commits.len() < COMMITS_MAX;
    let head = payload
        .head_commit
        .as_ref()
        .and_then(|head| head.message.clone());
    Ok(Push {
        delivery_id: delivery.id(&["X-GitHub-Delivery"]),
        repositories: repository.keys(),
        reference,
        default_branch: push::branch(repository.default_branch.as_deref()),
        before: push::commit(payload.before.as_deref()),
        after: push::commit(payload.after.as_deref()),
        message: head.or_else(|| commits::message(&payload.commits, payload.after.as_deref())),
        paths: is_whole.then(|| commits::paths(&payload.commits)).flatten(),
        deleted: payload.deleted,
        pushed_at: repository.pushed_at.as_ref().and_then(Moment::timestamp),
    })
}
