//! A part of your own: a store that counts the deployments it accepts, around one that is there already.
//!
//! A store is a few small traits. Whatever you write, `store_conformance!` of the feature `conformance` tells whether
//! it keeps what they promise.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use dokploy_core::model::ApplicationSpec;
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::FakeSource;
use dokploy_core::store::{CreatedDeployment, DeploymentStore, MemoryStore, NewDeployment};
use dokploy_core::{DeployRequest, Deployer, Engine};

#[derive(Debug, Default)]
struct CountingStore {
    inner: MemoryStore,
    accepted: AtomicU64,
}

impl CountingStore {
    async fn count(&self, new: &NewDeployment) -> dokploy_core::Result<CreatedDeployment> {
        let created = self.inner.create_deployment(new).await?;
        if !created.existed {
            self.accepted.fetch_add(1, Ordering::Relaxed);
        }
        Ok(created)
    }
}

/// One method does something more; all the others are passed on as they are.
macro_rules! pass_on {
    ($self:ident, create_deployment, $new:ident) => {
        $self.count($new).await
    };
    ($self:ident, $method:ident, $($argument:ident),*) => {
        $self.inner.$method($($argument),*).await
    };
}

dokploy_core::delegate_store!(CountingStore, pass_on);

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<()> {
    let runtime = FakeRuntime::new();
    runtime.add_image("hello:1");
    let store = Arc::new(CountingStore::default());
    let data = tempfile::tempdir()?;
    let engine = Engine::builder()
        .store(Arc::clone(&store) as Arc<_>)
        .runtime(Arc::new(runtime))
        .source(Arc::new(FakeSource::new()))
        .keyring(Keyring::generate()?)
        .data_dir(data.path())
        .start()
        .await?;
    let project = engine.create_project("demo", "").await?;
    let mut spec = ApplicationSpec::named("hello");
    spec.image = Some("hello:1".to_owned());
    spec.update.monitor = Duration::from_millis(100);
    let application = engine.create_application(project.id, spec).await?;
    for _ in 0..3 {
        let deployment = engine.deploy(DeployRequest::of(application.id)).await?;
        deployment.wait(Duration::from_mins(1)).await?;
    }
    engine.shutdown().await;
    let accepted = store.accepted.load(Ordering::Relaxed);
    println!("{accepted} deployments were accepted");
    ensure!(accepted == 3);
    Ok(())
}
