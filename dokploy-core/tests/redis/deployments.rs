//! Deployments do not depend on Redis, whatever happens to it.

use std::sync::Arc;
use std::time::Duration;

use dokploy_core::bus::SharedBus;
use dokploy_core::cache::{RedisCache, RedisConnection};
use dokploy_core::deployment::{EventKind, Status};
use dokploy_core::model::ApplicationSpec;
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::FakeSource;
use dokploy_core::store::MemoryStore;
use dokploy_core::{DeployRequest, Deployer, Engine, EngineOptions, Store};
use futures::TryStreamExt;
use futures::future::try_join_all;

use crate::server::Server;

/// Applications that are deployed at once.
const APPLICATIONS: usize = 8;

/// Times that each of them is deployed.
const ROUNDS: usize = 4;

/// How long a deployment may take.
const PATIENCE: Duration = Duration::from_mins(1);

struct World {
    store: Arc<dyn Store>,
    runtime: FakeRuntime,
    directory: tempfile::TempDir,
}

impl World {
    async fn engine(&self, server: &Server) -> Engine {
        let options = server.options();
        let connection = Arc::new(RedisConnection::open(&options).await.unwrap());
        let bus = SharedBus::over_redis(Arc::clone(&connection), &options).await;
        Engine::builder()
            .store(Arc::clone(&self.store))
            .runtime(Arc::new(self.runtime.clone()))
            .source(Arc::new(FakeSource::new()))
            .bus(Arc::new(bus.unwrap()))
            .cache(Arc::new(RedisCache::new(connection)))
            .keyring(keyring())
            .data_dir(self.directory.path())
            .options(EngineOptions {
                starts_per_minute: 1_000,
                ..EngineOptions::default()
            })
            .start()
            .await
            .unwrap()
    }
}

/// Loses, hangs and empties the server again and again.
async fn disturb(mut server: Server) {
    let pause = || tokio::time::sleep(Duration::from_millis(700));
    loop {
        server.crash().await;
        pause().await;
        server.resume().await;
        pause().await;
        server.hang().await;
        pause().await;
        server.go_on().await;
        server.command(&["FLUSHALL"]).await;
        pause().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_comes_and_goes_every_deployment_ends_well_and_runs_once() {
    let Some(server) = Server::start().await else {
        return;
    };
    let world = World {
        store: Arc::new(MemoryStore::new()),
        runtime: FakeRuntime::new(),
        directory: tempfile::tempdir().unwrap(),
    };
    let engines = [world.engine(&server).await, world.engine(&server).await];
    let project = engines[0].create_project("shop", "").await.unwrap();
    let mut applications = Vec::new();
    for number in 0..APPLICATIONS {
        let image = format!("registry.example/app{number}:1");
        world.runtime.add_image(&image);
        let mut spec = ApplicationSpec::named(format!("app{number}"));
        spec.image = Some(image);
        spec.update.monitor = Duration::from_secs(1);
        let application = engines[0].create_application(project.id, spec).await;
        applications.push(application.unwrap().id);
    }
    let deploying = async {
        for round in 0..ROUNDS {
            let deploy = applications.iter().map(|application| {
                let mut request = DeployRequest::of(*application);
                request.request.force = true;
                engines[round % 2].deploy(request)
            });
            for handle in try_join_all(deploy).await.unwrap() {
                let ended = handle.wait(PATIENCE).await.unwrap();
                assert_eq!(ended.state.status, Status::Success, "{:?}", ended.state);
                let events: Vec<_> = handle.events(0).try_collect().await.unwrap();
                let claims = events
                    .iter()
                    .filter(|event| matches!(event.kind, EventKind::Claimed { .. }));
                assert_eq!(claims.count(), 1, "it ran once");
            }
        }
    };
    tokio::select! {
        () = deploying => {}
        () = disturb(server) => unreachable!("it never ends"),
    }
    for engine in engines {
        engine.shutdown().await;
    }
}

fn keyring() -> Keyring {
    let key = std::array::from_fn(|index| index.wrapping_mul(37).to_le_bytes()[0] ^ 0x5a);
    Keyring::new("test", key).unwrap()
}
