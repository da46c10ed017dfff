//! Webhooks: from what a git host or a registry sends to the pushes that it tells of. Pure: nothing here asks a
//! store or the network, and nothing of a delivery is believed before [`Proof::holds`] has said that whoever sent it
//! knows the secret of an application.
//!
//! `headers + body -> Parsed { proof, event } -> for each application of the repository: proof, then verdict`.

mod bitbucket;
mod commits;
mod delivery;
mod docker;
mod gitea;
mod github;
mod gitlab;
mod order;
mod proof;
mod push;
mod verdict;

pub use self::delivery::{Delivery, Headers, Provider};
pub use self::order::PushRef;
pub use self::proof::Proof;
pub use self::push::{Event, Parsed, Push};
pub use self::verdict::{Ignored, SKIP_MARKS, verdict};
use crate::error::{Error, Result};

/// Reads a delivery. Nothing of it is proven yet.
///
/// # Errors
///
/// `invalid_spec` when it is not what its provider sends.
pub fn parse(delivery: &Delivery) -> Result<Parsed> {
    let parsed = match delivery.provider {
        Provider::GitHub => github::parse(delivery),
        Provider::GitLab => gitlab::parse(delivery),
        Provider::Gitea => gitea::parse(delivery),
        Provider::Bitbucket => bitbucket::parse(delivery),
        Provider::Docker => docker::parse(delivery),
    }?;
    match &parsed.event {
        Event::Pushes(pushes) if pushes.iter().any(|push| push.repositories.is_empty()) => {
            Err(malformed(delivery.provider, "a push names no repository"))
        }
        _ => Ok(parsed),
    }
}

/// What is no delivery of its provider.
fn malformed(provider: Provider, why: impl std::fmt::Display) -> Error {
    Error::invalid_field("body", format!("is not what {provider} sends: {why}"))
}
