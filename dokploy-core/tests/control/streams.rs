//! Open streams end with the right to them.

use std::time::Duration;

use dokploy_core::control::{ControlPlane, ProjectChange, Subject, UserChange};
use dokploy_core::deployment::Event;
use dokploy_core::model::{Application, Project, Role};
use dokploy_core::{Actor, DeployRequest, Error, Result};
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::scene::{Scene, application_in, fresh_name, project_of, system};

/// Somebody of a team looks at a deployment that waits.
struct Watching {
    scene: Scene,
    control: ControlPlane,
    owner: Actor,
    watcher: Actor,
    project: Project,
    application: Application,
    events: BoxStream<'static, Result<Event>>,
}

impl Watching {
    async fn new() -> Self {
        let scene = Scene::in_memory();
        let control = scene.control().await;
        let owner = scene.person(&control, Role::Developer).await;
        let watcher = scene.person(&control, Role::Viewer).await;
        let project = project_of(&control, &owner).await;
        let team = control.create_team(&system(), &fresh_name()).await.unwrap();
        let member = watcher.user_id().unwrap();
        control
            .add_member(&system(), team.id, member)
            .await
            .unwrap();
        let change = ProjectChange {
            team_id: Some(Some(team.id)),
            ..ProjectChange::default()
        };
        let project = control
            .update_project(&system(), project.id, None, change)
            .await
            .unwrap();
        let application = application_in(&control, project.id).await;
        let request = DeployRequest::of(application.id);
        let deployment = control.deploy(&owner, request).await.unwrap();
        let mut events = control.events(&watcher, deployment.id, 0).await.unwrap();
        // The first event is there already; the next one never comes, because nobody works.
        events.next().await.unwrap().unwrap();
        Self {
            scene,
            control,
            owner,
            watcher,
            project,
            application,
            events,
        }
    }

    /// How the stream ends.
    async fn end(&mut self) -> (Error, Duration) {
        let begun = tokio::time::Instant::now();
        let error = self.events.next().await.unwrap().unwrap_err();
        assert!(
            self.events.next().await.is_none(),
            "an error is the last item"
        );
        (error, begun.elapsed())
    }
}

/// Far less than the time after which a stream looks by itself.
const AT_ONCE: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn a_logout_ends_it_at_once() {
    let mut watching = Watching::new().await;
    watching.control.logout(&watching.watcher).await.unwrap();
    let (error, after) = watching.end().await;
    assert_eq!(error.code(), "unauthenticated");
    assert!(after < AT_ONCE, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn leaving_the_team_ends_it_at_once() {
    let mut watching = Watching::new().await;
    let (team, user) = (
        watching.project.team_id.unwrap(),
        watching.watcher.user_id().unwrap(),
    );
    watching
        .control
        .remove_member(&system(), team, user)
        .await
        .unwrap();
    let (error, after) = watching.end().await;
    assert_eq!(error.code(), "permission_denied");
    assert!(after < AT_ONCE, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn taking_the_project_from_the_team_ends_it_at_once() {
    let mut watching = Watching::new().await;
    let change = ProjectChange {
        team_id: Some(None),
        ..ProjectChange::default()
    };
    let (owner, project) = (&watching.owner, watching.project.id);
    watching
        .control
        .update_project(owner, project, None, change)
        .await
        .unwrap();
    let (error, after) = watching.end().await;
    assert_eq!(error.code(), "permission_denied");
    assert!(after < AT_ONCE, "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn disabling_by_a_process_that_sends_no_signal_ends_it_within_seconds() {
    let mut watching = Watching::new().await;
    let deaf = Scene::on(std::sync::Arc::clone(&watching.scene.store));
    let other = deaf.control().await;
    let change = UserChange {
        disabled: Some(true),
        ..UserChange::default()
    };
    let user = watching.watcher.user_id().unwrap();
    other
        .update_user(&system(), user, None, change)
        .await
        .unwrap();
    let (error, after) = watching.end().await;
    assert_eq!(error.code(), "unauthenticated");
    assert!(after <= Duration::from_secs(5), "{after:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_after_the_right_has_ended_is_not_passed_on() {
    let watching = Watching::new().await;
    let items = futures::stream::repeat_with(|| Ok(1)).boxed();
    let subject = Subject::Application(watching.application.id);
    let mut guarded = watching
        .control
        .guarded(watching.watcher.clone(), subject, items);
    assert_eq!(guarded.next().await.unwrap().unwrap(), 1);
    watching.control.logout(&watching.watcher).await.unwrap();
    let next = guarded.next().await.unwrap();
    assert_eq!(next.unwrap_err().code(), "unauthenticated");
    assert!(guarded.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn who_keeps_his_right_keeps_his_stream() {
    let mut watching = Watching::new().await;
    // Something changes about him that takes nothing away.
    let change = UserChange {
        role: Some(Role::Developer),
        ..UserChange::default()
    };
    let user = watching.watcher.user_id().unwrap();
    watching
        .control
        .update_user(&system(), user, None, change)
        .await
        .unwrap();
    let quiet = tokio::time::timeout(Duration::from_mins(10), watching.events.next()).await;
    assert!(
        quiet.is_err(),
        "nothing happened, and nothing ended: {quiet:?}"
    );
    let filter = dokploy_core::store::DeploymentFilter::default();
    let page = dokploy_core::model::PageRequest::first();
    let listed = watching
        .control
        .deployments(&watching.owner, &filter, page)
        .await
        .unwrap();
    watching
        .control
        .cancel(&watching.owner, listed.items[0].id)
        .await
        .unwrap();
    let rest: Vec<_> = watching.events.map(Result::unwrap).collect().await;
    assert!(!rest.is_empty(), "the end of the deployment is passed on");
}

#[tokio::test]
async fn nobody_opens_a_stream_of_what_he_does_not_reach() {
    let watching = Watching::new().await;
    let stranger = watching
        .scene
        .person(&watching.control, Role::Developer)
        .await;
    for subject in [
        Subject::Project(watching.project.id),
        Subject::Application(watching.application.id),
        Subject::ApplicationLogs(watching.application.id),
    ] {
        let refused = watching.control.require_subject(&stranger, subject).await;
        assert_eq!(refused.unwrap_err().code(), "not_found");
    }
}
