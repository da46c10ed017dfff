//! Docker Hub, and the notifications of a registry (`distribution`). Neither signs: a registry can be told to send
//! `Authorization: Bearer <secret>`, and for Docker Hub the secret is in the address.

use serde::Deserialize;

use super::delivery::{Delivery, bounded_id};
use super::malformed;
use super::proof::Proof;
use super::push::{Event, Parsed, Push};
use super::verdict::Ignored;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::model::RepositoryKey;

/// Most events of one envelope that are looked at.
const EVENTS_MAX: usize = 100;

#[derive(Deserialize)]
#[serde(untagged)]
enum Payload {
    Registry {
        events: Vec<RegistryEvent>,
    },
    Hub {
        push_data: HubPush,
        repository: HubRepository,
    },
}

#[derive(Deserialize)]
struct RegistryEvent {
    id: Option<String>,
    timestamp: Option<String>,
    #[serde(default)]
    action: String,
    target: Option<Target>,
    request: Option<Request>,
}

#[derive(Deserialize)]
struct Target {
    repository: Option<String>,
    tag: Option<String>,
    digest: Option<String>,
    url: Option<String>,
}

#[derive(Deserialize)]
struct Request {
    host: Option<String>,
}

#[derive(Deserialize)]
struct HubPush {
    tag: Option<String>,
    pushed_at: Option<i64>,
}

#[derive(Deserialize)]
struct HubRepository {
    repo_name: String,
}

pub(super) fn parse(delivery: &Delivery) -> Result<Parsed> {
    let proof = proof(delivery);
    let payload: Payload = delivery.json()?;
    let pushes = match payload {
        Payload::Hub {
            push_data,
            repository,
        } => hub(delivery, push_data, &repository)
            .into_iter()
            .collect::<Vec<_>>(),
        Payload::Registry { events } if events.len() > EVENTS_MAX => {
            return Err(malformed(delivery.provider, "more than 100 events"));
        }
        Payload::Registry { events } => {
            let id = delivery.id(&[]);
            let numbered = events.into_iter().enumerate();
            numbered
                .filter_map(|(index, event)| registry(&format!("{id}.{index}"), event))
                .collect()
        }
    };
    let event = if pushes.is_empty() {
        Event::Other {
            reason: Ignored::event("other than the push of a tag"),
            repositories: Vec::new(),
        }
    } else {
        Event::Pushes(pushes)
    };
    Ok(Parsed { proof, event })
}

fn proof(delivery: &Delivery) -> Proof {
    let header = delivery.headers.get("Authorization").unwrap_or_default();
    let (scheme, bearer) = header.split_once(' ').unwrap_or_default();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Proof::token(Some(bearer.trim()));
    }
    match &delivery.token {
        Some(token) => Proof::token(Some(token.expose())),
        None => Proof::Missing,
    }
}

fn hub(delivery: &Delivery, data: HubPush, repository: &HubRepository) -> Option<Push> {
    let key = RepositoryKey::of_image(&format!("docker.io/{}", repository.repo_name))?;
    let pushed_at = data.pushed_at.and_then(|at| at.checked_mul(1_000_000));
    Some(Push {
        pushed_at: pushed_at.and_then(|at| Timestamp::from_unix_micros(at).ok()),
        ..image(delivery.id(&[]), vec![key], data.tag?)
    })
}

/// The push of a tag; everything else, layers, pulls and deletions, deploys nothing.
fn registry(fallback_id: &str, event: RegistryEvent) -> Option<Push> {
    let target = event.target.filter(|_| event.action == "push")?;
    let (repository, tag) = (target.repository?, target.tag?);
    // Behind a proxy the host of the request and that of the address may differ, and either may be the known one.
    let asked = event.request.and_then(|request| request.host);
    let addressed = target.url.as_deref().and_then(authority);
    let mut keys: Vec<_> = [asked.as_deref(), addressed.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(|host| RepositoryKey::of_image(&format!("{host}/{repository}")))
        .collect();
    keys.sort();
    keys.dedup();
    (!keys.is_empty()).then(|| Push {
        after: target.digest,
        pushed_at: event.timestamp.and_then(|at| at.parse().ok()),
        ..image(
            bounded_id(event.id.as_deref().unwrap_or(fallback_id)),
            keys,
            tag,
        )
    })
}

fn authority(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let host = url.host_str()?;
    Some(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

fn image(delivery_id: String, repositories: Vec<RepositoryKey>, tag: String) -> Push {
    Push {
        delivery_id,
        repositories,
        reference: tag,
        default_branch: None,
        before: None,
        after: None,
        message: None,
        paths: None,
        deleted: false,
        pushed_at: None,
    }
}
