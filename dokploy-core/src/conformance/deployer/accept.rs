//! Accepting deployments.

use std::sync::Arc;

use super::{DEADLINE, Fixture, QUEUE_MAX, Version, ask, ask_for, building, deploy};
use crate::deployer::{DeployRequest, Deployer};
use crate::deployment::{Reason, Status};
use crate::error::ErrorKind;
use crate::id::{ApplicationId, DeploymentId};
use crate::model::{
    ActorRef, DeploymentKind, DeploymentRequest, DeploymentTrigger, SupersedePolicy,
};

pub async fn a_deployment_is_accepted_at_once_and_ends(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    fixture.commit(application, Version::Good(1)).await;
    let handle = ask(&*fixture, application).await;
    assert!(
        fixture
            .deployer()
            .find(handle.id())
            .await
            .unwrap()
            .is_some()
    );
    let ended = handle.wait(DEADLINE).await.unwrap();
    assert_eq!(
        (ended.state.status, ended.state.reason),
        (Status::Success, Reason::Healthy)
    );
    assert_eq!(ended.state.progress, 100);
}

pub async fn what_was_accepted_survives_the_end_of_the_process(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    fixture.commit(application, Version::Good(1)).await;
    let id = ask(&*fixture, application).await.id();
    fixture.crash().await;
    let ended = crate::deployer::wait(&fixture.deployer(), id, DEADLINE)
        .await
        .unwrap();
    assert_eq!(ended.state.status, Status::Success);
}

pub async fn the_same_key_gives_the_same_deployment(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    fixture.commit(application, Version::Good(1)).await;
    let keyed = || DeployRequest {
        idempotency_key: Some("delivery-1".to_owned()),
        ..DeployRequest::of(application)
    };
    let deployer = fixture.deployer();
    let deliveries = (0..20).map(|_| deployer.deploy(keyed()));
    let handles = futures::future::try_join_all(deliveries).await.unwrap();
    assert!(handles.iter().all(|handle| handle.id() == handles[0].id()));
    handles[0].wait(DEADLINE).await.unwrap();
    // Also after its end, when there would be something else to deploy.
    fixture.commit(application, Version::Good(2)).await;
    let again = deployer.deploy(keyed()).await.unwrap();
    assert_eq!(again.id(), handles[0].id());
}

pub async fn keys_of_different_applications_are_apart(fixture: Arc<dyn Fixture>) {
    let mut ids = Vec::new();
    for name in ["web", "api"] {
        let application = fixture.application(name).await;
        fixture.commit(application, Version::Good(1)).await;
        let request = DeployRequest {
            idempotency_key: Some("delivery-1".to_owned()),
            ..DeployRequest::of(application)
        };
        ids.push(fixture.deployer().deploy(request).await.unwrap().id());
    }
    assert_ne!(ids[0], ids[1]);
}

pub async fn deploying_what_does_not_exist_is_not_found(fixture: Arc<dyn Fixture>) {
    let request = DeployRequest::of(ApplicationId::new());
    let refused = fixture.deployer().deploy(request).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert!(
        fixture
            .deployer()
            .find(DeploymentId::new())
            .await
            .unwrap()
            .is_none()
    );
}

pub async fn a_malformed_request_is_refused(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let request = DeployRequest {
        request: DeploymentRequest {
            commit_sha: Some("--upload-pack=/bin/sh".to_owned()),
            ..DeploymentRequest::default()
        },
        ..DeployRequest::of(application)
    };
    let refused = fixture.deployer().deploy(request).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidSpec);
    assert!(!refused.violations().is_empty());
}

pub async fn a_full_queue_is_refused(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let running = building(&*fixture, application).await;
    let request = || DeploymentRequest {
        supersede: SupersedePolicy::Never,
        ..DeploymentRequest::default()
    };
    let mut waiting = Vec::new();
    for _ in 0..QUEUE_MAX {
        waiting.push(ask_for(&*fixture, application, request()).await);
    }
    let one_more = DeployRequest {
        request: request(),
        ..DeployRequest::of(application)
    };
    let refused = fixture.deployer().deploy(one_more).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::RateLimited);
    assert!(refused.is_retryable());
    for handle in waiting.into_iter().chain([running]) {
        handle.cancel(None).await.unwrap();
    }
}

pub async fn a_newer_deployment_supersedes_one_that_waits(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let running = building(&*fixture, application).await;
    let older = ask(&*fixture, application).await;
    fixture.commit(application, Version::Good(1)).await;
    let newer = ask(&*fixture, application).await;
    let superseded = older.wait(DEADLINE).await.unwrap();
    assert_eq!(superseded.state.status, Status::Superseded);
    assert_eq!(superseded.state.superseded_by, Some(newer.id()));
    assert!(!running.get().await.unwrap().state.status.is_terminal());
    running.cancel(None).await.unwrap();
    assert_eq!(
        newer.wait(DEADLINE).await.unwrap().state.status,
        Status::Success
    );
}

pub async fn a_deployment_is_found_as_it_was_asked_for(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    let commit = fixture.commit(application, Version::Good(1)).await;
    fixture.commit(application, Version::Good(2)).await;
    let request = DeploymentRequest {
        commit_sha: Some(commit.clone()),
        title: Some("the first one".to_owned()),
        trigger: DeploymentTrigger::Cli,
        actor: Some(ActorRef("ann".to_owned())),
        ..DeploymentRequest::default()
    };
    let handle = ask_for(&*fixture, application, request.clone()).await;
    let ended = handle.wait(DEADLINE).await.unwrap();
    assert_eq!(ended.id, handle.id());
    assert_eq!(ended.application_id, application);
    assert_eq!(ended.kind, DeploymentKind::Deploy);
    assert_eq!(ended.request, request);
    let events = super::events(&handle, 0).await;
    let resolved = serde_json::to_string(&events).unwrap();
    assert!(resolved.contains(&commit), "{resolved}");
}

pub async fn a_broken_version_is_rolled_back_and_says_why(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    deploy(&*fixture, application, Version::Good(1)).await;
    let ended = deploy(&*fixture, application, Version::Broken).await;
    assert_eq!(
        (ended.state.status, ended.state.reason),
        (Status::RolledBack, Reason::Unhealthy)
    );
    let failure = ended.state.failure.unwrap();
    assert_eq!(failure.code, ErrorKind::Unhealthy);
    assert!(failure.hint.is_some() && !failure.message.is_empty());
}
