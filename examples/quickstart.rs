//! A deployment from commit to success, on fakes: no Docker, no network, no database.
//!
//! The fakes pass the same suites as the real parts, so that what is shown here is how the engine behaves.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use dokploy_core::model::{ApplicationSpec, GitSource};
use dokploy_core::runtime::FakeRuntime;
use dokploy_core::secret::Keyring;
use dokploy_core::source::{FakeSource, FakeTree};
use dokploy_core::store::MemoryStore;
use dokploy_core::{DeployRequest, Deployer, Engine};

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
async fn main() -> Result<()> {
    // A repository with one commit.
    let source = FakeSource::new();
    let repo_url = "https://git.example.com/hello.git";
    source.commit(
        repo_url,
        "main",
        FakeTree::new().file("Dockerfile", "FROM scratch\n"),
    );

    // An engine is put together from its parts. Each can be replaced by one of your own.
    let data = tempfile::tempdir()?;
    let engine = Engine::builder()
        .store(Arc::new(MemoryStore::default()))
        .runtime(Arc::new(FakeRuntime::new()))
        .source(Arc::new(source))
        .keyring(Keyring::generate()?)
        .data_dir(data.path())
        .start()
        .await?;

    // A project groups applications; an application says what is deployed.
    let project = engine.create_project("demo", "").await?;
    let mut spec = ApplicationSpec::named("hello");
    spec.git_source = Some(GitSource::branch(repo_url, "main"));
    spec.update.monitor = Duration::from_millis(200);
    let application = engine.create_application(project.id, spec).await?;

    // From here on it will end, whatever happens to this program.
    let deployment = engine.deploy(DeployRequest::of(application.id)).await?;
    let done = deployment.wait(Duration::from_mins(1)).await?;
    println!("{}: {}", done.state.status, done.state.message);

    engine.shutdown().await;
    Ok(())
}
