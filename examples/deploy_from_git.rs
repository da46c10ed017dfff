//! A real repository becomes a real service.
//!
//! `cargo run -p dokploy-examples --example deploy_from_git -- <path or URL of a repository with a Dockerfile>`

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::Status;
use dokploy_core::model::{ApplicationSpec, GitSource};
use dokploy_core::source::NetworkPolicy;
use dokploy_core::{DeployRequest, Deployer, Engine, OpenOptions};
use futures::StreamExt;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it does")]
#[expect(clippy::disallowed_methods, reason = "a program reads its environment")]
async fn main() -> Result<()> {
    let repo_url = std::env::args()
        .nth(1)
        .context("the URL of a repository is expected")?;

    // SQLite, git mirrors, logs and the key are in one directory; the container engine is the local one.
    let data = tempfile::tempdir()?;
    let engine = Engine::open(OpenOptions {
        data_dir: data.path().to_path_buf(),
        docker_host: std::env::var("DOCKER_HOST").ok(),
        // Repositories on this machine are allowed here. The default is not to, because whoever may name a
        // repository could otherwise read any of them.
        network: NetworkPolicy::trusting(),
        ..OpenOptions::default()
    })
    .await?;

    let project = engine.create_project("examples", "").await?;
    let mut spec = ApplicationSpec::named(format!("from-git-{}", std::process::id()));
    spec.git_source = Some(GitSource::branch(&repo_url, "main"));
    spec.update.monitor = Duration::from_secs(2);
    // A small init process passes the signal to stop on: without it, many programs are only killed after 30 seconds.
    spec.init = true;
    let application = engine.create_application(project.id, spec).await?;

    let deployment = engine.deploy(DeployRequest::of(application.id)).await?;
    let mut events = deployment.events(0);
    while let Some(event) = events.next().await {
        let state = deployment.get().await?.state;
        println!(
            "{:>3} % {:<10} {} ({})",
            state.progress,
            state.status,
            state.message,
            event?.kind.name()
        );
    }

    let done = deployment.get().await?;
    // What was made for an example goes with it.
    engine.delete_application(application.id).await?;
    engine.shutdown().await;
    ensure!(
        done.state.status == Status::Success,
        "{}: {}",
        done.state.status,
        done.state.message
    );
    println!(
        "{} ran as the service {}",
        repo_url, application.service_name
    );
    Ok(())
}
