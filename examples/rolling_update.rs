//! A plan, and an update without a gap: three replicas are replaced one by one, each new one healthy before an old one
//! stops.
//!
//! `cargo run -p dokploy-examples --example rolling_update -- <path or URL of a repository with a Dockerfile>`

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use dokploy_core::deployment::{EventKind, Status};
use dokploy_core::model::{ApplicationSpec, EnvDelivery, EnvValue, EnvVar, GitSource};
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
    let data = tempfile::tempdir()?;
    let engine = Engine::open(OpenOptions {
        data_dir: data.path().to_path_buf(),
        docker_host: std::env::var("DOCKER_HOST").ok(),
        network: NetworkPolicy::trusting(),
        ..OpenOptions::default()
    })
    .await?;
    let project = engine.create_project("examples", "").await?;
    let mut spec = ApplicationSpec::named(format!("rolling-{}", std::process::id()));
    spec.git_source = Some(GitSource::branch(&repo_url, "main"));
    spec.replicas = 3;
    spec.update.delay = Duration::ZERO;
    spec.update.monitor = Duration::from_secs(2);
    let application = engine.create_application(project.id, spec.clone()).await?;
    let first = engine.deploy(DeployRequest::of(application.id)).await?;
    ensure!(first.wait(Duration::from_mins(2)).await?.state.status == Status::Success);

    // Something changes, and a plan says what a deployment would do, without doing any of it.
    spec.env_vars.push(EnvVar {
        key: "GREETING".to_owned(),
        value: EnvValue::Plain("hello".to_owned()),
        delivery: EnvDelivery::Env,
    });
    let stored = engine
        .store()
        .find_application(application.id)
        .await?
        .context("it is there")?;
    engine
        .update_application(application.id, stored.version, spec)
        .await?;
    let plan = engine.plan(DeployRequest::of(application.id)).await?;
    println!(
        "{} tasks restart, {:?}, because {}",
        plan.restarts, plan.order, plan.order_reason
    );
    println!("expected downtime: {} s", plan.downtime.as_secs());
    for change in &plan.changes {
        println!("  {}: {:?} -> {:?}", change.field, change.from, change.to);
    }

    // Deploying with the digest of the plan fails if the world has moved since.
    let request = DeployRequest {
        plan_digest: Some(plan.digest),
        ..DeployRequest::of(application.id)
    };
    let deployment = engine.deploy(request).await?;
    let mut events = deployment.events(0);
    while let Some(event) = events.next().await {
        if let EventKind::StepProgressed { message, tasks, .. } = event?.kind {
            let new = tasks.iter().filter(|task| task.new).count();
            println!("{message}: {new} new and {} old tasks", tasks.len() - new);
        }
    }
    let done = deployment.get().await?;
    engine.delete_application(application.id).await?;
    engine.shutdown().await;
    ensure!(
        done.state.status == Status::Success,
        "{}: {}",
        done.state.status,
        done.state.message
    );
    println!("updated");
    Ok(())
}
