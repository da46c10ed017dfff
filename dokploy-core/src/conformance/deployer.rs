//! What every [`Deployer`] has to do: one case for each sentence of its description, in process or through a network.
//!
//! [`deployer_conformance!`](crate::deployer_conformance) makes a test of each case. It takes the name of an async
//! function that sets up a [`Fixture`] and hands it to the case.
#![expect(clippy::unwrap_used, reason = "a case fails by panicking")]
#![expect(missing_docs, reason = "the names of the cases are sentences")]

pub mod accept;
pub mod cancel;
pub mod plan;
pub mod rollback;
pub mod watch;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::deployer::{DeployRequest, Deployer, DeploymentHandle};
use crate::deployment::{Event, Status};
use crate::id::ApplicationId;
use crate::model::{Deployment, DeploymentRequest};

/// How long anything in the suite may take.
pub const DEADLINE: Duration = Duration::from_mins(2);

/// Deployments that the deployer under test lets wait.
pub const QUEUE_MAX: u64 = 20;

/// What a committed version does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// It is built and healthy within seconds. The number tells it from others.
    Good(u32),
    /// It is built, and its containers end with an error.
    Broken,
    /// Its build prints a line and then takes an hour.
    Endless,
}

/// A deployer, and the world that it deploys in.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// The deployer under test. Its queue holds [`QUEUE_MAX`] deployments, and it works on three at once.
    fn deployer(&self) -> Arc<dyn Deployer>;

    /// Makes an application with one replica, a short monitor period and a source that holds nothing yet.
    async fn application(&self, name: &str) -> ApplicationId;

    /// Commits a version to the source of an application, and returns its commit.
    async fn commit(&self, application: ApplicationId, version: Version) -> String;

    /// Ends the process that deploys as a crash does, and starts another one on the same store.
    async fn crash(&self);
}

/// Makes a test of each case of the conformance suite of deployers.
///
/// The argument is an async function that takes a case, `impl AsyncFnOnce(Arc<dyn Fixture>)`, and runs it with a new
/// fixture.
#[macro_export]
macro_rules! deployer_conformance {
    ($run:path) => {
        $crate::deployer_conformance!(@tests $run,
            accept: [
                a_deployment_is_accepted_at_once_and_ends,
                what_was_accepted_survives_the_end_of_the_process,
                the_same_key_gives_the_same_deployment,
                keys_of_different_applications_are_apart,
                deploying_what_does_not_exist_is_not_found,
                a_malformed_request_is_refused,
                a_full_queue_is_refused,
                a_newer_deployment_supersedes_one_that_waits,
                a_deployment_is_found_as_it_was_asked_for,
                a_broken_version_is_rolled_back_and_says_why,
            ],
            rollback: [
                a_rollback_brings_back_the_release_before_without_a_build,
                a_rollback_names_any_retained_release,
                a_rollback_to_nothing_is_not_found,
                a_rollback_to_the_current_release_is_a_conflict,
                a_rolled_back_deployment_says_by_which,
                the_same_key_gives_the_same_rollback,
            ],
            cancel: [
                a_cancelled_deployment_ends_cancelled,
                cancelling_again_changes_nothing,
                cancelling_what_has_ended_changes_nothing,
                cancelling_what_does_not_exist_is_not_found,
                cancelling_what_waits_ends_it,
            ],
            watch: [
                events_are_numbered_without_a_gap_and_end_with_the_terminal_one,
                events_are_replayed_after_any_number,
                events_are_told_while_they_happen,
                many_watchers_see_the_same,
                dropping_a_watch_or_a_handle_stops_nothing,
                watching_what_does_not_exist_is_not_found,
                lines_are_numbered_without_a_gap,
                lines_are_read_after_any_number,
                lines_are_followed_until_the_end,
            ],
            plan: [
                a_plan_changes_nothing,
                a_plan_says_what_a_deployment_does,
                a_plan_of_nothing_new_says_so,
                a_plan_that_is_out_of_date_is_a_conflict,
                a_plan_of_what_does_not_exist_is_not_found,
            ]
        );
    };
    (@tests $run:path, $($module:ident: [$($case:ident),+ $(,)?]),+) => {
        $(mod $module {
            use super::*;

            $(
                #[tokio::test]
                async fn $case() {
                    $run($crate::conformance::deployer::$module::$case).await;
                }
            )+
        })+
    };
}

/// Commits a version, deploys it and waits for the end.
async fn deploy(fixture: &dyn Fixture, application: ApplicationId, version: Version) -> Deployment {
    fixture.commit(application, version).await;
    let handle = ask(fixture, application).await;
    handle.wait(DEADLINE).await.unwrap()
}

/// Asks for a deployment of the head.
async fn ask(fixture: &dyn Fixture, application: ApplicationId) -> DeploymentHandle {
    let request = DeployRequest::of(application);
    fixture.deployer().deploy(request).await.unwrap()
}

/// Asks for a deployment.
async fn ask_for(
    fixture: &dyn Fixture,
    application: ApplicationId,
    request: DeploymentRequest,
) -> DeploymentHandle {
    let request = DeployRequest {
        request,
        ..DeployRequest::of(application)
    };
    fixture.deployer().deploy(request).await.unwrap()
}

/// Events after a number, to the end.
async fn events(handle: &DeploymentHandle, after: u64) -> Vec<Event> {
    use futures::StreamExt;
    let events = handle.events(after).map(Result::unwrap).collect();
    tokio::time::timeout(DEADLINE, events).await.unwrap()
}

/// Asks for an endless deployment, and waits until a worker builds it.
async fn building(fixture: &dyn Fixture, application: ApplicationId) -> DeploymentHandle {
    fixture.commit(application, Version::Endless).await;
    let handle = ask(fixture, application).await;
    let begun = async {
        while handle.get().await.unwrap().state.status != Status::Building {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, begun).await.unwrap();
    handle
}
