//! Going back.

use std::sync::Arc;

use super::{DEADLINE, Fixture, Version, deploy, events};
use crate::deployer::{Deployer, DeploymentHandle, RollbackRequest};
use crate::deployment::{EventKind, Reason, Status, Step};
use crate::error::{ErrorKind, Result};
use crate::id::{ApplicationId, ReleaseId};
use crate::model::DeploymentKind;

async fn roll_back(
    fixture: &dyn Fixture,
    application: ApplicationId,
    release: Option<ReleaseId>,
) -> Result<DeploymentHandle> {
    let request = RollbackRequest {
        application,
        release,
        actor: None,
        idempotency_key: None,
    };
    fixture.deployer().roll_back(request).await
}

pub async fn a_rollback_brings_back_the_release_before_without_a_build(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let first = deploy(&*fixture, application, Version::Good(1)).await;
    deploy(&*fixture, application, Version::Good(2)).await;
    let handle = roll_back(&*fixture, application, None).await.unwrap();
    let ended = handle.wait(DEADLINE).await.unwrap();
    assert_eq!(ended.kind, DeploymentKind::Rollback);
    assert_eq!(ended.state.status, Status::Success);
    assert_eq!(ended.state.release_id, first.state.release_id);
    assert!(!ended.state.steps.contains_key(&Step::FetchSource));
    assert!(!ended.state.steps.contains_key(&Step::BuildImage));
}

pub async fn a_rollback_names_any_retained_release(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let first = deploy(&*fixture, application, Version::Good(1)).await;
    deploy(&*fixture, application, Version::Good(2)).await;
    deploy(&*fixture, application, Version::Good(3)).await;
    let target = first.state.release_id;
    let handle = roll_back(&*fixture, application, target).await.unwrap();
    let ended = handle.wait(DEADLINE).await.unwrap();
    assert_eq!(ended.state.status, Status::Success);
    assert_eq!(ended.state.release_id, target);
    assert_eq!(ended.target_release_id, target);
}

pub async fn a_rollback_to_nothing_is_not_found(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let refused = roll_back(&*fixture, application, None).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    deploy(&*fixture, application, Version::Good(1)).await;
    let refused = roll_back(&*fixture, application, None).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    let absent = Some(ReleaseId::new());
    let refused = roll_back(&*fixture, application, absent).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    // A release of another application is none of this one.
    let other = fixture.application("api").await;
    let foreign = deploy(&*fixture, other, Version::Good(1))
        .await
        .state
        .release_id;
    let refused = roll_back(&*fixture, application, foreign)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

pub async fn a_rollback_to_the_current_release_is_a_conflict(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let current = deploy(&*fixture, application, Version::Good(1))
        .await
        .state
        .release_id;
    let refused = roll_back(&*fixture, application, current)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
}

pub async fn a_rolled_back_deployment_says_by_which(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    deploy(&*fixture, application, Version::Good(1)).await;
    let second = deploy(&*fixture, application, Version::Good(2)).await;
    let back = roll_back(&*fixture, application, None).await.unwrap();
    back.wait(DEADLINE).await.unwrap();
    let handle = DeploymentHandle::new(fixture.deployer(), second.id);
    let replaced = handle.get().await.unwrap();
    assert_eq!(replaced.state.status, Status::RolledBack);
    assert_eq!(replaced.state.reason, Reason::Requested);
    let last = events(&handle, 0).await.pop().unwrap();
    assert!(matches!(last.kind, EventKind::RolledBack { by: Some(by), .. } if by == back.id()));
}

pub async fn the_same_key_gives_the_same_rollback(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let first = deploy(&*fixture, application, Version::Good(1)).await;
    deploy(&*fixture, application, Version::Good(2)).await;
    let request = || RollbackRequest {
        application,
        release: first.state.release_id,
        actor: None,
        idempotency_key: Some("click-1".to_owned()),
    };
    let handle = fixture.deployer().roll_back(request()).await.unwrap();
    handle.wait(DEADLINE).await.unwrap();
    let again = fixture.deployer().roll_back(request()).await.unwrap();
    assert_eq!(again.id(), handle.id());
}
