//! Dry runs.

use std::sync::Arc;

use super::{DEADLINE, Fixture, Version, deploy};
use crate::deployer::{DeployRequest, Deployer, Plan, PlanAction};
use crate::deployment::{Reason, Status};
use crate::error::ErrorKind;
use crate::id::ApplicationId;

async fn plan(fixture: &dyn Fixture, application: ApplicationId) -> Plan {
    let request = DeployRequest::of(application);
    fixture.deployer().plan(request).await.unwrap()
}

pub async fn a_plan_changes_nothing(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    fixture.commit(application, Version::Good(1)).await;
    let first = plan(&*fixture, application).await;
    let second = plan(&*fixture, application).await;
    assert_eq!(first, second);
    assert_eq!(first.action, PlanAction::Create);
    assert!(first.build.is_some(), "nothing was built meanwhile");
}

pub async fn a_plan_says_what_a_deployment_does(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    deploy(&*fixture, application, Version::Good(1)).await;
    let commit = fixture.commit(application, Version::Good(2)).await;
    let plan = plan(&*fixture, application).await;
    assert_eq!(plan.action, PlanAction::Update);
    assert_eq!(plan.revision.as_ref(), Some(&commit));
    assert_eq!(plan.restarts, 1);
    let image = plan
        .changes
        .iter()
        .find(|change| change.field == "image")
        .unwrap();
    assert_eq!(image.to.as_ref(), Some(&plan.image));
    assert!(image.restarts && plan.image.contains(&commit[..7]));
    assert!(!plan.order_reason.is_empty());
}

pub async fn a_plan_of_nothing_new_says_so(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    deploy(&*fixture, application, Version::Good(1)).await;
    let plan = plan(&*fixture, application).await;
    assert_eq!((plan.action, plan.restarts), (PlanAction::Nothing, 0));
    assert_eq!((plan.build, plan.changes), (None, Vec::new()));
    let request = DeployRequest::of(application);
    let handle = fixture.deployer().deploy(request).await.unwrap();
    let ended = handle.wait(DEADLINE).await.unwrap();
    assert_eq!(
        (ended.state.status, ended.state.reason),
        (Status::Success, Reason::Unchanged)
    );
}

pub async fn a_plan_that_is_out_of_date_is_a_conflict(fixture: Arc<dyn Fixture>) {
    let application = fixture.application("web").await;
    fixture.commit(application, Version::Good(1)).await;
    let planned = |digest: String| DeployRequest {
        plan_digest: Some(digest),
        ..DeployRequest::of(application)
    };
    let before = plan(&*fixture, application).await.digest;
    fixture.commit(application, Version::Good(2)).await;
    let refused = fixture
        .deployer()
        .deploy(planned(before))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    let now = plan(&*fixture, application).await.digest;
    let handle = fixture.deployer().deploy(planned(now)).await.unwrap();
    assert_eq!(
        handle.wait(DEADLINE).await.unwrap().state.status,
        Status::Success
    );
}

pub async fn a_plan_of_what_does_not_exist_is_not_found(fixture: Arc<dyn Fixture>) {
    let request = DeployRequest::of(ApplicationId::new());
    let refused = fixture.deployer().plan(request).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}
