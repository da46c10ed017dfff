//! Cancelling.

use std::sync::Arc;

use super::{DEADLINE, Fixture, Version, ask, building, deploy, events};
use crate::deployer::{Deployer, DeploymentHandle};
use crate::deployment::{EventKind, Reason, Status};
use crate::error::ErrorKind;
use crate::id::DeploymentId;
use crate::model::ActorRef;

pub async fn a_cancelled_deployment_ends_cancelled(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let handle = building(&*fixture, application).await;
    let ann = ActorRef("ann".to_owned());
    let asked = handle.cancel(Some(ann.clone())).await.unwrap();
    assert!(asked.state.cancel_requested);
    let ended = handle.wait(DEADLINE).await.unwrap();
    assert_eq!(
        (ended.state.status, ended.state.reason),
        (Status::Cancelled, Reason::Requested)
    );
    let told = events(&handle, 0).await.into_iter().any(|event| {
        matches!(event.kind, EventKind::CancelRequested { actor } if actor.as_ref() == Some(&ann))
    });
    assert!(told);
}

pub async fn cancelling_again_changes_nothing(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let handle = building(&*fixture, application).await;
    for _ in 0..3 {
        handle.cancel(None).await.unwrap();
    }
    handle.wait(DEADLINE).await.unwrap();
    let requests = events(&handle, 0).await;
    let requests = requests
        .iter()
        .filter(|event| matches!(event.kind, EventKind::CancelRequested { .. }));
    assert_eq!(requests.count(), 1);
}

pub async fn cancelling_what_has_ended_changes_nothing(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let ended = deploy(&*fixture, application, Version::Good(1)).await;
    let handle = DeploymentHandle::new(fixture.deployer(), ended.id);
    let answer = handle.cancel(None).await.unwrap();
    assert_eq!(answer.state.status, Status::Success);
    assert!(!handle.get().await.unwrap().state.cancel_requested);
}

pub async fn cancelling_what_does_not_exist_is_not_found(fixture: Arc<dyn Fixture>) {
    let refused = fixture
        .deployer()
        .cancel(DeploymentId::new(), None)
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

pub async fn cancelling_what_waits_ends_it(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let running = building(&*fixture, application).await;
    let waiting = ask(&*fixture, application).await;
    waiting.cancel(None).await.unwrap();
    let ended = waiting.wait(DEADLINE).await.unwrap();
    assert_eq!(ended.state.status, Status::Cancelled);
    assert_eq!(ended.state.attempt, 0, "no worker has begun it");
    running.cancel(None).await.unwrap();
}
