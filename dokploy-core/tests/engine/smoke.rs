use async_trait::async_trait;
use dokploy_core::deployment::Status;
use dokploy_core::model::*;
use dokploy_core::runtime::*;
use dokploy_core::secret::Keyring;
use dokploy_core::source::*;
use dokploy_core::store::MemoryStore;
use dokploy_core::*;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[derive(Debug)]
struct NoSource;
#[async_trait]
impl SourceFetcher for NoSource {
    async fn resolve(&self, _: &SourceRequest, _: &CancellationToken) -> Result<Revision> {
        unreachable!()
    }
    async fn fetch(
        &self,
        _: &SourceRequest,
        _: &Revision,
        _: &CancellationToken,
    ) -> Result<Arc<dyn SourceTree>> {
        unreachable!()
    }
    async fn forget(&self, _: dokploy_core::id::ApplicationId) -> Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_is_deployed_and_a_bad_one_rolled_back() {
    let runtime = FakeRuntime::new();
    runtime.add_image("app:1");
    runtime.add_image("app:2");
    let dir = tempfile::tempdir().unwrap();
    let engine = Engine::builder()
        .store(Arc::new(MemoryStore::default()))
        .runtime(Arc::new(runtime.clone()))
        .source(Arc::new(NoSource))
        .keyring(Keyring::generate().unwrap())
        .data_dir(dir.path())
        .start()
        .await
        .unwrap();
    let project = engine.create_project("shop", "").await.unwrap();
    let mut spec = ApplicationSpec::named("web");
    spec.image = Some("app:1".into());
    let app = engine
        .create_application(project.id, spec.clone())
        .await
        .unwrap();
    let handle = engine.deploy(DeployRequest::of(app.id)).await.unwrap();
    let done = handle.wait(Duration::from_secs(600)).await.unwrap();
    println!("{:#?}", done.state);
    assert_eq!(done.state.status, Status::Success);
    let handle = engine.deploy(DeployRequest::of(app.id)).await.unwrap();
    let done = handle.wait(Duration::from_secs(600)).await.unwrap();
    println!("{:#?}", done.state);
    let app = engine
        .store()
        .find_application(app.id)
        .await
        .unwrap()
        .unwrap();
    spec.image = Some("app:2".into());
    runtime.set_behavior(
        "app:2",
        FakeBehavior::Crashes {
            after: Duration::from_secs(3),
            exit_code: 3,
        },
    );
    engine
        .update_application(app.id, app.version, spec)
        .await
        .unwrap();
    let handle = engine.deploy(DeployRequest::of(app.id)).await.unwrap();
    let done = handle.wait(Duration::from_secs(600)).await.unwrap();
    println!("{:#?}", done.state);
    for event in futures::StreamExt::collect::<Vec<_>>(handle.events(0)).await {
        println!("{}", serde_json::to_string(&event.unwrap()).unwrap());
    }
    assert_eq!(done.state.status, Status::RolledBack);
    engine.shutdown().await;
}
