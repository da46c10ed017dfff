//! One application of a world.

use std::collections::BTreeSet;

use dokploy_core::id::DeploymentId;
use dokploy_core::model::{Application, ApplicationSpec, Deployment, DeploymentRequest};
use dokploy_core::runtime::{FakeBehavior, ObservedService};
use dokploy_core::{DeployRequest, Deployer, DeploymentHandle, Engine, Result};

use super::{World, end};

/// One application, and the engine that a test speaks to.
pub(crate) struct App<'a> {
    pub(crate) world: &'a World,
    pub(crate) engine: Engine,
    pub(crate) application: Application,
    pub(crate) url: String,
}

impl App<'_> {
    /// Commits a version that is healthy.
    pub(crate) fn commit(&self, text: &str) -> String {
        self.commit_that(text, FakeBehavior::healthy())
    }

    /// Commits a version whose containers do something else.
    pub(crate) fn commit_that(&self, text: &str, behavior: FakeBehavior) -> String {
        self.world.commit(&self.url, text, behavior)
    }

    /// Asks for a deployment of the head of the branch.
    pub(crate) async fn deploy(&self) -> DeploymentHandle {
        self.try_deploy(DeploymentRequest::default()).await.unwrap()
    }

    /// Asks for a deployment.
    pub(crate) async fn try_deploy(&self, request: DeploymentRequest) -> Result<DeploymentHandle> {
        let request = DeployRequest {
            request,
            ..DeployRequest::of(self.application.id)
        };
        self.engine.deploy(request).await
    }

    /// Commits a healthy version, deploys it and waits for the end.
    pub(crate) async fn deploy_version(&self, text: &str) -> Deployment {
        self.commit(text);
        end(&self.deploy().await).await
    }

    /// Commits another version, deploys it and waits for the end.
    pub(crate) async fn deploy_that(&self, text: &str, behavior: FakeBehavior) -> Deployment {
        self.commit_that(text, behavior);
        end(&self.deploy().await).await
    }

    /// A deployment of it.
    pub(crate) fn engine_handle(&self, id: DeploymentId) -> DeploymentHandle {
        DeploymentHandle::new(self.engine.deployer(), id)
    }

    /// The application as it is stored.
    pub(crate) async fn stored(&self) -> Application {
        let found = self
            .world
            .store
            .find_application(self.application.id)
            .await
            .unwrap();
        found.unwrap()
    }

    /// Changes the specification.
    pub(crate) async fn update(&self, change: impl FnOnce(&mut ApplicationSpec)) {
        let stored = self.stored().await;
        let mut spec = stored.spec;
        change(&mut spec);
        self.engine
            .update_application(stored.id, stored.version, spec)
            .await
            .unwrap();
    }

    /// Its service.
    pub(crate) async fn service(&self) -> Option<ObservedService> {
        self.world.service(&self.application.service_name).await
    }

    /// The texts of the versions that run.
    pub(crate) async fn serving(&self) -> BTreeSet<String> {
        self.world.serving(&self.application.service_name).await
    }
}
