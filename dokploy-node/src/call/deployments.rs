//! Deployments, plans and releases.

use std::time::Duration;

use dokploy_core::deployment::Status;
use dokploy_core::model::{ActorRef, ApplicationSpec, DeploymentRequest};
use dokploy_core::store::DeploymentFilter;
use dokploy_core::{
    DeployRequest, Deployer, DeploymentHandle, Engine, Error, Result, RollbackRequest,
};

use super::{arguments, part, seconds};
use crate::error::write;

pub(super) async fn list_releases(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; application: String, limit: Option<u32>, before: Option<String>);
    let page = part(limit, before.as_deref())?;
    let store = engine.store();
    write(&store.list_releases(application.parse()?, page).await?)
}

pub(super) async fn find_release(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.store().find_release(id.parse()?).await?)
}

pub(super) async fn deploy(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text;
        application: String,
        request: Option<DeploymentRequest>,
        idempotency_key: Option<String>,
        plan_digest: Option<String>,
    );
    let request = DeployRequest {
        application: application.parse()?,
        request: request.unwrap_or_default(),
        idempotency_key,
        plan_digest,
    };
    write(&engine.deploy(request).await?.id())
}

pub(super) async fn roll_back(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text;
        application: String,
        release: Option<String>,
        actor: Option<String>,
        idempotency_key: Option<String>,
    );
    let request = RollbackRequest {
        application: application.parse()?,
        release: release.map(|id| id.parse()).transpose()?,
        actor: actor.map(ActorRef),
        idempotency_key,
    };
    write(&engine.roll_back(request).await?.id())
}

pub(super) async fn plan(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; application: String, request: Option<DeploymentRequest>);
    let request = DeployRequest {
        request: request.unwrap_or_default(),
        ..DeployRequest::of(application.parse()?)
    };
    write(&engine.plan(request).await?)
}

pub(super) async fn preview(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; project: String, spec: ApplicationSpec, request: Option<DeploymentRequest>);
    let request = request.unwrap_or_default();
    write(&engine.preview(&project, spec, &request).await?)
}

pub(super) async fn list(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text;
        application: Option<String>,
        project: Option<String>,
        status: Option<Status>,
        limit: Option<u32>,
        before: Option<String>,
    );
    let filter = DeploymentFilter {
        application: application.map(|id| id.parse()).transpose()?,
        project: project.map(|id| id.parse()).transpose()?,
        status,
        ..DeploymentFilter::default()
    };
    let page = part(limit, before.as_deref())?;
    write(&engine.deployments(&filter, page).await?)
}

pub(super) async fn find(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&engine.find(id.parse()?).await?)
}

pub(super) async fn get(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String);
    write(&handle(engine, &id)?.get().await?)
}

pub(super) async fn wait(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String, timeout: Option<f64>);
    let deadline = match timeout {
        Some(timeout) => seconds("timeout", timeout)?,
        None => Duration::MAX,
    };
    write(&handle(engine, &id)?.wait(deadline).await?)
}

pub(super) async fn cancel(engine: &Engine, text: &str) -> Result<String> {
    arguments!(text; id: String, actor: Option<String>);
    write(&handle(engine, &id)?.cancel(actor.map(ActorRef)).await?)
}

/// A deployment that was accepted before.
pub(crate) fn handle(engine: &Engine, id: &str) -> Result<DeploymentHandle, Error> {
    Ok(DeploymentHandle::new(engine.deployer(), id.parse()?))
}
