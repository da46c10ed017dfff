//! GitLab: `X-Gitlab-Event`, `X-Gitlab-Token`.

use serde::Deserialize;

use super::commits::{self, Commit};
use super::delivery::Delivery;
use super::proof::Proof;
use super::push::{self, Event, Parsed, Push};
use super::verdict::Ignored;
use super::{Provider, malformed};
use crate::error::Result;
use crate::model::RepositoryKey;

/// Names of a delivery, the ones that a repetition keeps first.
const DELIVERY_HEADERS: [&str; 2] = ["Idempotency-Key", "X-Gitlab-Event-UUID"];

#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "ref")]
    reference: Option<String>,
    before: Option<String>,
    after: Option<String>,
    /// Message of an annotated tag.
    message: Option<String>,
    #[serde(default)]
    commits: Vec<Commit>,
    total_commits_count: Option<u64>,
    project: Option<Project>,
    repository: Option<Project>,
}

#[derive(Deserialize)]
struct Project {
    web_url: Option<String>,
    homepage: Option<String>,
    git_http_url: Option<String>,
    git_ssh_url: Option<String>,
    default_branch: Option<String>,
}

impl Payload {
    fn keys(&self) -> Vec<RepositoryKey> {
        let described = [self.project.as_ref(), self.repository.as_ref()];
        push::repositories(described.into_iter().flatten().flat_map(|project| {
            [
                project.web_url.as_deref(),
                project.homepage.as_deref(),
                project.git_http_url.as_deref(),
                project.git_ssh_url.as_deref(),
            ]
        }))
    }
}

pub(super) fn parse(delivery: &Delivery) -> Result<Parsed> {
    let event = delivery.headers.first(&["X-Gitlab-Event"]);
    let event = event.ok_or_else(|| malformed(Provider::GitLab, "no X-Gitlab-Event is there"))?;
    let proof = Proof::token(delivery.headers.get("X-Gitlab-Token"));
    let payload: Payload = delivery.json()?;
    let event = match event {
        "Push Hook" | "Tag Push Hook" => Event::Pushes(vec![push(delivery, &payload)?]),
        other => Event::Other {
            reason: Ignored::event(other),
            repositories: payload.keys(),
        },
    };
    Ok(Parsed { proof, event })
}

fn push(delivery: &Delivery, payload: &Payload) -> Result<Push> {
    let reference = payload.reference.clone();
    let reference =
        reference.ok_or_else(|| malformed(Provider::GitLab, "a push has no reference"))?;
    let (before, after) = (
        push::commit(payload.before.as_deref()),
        push::commit(payload.after.as_deref()),
    );
    let head = commits::message(&payload.commits, after.as_deref());
    // At most twenty commits are listed.
    let is_whole = payload.total_commits_count == u64::try_from(payload.commits.len()).ok();
    let paths = (is_whole && before.is_some()).then(|| commits::paths(&payload.commits));
    let project = payload.project.as_ref();
    Ok(Push {
        delivery_id: delivery.id(&DELIVERY_HEADERS),
        repositories: payload.keys(),
        reference,
        default_branch: push::branch(project.and_then(|project| project.default_branch.as_deref())),
        before,
        deleted: after.is_none(),
        after,
        message: head.or_else(|| payload.message.clone()),
        paths: paths.flatten(),
        pushed_at: None,
    })
}
