//! Deliveries as the providers make them.

use bytes::Bytes;
use dokploy_core::Secret;
use dokploy_core::webhook::{Delivery, Provider};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The payloads of the providers' documentations.
pub(crate) mod sample {
    macro_rules! samples {
        ($($name:ident = $file:literal;)+) => {
            $(pub(crate) const $name: &str = include_str!(concat!("../../testdata/webhooks/", $file, ".json"));)+
        };
    }
    samples! {
        GITHUB_PUSH = "github/push";
        GITHUB_TAG = "github/tag";
        GITHUB_DELETE = "github/delete";
        GITHUB_PING = "github/ping";
        GITLAB_PUSH = "gitlab/push";
        GITLAB_TAG = "gitlab/tag";
        GITEA_PUSH = "gitea/push";
        BITBUCKET_PUSH = "bitbucket/push";
        BITBUCKET_SERVER = "bitbucket/refs_changed";
        DOCKER_HUB = "docker/hub";
        DOCKER_REGISTRY = "docker/registry";
    }
}

/// The secret that samples are sent with.
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A delivery without a proof.
pub(crate) fn unsigned(provider: Provider, event: &str, id: &str, body: &str) -> Delivery {
    let headers: &[(&str, &str)] = match provider {
        Provider::GitHub => &[("X-GitHub-Event", event), ("X-GitHub-Delivery", id)],
        Provider::GitLab => &[("X-Gitlab-Event", event), ("Idempotency-Key", id)],
        Provider::Gitea => &[("X-Gitea-Event", event), ("X-Gitea-Delivery", id)],
        Provider::Bitbucket => &[("X-Event-Key", event), ("X-Request-UUID", id)],
        Provider::Docker => &[("Content-Type", event)],
    };
    Delivery {
        provider,
        headers: headers.iter().copied().collect(),
        token: None,
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

/// The same, with what the provider adds for somebody who knows the secret.
pub(crate) fn signed(
    provider: Provider,
    event: &str,
    id: &str,
    body: &str,
    secret: &str,
) -> Delivery {
    let bare = unsigned(provider, event, id, body);
    let signature = signature(secret, body);
    let (name, value) = match provider {
        Provider::GitHub => ("X-Hub-Signature-256", format!("sha256={signature}")),
        Provider::GitLab => ("X-Gitlab-Token", secret.to_owned()),
        Provider::Gitea => ("X-Gitea-Signature", signature),
        Provider::Bitbucket => ("X-Hub-Signature", format!("sha256={signature}")),
        Provider::Docker => ("Authorization", format!("Bearer {secret}")),
    };
    with_header(bare, event, id, name, &value)
}

fn with_header(bare: Delivery, event: &str, id: &str, name: &str, value: &str) -> Delivery {
    let names = [
        ["X-GitHub-Event", "X-GitHub-Delivery"],
        ["X-Gitlab-Event", "Idempotency-Key"],
        ["X-Gitea-Event", "X-Gitea-Delivery"],
        ["X-Event-Key", "X-Request-UUID"],
        ["Content-Type", "X-Unused"],
    ];
    let known = names
        .iter()
        .find(|[event, _]| bare.headers.get(event).is_some())
        .unwrap();
    Delivery {
        headers: [(known[0], event), (known[1], id), (name, value)]
            .into_iter()
            .collect(),
        ..bare
    }
}

/// HMAC-SHA256 in hexadecimal.
pub(crate) fn signature(secret: &str, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

/// A secret as the core has it.
pub(crate) fn secret() -> Secret {
    Secret::new(SECRET)
}
