//! Gitea and Forgejo: `X-Gitea-Event`, `X-Gitea-Delivery`, `X-Gitea-Signature`, and the same with Forgejo's name.

use serde::Deserialize;

use super::commits::{self, Commit};
use super::delivery::Delivery;
use super::proof::Proof;
use super::push::{self, Event, Parsed, Push};
use super::verdict::Ignored;
use super::{Provider, malformed};
use crate::error::Result;
use crate::model::RepositoryKey;

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    /// Absent, and in old versions null, when there are none.
    commits: Option<Vec<Commit>>,
    total_commits: Option<u64>,
    head_commit: Option<Commit>,
    repository: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    html_url: Option<String>,
    clone_url: Option<String>,
    ssh_url: Option<String>,
    default_branch: Option<String>,
}

impl Repository {
    fn keys(&self) -> Vec<RepositoryKey> {
        push::repositories([
            self.html_url.as_deref(),
            self.clone_url.as_deref(),
            self.ssh_url.as_deref(),
        ])
    }
}

pub(super) fn parse(delivery: &Delivery) -> Result<Parsed> {
    let headers = &delivery.headers;
    let event = headers.first(&["X-Gitea-Event", "X-Forgejo-Event"]);
    let event = event.ok_or_else(|| malformed(Provider::Gitea, "no X-Gitea-Event is there"))?;
    let signature = headers.first(&[
        "X-Gitea-Signature",
        "X-Forgejo-Signature",
        "X-Hub-Signature-256",
    ]);
    let proof = Proof::signature(signature, &delivery.body);
    let payload: Payload = delivery.json()?;
    let event = match event {
        "push" => Event::Pushes(vec![push(delivery, payload)?]),
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

fn push(delivery: &Delivery, payload: Payload) -> Result<Push> {
    let missing = |what| malformed(Provider::Gitea, format!("a push has no {what}"));
    let repository = payload.repository.ok_or_else(|| missing("repository"))?;
    let reference = payload.reference.ok_or_else(|| missing("reference"))?;
    let commits = payload.commits.unwrap_or_default();
    let (before, after) = (
        push::commit(payload.before.as_deref()),
        push::commit(payload.after.as_deref()),
    );
    // Only some commits are listed, how many is a setting of the server; it counts all of them since version 1.17.
    let is_whole = payload.total_commits == u64::try_from(commits.len()).ok();
    let head = payload.head_commit.and_then(|head| head.message);
    Ok(Push {
        delivery_id: delivery.id(&["X-Gitea-Delivery", "X-Forgejo-Delivery"]),
        repositories: repository.keys(),
        reference,
        default_branch: push::branch(repository.default_branch.as_deref()),
        message: head.or_else(|| commits::message(&commits, after.as_deref())),
        paths: (is_whole && before.is_some())
            .then(|| commits::paths(&commits))
            .flatten(),
        before,
        deleted: after.is_none(),
        after,
        pushed_at: None,
    })
}
