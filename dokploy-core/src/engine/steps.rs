//! What each step does. All of them are idempotent and look before they act.

mod apply_service;
mod await_healthy;
mod build_image;
mod fetch_source;
mod push_image;
mod resolve_source;
mod restore_previous;
mod run_release_command;

use std::time::Duration;

use super::sink;
use super::worker::Work;
use crate::deployment::{EventKind, Reason, Status, Step, StepOutput};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ReleaseId;
use crate::model::{Application, Deployment, PageRequest, Revision};
use crate::store::{Append, ApplicationStore, DeploymentFilter, DeploymentStore};

/// Runs the effect of one step and answers what it found or made.
pub(crate) async fn run(work: &Work, step: Step) -> Result<StepOutput> {
    match step {
        Step::ResolveSource => resolve_source::run(work).await,
        Step::FetchSource => fetch_source::run(work).await,
        Step::BuildImage => build_image::run(work).await,
        Step::PushImage => push_image::run(work).await,
        Step::RunReleaseCommand => run_release_command::run(work).await,
        Step::ApplyService => apply_service::run(work).await,
        Step::AwaitHealthy => await_healthy::run(work).await,
        Step::RestorePrevious => restore_previous::run(work).await,
    }
}

/// What was seen when a step failed: the last lines of the failing task, of the build or of the release command.
pub(crate) async fn evidence(work: &Work, error: &Error) -> Vec<String> {
    if let Some(lines) = await_healthy::evidence(work, error).await {
        return lines;
    }
    match error.kind() {
        ErrorKind::BuildFailed | ErrorKind::TimedOut => work.output.recent(),
        _ => Vec::new(),
    }
}

/// Takes away what a step had to leave behind for a successor of its worker, now that the end is certain. What it
/// cannot reach is collected by the sweep of the next deployment.
pub(crate) async fn tidy(work: &Work) {
    if !work
        .journal
        .state()
        .steps
        .contains_key(&Step::RunReleaseCommand)
    {
        return;
    }
    let removed = tokio::time::timeout(TIDY_DEADLINE, run_release_command::remove(work)).await;
    if let Ok(Err(error)) = removed {
        tracing::warn!(error = %error, "the task of a release command was not removed");
    }
}

/// How long tidying up may hold up the end of a deployment.
const TIDY_DEADLINE: Duration = Duration::from_secs(10);

/// The revision that was resolved.
fn revision(work: &Work) -> Result<Revision> {
    match work.journal.state().output(Step::ResolveSource) {
        Some(StepOutput::Resolved { revision }) => Ok(revision.clone()),
        _ => Err(Error::new(
            ErrorKind::Unexpected,
            "the source was not resolved",
        )),
    }
}

/// An application that was stopped runs again after a deployment.
pub(crate) async fn mark_started(work: &Work) -> Result<()> {
    let store = &work.store;
    for _ in 0..MARK_TRIES_MAX {
        let found = store
            .find_application(work.deployment.application_id)
            .await?;
        let Some(application) = found.filter(|application| application.stopped) else {
            return Ok(());
        };
        let started = Application {
            stopped: false,
            updated_at: work.inner.clock.now(),
            ..application
        };
        match store.update_application(&started).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            outcome => return outcome.map(drop),
        }
    }
    Ok(())
}

/// Says of the deployments whose release is gone back from that a person rolled them back.
pub(crate) async fn mark_rolled_back(work: &Work, to: ReleaseId) -> Result<()> {
    let store = &work.store;
    let application = store
        .find_application(work.deployment.application_id)
        .await?;
    let Some(current) = application.and_then(|application| application.current_release_id) else {
        return Ok(());
    };
    if current == to {
        return Ok(());
    }
    let filter = DeploymentFilter {
        application: Some(work.deployment.application_id),
        status: Some(Status::Success),
        ..DeploymentFilter::default()
    };
    // The watch may write to one of them at the same time: it is read again then.
    for _ in 0..MARK_TRIES_MAX {
        let page = store
            .list_deployments(
                &filter,
                PageRequest {
                    limit: 200,
                    before: None,
                },
            )
            .await?;
        let replaced = page.items.into_iter().find(|deployment| {
            deployment.state.release_id == Some(current) && deployment.id != work.deployment.id
        });
        let Some(replaced) = replaced else {
            return Ok(());
        };
        match mark(work, replaced, to).await {
            Err(error) if error.kind() == ErrorKind::Conflict => {}
            outcome => outcome?,
        }
    }
    Ok(())
}

/// How many events are written or found outdated before the rest stays unmarked.
const MARK_TRIES_MAX: u32 = 100;

async fn mark(work: &Work, deployment: Deployment, to: ReleaseId) -> Result<()> {
    let rolled_back = EventKind::RolledBack {
        reason: Reason::Requested,
        release_id: Some(to),
        failure: None,
        by: Some(work.deployment.id),
    };
    let append = Append {
        deployment: deployment.id,
        before: deployment.state.clone(),
        events: vec![rolled_back],
        fence: None,
        promote: None,
        at: work.inner.clock.now(),
    };
    work.store.append_events(&append).await?;
    sink::tell_only(&work.inner, deployment.id, deployment.state.seq).await;
    Ok(())
}
