//! The conformance suite of deployers, on an engine with fakes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dokploy_core::conformance::deployer::{Fixture, QUEUE_MAX, Version};
use dokploy_core::id::ApplicationId;
use dokploy_core::runtime::{FakeBehavior, FakeBuild};
use dokploy_core::{Deployer, Engine, EngineOptions};

use crate::world::{SECOND, World};

struct OnFakes {
    world: World,
    engine: Mutex<Engine>,
    urls: Mutex<BTreeMap<ApplicationId, String>>,
}

fn options(options: &mut EngineOptions) {
    options.queue_max = QUEUE_MAX;
}

impl OnFakes {
    fn engine(&self) -> Engine {
        self.engine.lock().unwrap().clone()
    }
}

#[async_trait]
impl Fixture for OnFakes {
    fn deployer(&self) -> Arc<dyn Deployer> {
        self.engine().deployer()
    }

    async fn application(&self, name: &str) -> ApplicationId {
        let engine = self.engine();
        let project = self.world.project(&engine, "shop").await;
        let app = self.world.app_in(&engine, &project, name, |_| {}).await;
        self.urls
            .lock()
            .unwrap()
            .insert(app.application.id, app.url.clone());
        app.application.id
    }

    async fn commit(&self, application: ApplicationId, version: Version) -> String {
        let url = self.urls.lock().unwrap()[&application].clone();
        let text = format!("{version:?}");
        let behavior = match version {
            Version::Broken => FakeBehavior::crashes_after(SECOND),
            Version::Good(_) | Version::Endless => FakeBehavior::healthy(),
        };
        let commit = self.world.commit(&url, &text, behavior);
        if version == Version::Endless {
            let build = FakeBuild {
                duration: Duration::from_hours(1),
                ..FakeBuild::default()
            };
            self.world.script_build(&text, build);
        }
        commit
    }

    async fn crash(&self) {
        self.engine().abort();
        let next = self.world.engine_with(options).await;
        *self.engine.lock().unwrap() = next;
    }
}

async fn on_fakes(case: impl AsyncFnOnce(Arc<dyn Fixture>)) {
    tokio::time::pause();
    let world = World::new();
    let engine = Mutex::new(world.engine_with(options).await);
    let urls = Mutex::default();
    let fixture = Arc::new(OnFakes {
        world,
        engine,
        urls,
    });
    case(fixture.clone()).await;
    fixture.engine().shutdown().await;
}

dokploy_core::deployer_conformance!(on_fakes);
