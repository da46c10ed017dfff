//! The container engine in memory that the scenarios of `tests/parity` take place on, in every language.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::Store;
use dokploy_core::deployment::{EventKind, Failure, Reason};
use dokploy_core::error::{Error, ErrorKind, Result};
use dokploy_core::id::{DeploymentId, WorkerId};
use dokploy_core::runtime::{FakeBehavior, FakeBuild, FakeRuntime};
use dokploy_core::store::Append;

/// Seals the secrets of engines in memory.
pub const KEY: &str = "u7OeW2mGr0vPyB8N4sJkQxLh1TfCiZpAoDdXgRw5EYk=";

/// A container engine that does what the files of `scenarios.json` would do on a real one.
pub fn runtime() -> FakeRuntime {
    let runtime = FakeRuntime::new();
    runtime.choose_build(|input| build(&input.request.dockerfile));
    runtime.choose_behavior(|launch| {
        let sleeps = launch.command?.get(1)? == "sleep";
        sleeps.then(|| FakeBehavior::NeverHealthy {
            killed_after: Some(Duration::from_millis(1500)),
        })
    });
    runtime
}

fn build(dockerfile: &str) -> Option<FakeBuild> {
    match dockerfile {
        "broken.Dockerfile" => Some(FakeBuild {
            failure: Some("RUN /bin/busybox false: exit code 1".to_owned()),
            ..FakeBuild::default()
        }),
        "slow.Dockerfile" => Some(FakeBuild {
            duration: Duration::from_secs(8),
            ..FakeBuild::default()
        }),
        _ => None,
    }
}

/// Writes many events to the next deployment that waits, and ends it, all at once.
///
/// # Errors
///
/// `conflict` when none waits, and what the store answers.
pub async fn flood(store: &Arc<dyn Store>, count: usize) -> Result<DeploymentId> {
    let worker = WorkerId::new();
    let claim = store
        .claim_next(worker, Duration::from_mins(1), false)
        .await?;
    let claim = claim.ok_or_else(|| Error::new(ErrorKind::Conflict, "no deployment waits"))?;
    let mut events = vec![EventKind::Claimed {
        worker,
        epoch: claim.fence.epoch,
        attempt: claim.attempt,
    }];
    events.extend((0..count).map(|number| EventKind::Warned {
        message: format!("warning {number}"),
    }));
    let flooded = Error::new(ErrorKind::Unexpected, "flooded");
    events.push(EventKind::Failed {
        reason: Reason::StepFailed,
        failure: Failure::from_error(None, &flooded),
    });
    let append = Append {
        deployment: claim.deployment.id,
        at: claim.deployment.created_at,
        before: claim.deployment.state,
        events,
        fence: Some(claim.fence),
        promote: None,
    };
    store.append_events(&append).await?;
    Ok(append.deployment)
}
