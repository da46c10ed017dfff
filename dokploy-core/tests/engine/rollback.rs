//! Going back by hand.

use dokploy_core::deployment::{EventKind, Reason, Status, Step};
use dokploy_core::model::{EnvDelivery, EnvValue, EnvVar, PageRequest};
use dokploy_core::runtime::FakeBehavior;
use dokploy_core::{Deployer, DeploymentHandle, ErrorKind, Result, RollbackRequest};

use crate::world::{App, SECOND, World, end, events, outcome, texts};

async fn roll_back(
    app: &App<'_>,
    release: Option<dokploy_core::id::ReleaseId>,
) -> Result<DeploymentHandle> {
    let request = RollbackRequest {
        application: app.application.id,
        release,
        actor: None,
        idempotency_key: None,
    };
    app.engine.roll_back(request).await
}

fn secret(value: &str) -> EnvVar {
    EnvVar {
        key: "TOKEN".to_owned(),
        value: EnvValue::Secret {
            secret: value.into(),
        },
        delivery: EnvDelivery::File,
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_brings_the_release_back_as_it_was_without_a_build() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world
        .app(&engine, |spec| spec.env_vars.push(secret("first-value")))
        .await;
    let first = app.deploy_version("v1").await;
    let before = app.service().await.unwrap();
    app.update(|spec| spec.env_vars = vec![secret("second-value")])
        .await;
    let second = app.deploy_version("v2").await;
    let builds = world.builds();
    let resolved = world.source.count(dokploy_core::source::FakeCall::Resolve);

    let handle = roll_back(&app, None).await.unwrap();
    let back = end(&handle).await;
    assert_eq!(outcome(&back), (Status::Success, Reason::Healthy));
    assert_eq!(back.state.release_id, first.state.release_id);
    assert_eq!(
        app.stored().await.current_release_id,
        first.state.release_id
    );
    assert_eq!(app.serving().await, texts(["v1"]));
    assert_eq!(world.builds(), builds);
    assert_eq!(
        world.source.count(dokploy_core::source::FakeCall::Resolve),
        resolved
    );
    // The environment came back as well: the specification is the old one but for what tells deployments apart.
    let after = app.service().await.unwrap();
    assert_eq!(after.labels["dokploy.spec"], before.labels["dokploy.spec"]);

    let replaced = app.engine.find(second.id).await.unwrap().unwrap();
    assert_eq!(outcome(&replaced), (Status::RolledBack, Reason::Requested));
    let last = events(&app.engine_handle(second.id)).await.pop().unwrap();
    assert!(
        matches!(last, EventKind::RolledBack { by: Some(by), .. } if by == back.id),
        "{last:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rollback_goes_past_what_was_rolled_back_before() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.deploy_version("v1").await;
    app.deploy_version("v2").await;
    end(&roll_back(&app, None).await.unwrap()).await;
    app.deploy_version("v3").await;
    let back = end(&roll_back(&app, None).await.unwrap()).await;
    assert_eq!(back.state.status, Status::Success);
    assert_eq!(
        app.serving().await,
        texts(["v1"]),
        "v2 was found to be bad by a person"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_rollback_is_not_rolled_back() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    app.commit_that("v1", FakeBehavior::healthy());
    end(&app.deploy().await).await;
    let second = app.deploy_version("v2").await;
    // What v1 needs is not there any more.
    world.runtime.choose_behavior(|launch| {
        let is_back = launch.image_labels.get("dokploy.revision").is_some();
        (is_back && launch.labels["dokploy.rollout"].contains("apply_service"))
            .then(|| FakeBehavior::crashes_after(SECOND))
    });
    let handle = roll_back(&app, None).await.unwrap();
    let bad = end(&handle).await;
    assert_eq!(outcome(&bad), (Status::Failed, Reason::RollbackFailed));
    let steps = events(&handle).await;
    let restored = |event: &EventKind| {
        matches!(
            event,
            EventKind::StepStarted {
                step: Step::RestorePrevious
            }
        )
    };
    assert!(!steps.iter().any(restored));
    let kept = app.engine.find(second.id).await.unwrap().unwrap();
    assert_eq!(
        kept.state.status,
        Status::Success,
        "nobody went back from it"
    );
}

#[tokio::test(start_paused = true)]
async fn foreign_current_and_retired_releases_are_refused() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    let first = app.deploy_version("v1").await.state.release_id.unwrap();
    assert_eq!(
        roll_back(&app, None).await.unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        roll_back(&app, Some(first)).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    let project = world.project(&engine, "shop").await;
    let other = world.app_in(&engine, &project, "other", |_| {}).await;
    let foreign = other.deploy_version("o1").await.state.release_id.unwrap();
    let absent = dokploy_core::id::ReleaseId::new();
    for unknown in [foreign, absent] {
        let refused = roll_back(&app, Some(unknown)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NotFound);
        assert_eq!(
            refused.message(),
            format!("release {unknown} does not exist")
        );
    }
    for version in 2..=12 {
        let done = app.deploy_version(&format!("v{version}")).await;
        assert_eq!(done.state.status, Status::Success);
    }
    let releases = world
        .store
        .list_releases(app.application.id, PageRequest::first())
        .await
        .unwrap();
    let retained = releases
        .items
        .iter()
        .filter(|release| release.retired_at.is_none());
    assert!(retained.count() <= 11);
    assert_eq!(
        roll_back(&app, Some(first)).await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    let oldest = releases
        .items
        .iter()
        .rfind(|release| release.retired_at.is_none())
        .unwrap();
    let back = end(&roll_back(&app, Some(oldest.id)).await.unwrap()).await;
    assert_eq!(
        back.state.status,
        Status::Success,
        "what is retained can be gone back to"
    );
}

#[tokio::test(start_paused = true)]
async fn a_rollback_to_a_release_of_the_same_content_makes_it_current() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    let first = app.deploy_version("v1").await.state.release_id.unwrap();
    app.update(|spec| drop(spec.labels.insert("a".to_owned(), "1".to_owned())))
        .await;
    app.deploy_version("v1").await;
    app.update(|spec| spec.labels.clear()).await;
    let third = app.deploy_version("v1").await.state.release_id.unwrap();
    assert_ne!(first, third);
    let back = end(&roll_back(&app, Some(first)).await.unwrap()).await;
    assert_eq!(back.state.release_id, Some(first));
    assert_eq!(app.stored().await.current_release_id, Some(first));
}

#[tokio::test(start_paused = true)]
async fn the_same_key_gives_the_same_rollback_also_after_its_end() {
    let world = World::new();
    let engine = world.engine().await;
    let app = world.app(&engine, |_| {}).await;
    let first = app.deploy_version("v1").await.state.release_id;
    app.deploy_version("v2").await;
    let request = || RollbackRequest {
        application: app.application.id,
        release: first,
        actor: None,
        idempotency_key: Some("click-1".to_owned()),
    };
    let handle = app.engine.roll_back(request()).await.unwrap();
    end(&handle).await;
    let again = app.engine.roll_back(request()).await.unwrap();
    assert_eq!(again.id(), handle.id());
}
