//! Everything that a deployment says of itself, and going on where a stream was cut.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use dokploy_core::model::{ApplicationSpec, GitSource};
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::{FakeSource, FakeTree};
use dokploy_core::store::MemoryStore;
use dokploy_core::{DeployRequest, Deployer, Engine};
use futures::StreamExt;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<()> {
    let source = FakeSource::new();
    let repo_url = "https://git.example.com/hello.git";
    source.commit(
        repo_url,
        "main",
        FakeTree::new().file("Dockerfile", "FROM scratch\n"),
    );
    let data = tempfile::tempdir()?;
    let engine = Engine::builder()
        .store(Arc::new(MemoryStore::default()))
        .runtime(Arc::new(FakeRuntime::new()))
        .source(Arc::new(source))
        .keyring(Keyring::generate()?)
        .data_dir(data.path())
        .start()
        .await?;
    let project = engine.create_project("demo", "").await?;
    let mut spec = ApplicationSpec::named("hello");
    spec.git_source = Some(GitSource::branch(repo_url, "main"));
    spec.update.monitor = Duration::from_millis(200);
    let application = engine.create_application(project.id, spec).await?;
    let deployment = engine.deploy(DeployRequest::of(application.id)).await?;

    // Events are numbered without gaps. The first three, and then the connection is lost …
    let mut last = 0;
    let mut events = deployment.events(0);
    while let Some(event) = events.next().await {
        let event = event?;
        println!("{}", serde_json::to_string(&event)?);
        last = event.seq;
        if last == 3 {
            break;
        }
    }
    drop(events);

    // … and whoever knows the last number that he saw goes on after it. The stream ends with the deployment.
    let mut events = deployment.events(last);
    while let Some(event) = events.next().await {
        println!("{}", serde_json::to_string(&event?)?);
    }

    // The output of the build and of the release command is a stream of its own.
    let mut lines = deployment.logs(0, false);
    while let Some(line) = lines.next().await {
        let line = line?;
        println!("{} {}: {}", line.seq, line.step, line.text);
    }
    engine.shutdown().await;
    Ok(())
}
